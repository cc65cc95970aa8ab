package io.dmcl.dm.mirror;

import io.dmcl.dm.BlockDevice;
import io.dmcl.dm.TableException;
import io.dmcl.dm.TargetContext;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The line of {@code mirror}: {@code <log> <#logargs> <logargs> <#legs> (<dev> <offset>)+
 * [<#features> handle_errors [keep_log] [balance]]} with the logs {@code disk <2|3> <dev> <region>
 * [sync|nosync]} and {@code core <1|2> <region> [sync|nosync]}.
 *
 * <p>{@code balance} is an addition of ours: reads are spread over the legs that are in sync.
 *
 * @param logDevice the log's device, null for a core log
 * @param regionSectors the region size
 * @param start what was said about the state at the start, null if nothing
 * @param legs the legs
 * @param features the features in the order given
 */
record MirrorLine(
    @Nullable BlockDevice logDevice,
    int regionSectors,
    @Nullable String start,
    List<Legs.Leg> legs,
    List<String> features) {
  /** What a mirror does when a leg does not take a write, or the log no mark. */
  enum Errors {
    /**
     * No features: goes on without the leg, or the log, and the default leg stays the same. What
     * that one does not take fails.
     */
    IGNORED,
    /** {@code handle_errors}: holds the write until the failure is over or the mirror suspended. */
    HELD,
    /**
     * {@code handle_errors keep_log}: goes on without the leg, with another default leg if it can;
     * what cannot be marked fails.
     */
    HANDLED
  }

  private static final int MAX_GEOMETRY = 1024;
  private static final List<String> FEATURES = List.of("handle_errors", "keep_log", "balance");

  static MirrorLine parse(TargetContext context, List<String> words) throws IOException {
    if (words.size() < 2) {
      throw new TableException("Insufficient mirror log arguments");
    }
    int logArguments = count(words.get(1), 16, "Invalid mirror log argument count");
    if (words.size() < 2 + logArguments) {
      throw new TableException("Insufficient mirror log arguments");
    }
    List<String> log = words.subList(2, 2 + logArguments);
    List<String> rest = words.subList(2 + logArguments, words.size());
    boolean disk = words.get(0).equals("disk");
    if (!disk && !words.get(0).equals("core")) {
      throw new TableException("Error creating mirror dirty log: unknown log type " + words.get(0));
    }
    int fixed = disk ? 2 : 1;
    if (log.size() < fixed || log.size() > fixed + 1) {
      throw new TableException(
          "Error creating mirror dirty log: wrong number of arguments to dirty region log");
    }
    int regionSectors = regionSectors(context, log.get(fixed - 1));
    String start = log.size() > fixed ? log.get(fixed) : null;
    if (start != null && !start.equals("sync") && !start.equals("nosync")) {
      throw new TableException(
          "Error creating mirror dirty log: unrecognised sync argument to dirty region log: "
              + start);
    }
    List<Legs.Leg> legs = legs(context, rest);
    List<String> features = features(rest.subList(1 + 2 * legs.size(), rest.size()));
    BlockDevice logDevice =
        disk ? context.device(log.get(0), "Error creating mirror dirty log") : null;
    return new MirrorLine(logDevice, regionSectors, start, legs, features);
  }

  private static int count(String word, int max, String reason) throws TableException {
    long count = TargetContext.number(word, reason);
    if (count > max) {
      throw new TableException(reason + ": " + word);
    }
    return (int) count;
  }

  private static int regionSectors(TargetContext context, String word) throws TableException {
    String reason = "Error creating mirror dirty log: invalid region size";
    long size = TargetContext.number(word, reason);
    if (Long.bitCount(size) != 1 || size < 2 || size > context.length() || size > 1 << 21) {
      throw new TableException(reason + " " + word);
    }
    return (int) size;
  }

  private static List<Legs.Leg> legs(TargetContext context, List<String> words) throws IOException {
    if (words.isEmpty()) {
      throw new TableException("Invalid number of mirrors");
    }
    int count = count(words.get(0), 9, "Invalid number of mirrors");
    if (count < 2) {
      throw new TableException("Invalid number of mirrors: " + count);
    }
    if (words.size() < 1 + 2 * count) {
      throw new TableException("Too few mirror arguments");
    }
    List<Legs.Leg> legs = new ArrayList<>();
    for (int i = 1; i < 1 + 2 * count; i += 2) {
      long offset = TargetContext.number(words.get(i + 1), "Invalid offset");
      legs.add(
          new Legs.Leg(
              context.device(words.get(i), offset, context.length(), "Device lookup failure"),
              offset));
    }
    return List.copyOf(legs);
  }

  private static List<String> features(List<String> words) throws TableException {
    if (words.isEmpty()) {
      return List.of();
    }
    int count = count(words.get(0), FEATURES.size(), "Invalid number of features");
    if (words.size() != 1 + count) {
      throw new TableException("Not enough arguments to support feature count");
    }
    List<String> features = List.copyOf(words.subList(1, words.size()));
    for (String feature : features) {
      if (!FEATURES.contains(feature)) {
        throw new TableException("Unrecognised feature requested: " + feature);
      }
    }
    if (features.contains("keep_log") && !features.contains("handle_errors")) {
      throw new TableException("keep_log feature requires the handle_errors feature");
    }
    return features;
  }

  Errors errors() {
    if (!features.contains("handle_errors")) {
      return Errors.IGNORED;
    }
    return features.contains("keep_log") ? Errors.HANDLED : Errors.HELD;
  }

  /** What has to be the same on all nodes, in at most 1,024 bytes. */
  byte[] geometry(long length) {
    StringBuilder text = new StringBuilder();
    text.append(length).append(" sectors, regions of ").append(regionSectors).append(", legs");
    for (Legs.Leg leg : legs) {
      text.append(' ').append(leg.device().name()).append(' ').append(leg.offset());
    }
    byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
    return bytes.length <= MAX_GEOMETRY
        ? bytes
        : UUID.nameUUIDFromBytes(bytes).toString().getBytes(StandardCharsets.UTF_8);
  }

  String table() {
    StringBuilder text = new StringBuilder();
    int logArguments = (logDevice == null ? 1 : 2) + (start == null ? 0 : 1);
    text.append(logDevice == null ? "core " : "disk ").append(logArguments);
    if (logDevice != null) {
      text.append(' ').append(logDevice.name());
    }
    text.append(' ').append(regionSectors).append(start == null ? "" : " " + start);
    text.append(' ').append(legs.size());
    for (Legs.Leg leg : legs) {
      text.append(' ').append(leg.device().name()).append(' ').append(leg.offset());
    }
    if (!features.isEmpty()) {
      text.append(' ').append(features.size()).append(' ').append(String.join(" ", features));
    }
    return text.toString();
  }
}
