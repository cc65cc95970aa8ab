package io.dmcl.dm.snapshot;

import io.dmcl.dm.BlockDevice;
import io.dmcl.dm.TableException;
import io.dmcl.dm.TargetContext;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/**
 * The line of {@code snapshot} and {@code snapshot-merge}: {@code <origin> <store> <P|PO> <chunk>
 * [<#features> discard_zeroes_cow [discard_passdown_origin]]}. A transient store, {@code N}, is in
 * the memory of one node and so refused here.
 *
 * @param origin the origin
 * @param store the store, opened and loaded
 * @param overflows whether the snapshot overflows, and is not invalidated, when a write to it finds
 *     no room
 * @param features the features in the order given
 */
record SnapshotLine(Origin origin, ClusterStore store, boolean overflows, List<String> features) {
  static SnapshotLine parse(TargetContext context, List<String> words, boolean mayCreate)
      throws IOException {
    if (words.size() < 4) {
      throw new TableException("requires 4 or more arguments");
    }
    boolean overflows = overflows(words.get(2));
    int chunkSectors = chunkSectors(words.get(3));
    List<String> features = features(words.subList(4, words.size()));
    BlockDevice device =
        context.device(words.get(0), context.begin(), context.length(), "Cannot get origin device");
    BlockDevice storeDevice = context.device(words.get(1), "Cannot get COW device");
    if (device.name().equals(storeDevice.name())) {
      throw new TableException("COW device cannot be the same as origin device");
    }
    Origin origin = Origin.share(context.node(), device);
    try {
      ClusterStore store = ClusterStore.share(context.node(), storeDevice.name(), device);
      try {
        if (store.prepare(chunkSectors, mayCreate)) {
          // What was known of a store that was here before is not true of this one.
          origin.change(registry -> registry.without(store.name()));
        }
        return new SnapshotLine(origin, store, overflows, features);
      } catch (IOException | RuntimeException e) {
        store.release();
        throw e;
      }
    } catch (IOException | RuntimeException e) {
      origin.release();
      throw e;
    }
  }

  private static boolean overflows(String word) throws TableException {
    return switch (word.toUpperCase(Locale.ROOT)) {
      case "P" -> false;
      case "PO" -> true;
      case "N" ->
          throw new TableException(
              "Exception store type N is transient: its exceptions would be known to this node"
                  + " alone, but every node has to copy out; use P");
      default -> throw new TableException("Exception store type is not recognised: " + word);
    };
  }

  private static int chunkSectors(String word) throws TableException {
    long size = TargetContext.number(word, "Invalid chunk size");
    if (size > Integer.MAX_VALUE / 512) {
      throw new TableException("Chunk size is too high");
    }
    if (size != 0 && Long.bitCount(size) != 1) {
      throw new TableException("Chunk size is not a power of 2");
    }
    return (int) size;
  }

  private static List<String> features(List<String> words) throws TableException {
    if (words.isEmpty()) {
      return List.of();
    }
    List<String> features = List.copyOf(words.subList(1, words.size()));
    long count = TargetContext.number(words.get(0), "Invalid number of feature arguments");
    if (count != features.size() || count > 2) {
      throw new TableException("Invalid number of feature arguments");
    }
    for (String feature : features) {
      if (!feature.equals("discard_zeroes_cow") && !feature.equals("discard_passdown_origin")) {
        throw new TableException("Unrecognised feature requested: " + feature);
      }
    }
    if (features.contains("discard_passdown_origin") && !features.contains("discard_zeroes_cow")) {
      throw new TableException("discard_passdown_origin feature depends on discard_zeroes_cow");
    }
    return features;
  }

  void close() throws IOException {
    try {
      store.release();
    } finally {
      origin.release();
    }
  }

  String table() {
    String text =
        origin.device().name()
            + " "
            + store.name()
            + (overflows ? " PO " : " P ")
            + store.chunkSectors();
    return features.isEmpty()
        ? text
        : text + " " + features.size() + " " + String.join(" ", features);
  }

  List<BlockDevice> devices() {
    return List.of(origin.device(), store.device());
  }
}
