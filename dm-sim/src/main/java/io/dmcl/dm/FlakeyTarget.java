package io.dmcl.dm;

import java.io.IOException;
import java.util.List;

/**
 * {@code flakey <dev> <offset> <up s> <down s> [<#features> drop_writes|error_writes|error_reads]}:
 * works for a while and fails for a while, for tests. Without features everything fails while down.
 */
public final class FlakeyTarget implements Target {
  /** The type. */
  public static final class Type implements TargetType {
    @Override
    public String name() {
      return "flakey";
    }

    @Override
    public String version() {
      return "1.5.0";
    }

    @Override
    public Target create(TargetContext context, List<String> words) throws IOException {
      if (words.size() < 4) {
        throw new TableException("Invalid argument count");
      }
      long offset = TargetContext.number(words.get(1), "Invalid device sector");
      long up = TargetContext.number(words.get(2), "Invalid up interval");
      long down = TargetContext.number(words.get(3), "Invalid down interval");
      if (up + down == 0) {
        throw new TableException("Total (up + down) interval is zero");
      }
      List<String> features = words.subList(Math.min(5, words.size()), words.size());
      if (words.size() > 4
          && TargetContext.number(words.get(4), "Invalid number of feature args")
              != features.size()) {
        throw new TableException("Invalid number of feature args");
      }
      boolean drop = false;
      boolean failWrites = false;
      boolean failReads = false;
      for (String feature : features) {
        switch (feature) {
          case "drop_writes" -> drop = true;
          case "error_writes" -> failWrites = true;
          case "error_reads" -> failReads = true;
          default -> throw new TableException("Unrecognised flakey feature requested: " + feature);
        }
      }
      if (drop && failWrites) {
        throw new TableException("Feature drop_writes conflicts with feature error_writes");
      }
      if (features.isEmpty()) {
        failReads = true;
        failWrites = true;
      }
      return new FlakeyTarget(
          context.device(words.get(0), offset, context.length(), "Device lookup failed"),
          offset,
          List.of(up, down),
          features,
          new Down(drop, failWrites, failReads));
    }
  }

  private record Down(boolean dropWrites, boolean failWrites, boolean failReads) {}

  private final BlockDevice device;
  private final long offset;
  private final List<Long> interval;
  private final List<String> features;
  private final Down whileDown;
  private final long startNanos = System.nanoTime();

  private FlakeyTarget(
      BlockDevice device, long offset, List<Long> interval, List<String> features, Down whileDown) {
    this.device = device;
    this.offset = offset;
    this.interval = interval;
    this.features = List.copyOf(features);
    this.whileDown = whileDown;
  }

  private boolean down() {
    double seconds = (System.nanoTime() - startNanos) / 1e9;
    return seconds % (interval.get(0) + interval.get(1)) >= interval.get(0);
  }

  @Override
  public void map(Bio bio) throws IOException {
    if (down()) {
      boolean read = bio.op() == Bio.Op.READ;
      if (read ? whileDown.failReads : whileDown.failWrites) {
        throw BioException.ioError("flakey target is down: " + bio);
      }
      if (!read && whileDown.dropWrites) {
        return;
      }
    }
    device.submit(bio.op() == Bio.Op.FLUSH ? bio : bio.at(offset + bio.sector()));
  }

  @Override
  public boolean supports(Bio.Op op) {
    return true;
  }

  @Override
  public String status() {
    return "";
  }

  @Override
  public String table() {
    return device.name()
        + " "
        + offset
        + " "
        + interval.get(0)
        + " "
        + interval.get(1)
        + " "
        + features.size()
        + (features.isEmpty() ? "" : " " + String.join(" ", features));
  }

  @Override
  public List<BlockDevice> devices() {
    return List.of(device);
  }
}
