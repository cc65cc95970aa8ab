package io.dmcl.dm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code flakey <dev> <offset> <up s> <down s> [<#features> drop_writes|error_writes|error_reads|
 * corrupt_bio_byte <n> <r|w> <value> <flags>]}: works for a while and fails for a while, for tests.
 * Without features everything fails while down. With {@code corrupt_bio_byte} nothing does, but the
 * nth byte, from 1, of each bio that reads or writes becomes the value; of the kernel's flags only
 * 0 (every such bio) is known here.
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
      return new FlakeyTarget(
          context.device(words.get(0), offset, context.length(), "Device lookup failed"),
          offset,
          List.of(up, down),
          features,
          Down.parse(features));
    }
  }

  /** What happens while it is down. */
  private record Down(
      boolean dropWrites, boolean failWrites, boolean failReads, @Nullable Corruption corruption) {
    static Down parse(List<String> features) throws TableException {
      boolean drop = false;
      boolean failWrites = features.isEmpty();
      boolean failReads = features.isEmpty();
      Corruption corruption = null;
      for (int i = 0; i < features.size(); i++) {
        switch (features.get(i)) {
          case "drop_writes" -> drop = true;
          case "error_writes" -> failWrites = true;
          case "error_reads" -> failReads = true;
          case "corrupt_bio_byte" -> {
            if (i + Corruption.WORDS >= features.size()) {
              throw new TableException("Feature corrupt_bio_byte requires parameters");
            }
            corruption = Corruption.parse(features.subList(i + 1, i + 1 + Corruption.WORDS));
            i += Corruption.WORDS;
          }
          default ->
              throw new TableException("Unrecognised flakey feature requested: " + features.get(i));
        }
      }
      if (drop && failWrites) {
        throw new TableException("Feature drop_writes conflicts with feature error_writes");
      } else if (corruption != null && corruption.op == Bio.Op.WRITE && (drop || failWrites)) {
        throw new TableException(
            "drop_writes and error_writes are incompatible with corrupt_bio_byte with the WRITE"
                + " flag set");
      }
      return new Down(drop, failWrites, failReads, corruption);
    }
  }

  /**
   * A byte that is changed.
   *
   * @param at which, from 0
   */
  private record Corruption(int at, Bio.Op op, byte value) {
    static final int WORDS = 4;

    static Corruption parse(List<String> words) throws TableException {
      long nth = TargetContext.number(words.get(0), "Invalid corrupt bio byte");
      long value = TargetContext.number(words.get(2), "Invalid value to corrupt bio byte with");
      if (nth < 1 || nth > Integer.MAX_VALUE) {
        throw new TableException("Invalid corrupt bio byte");
      } else if (!words.get(1).equals("r") && !words.get(1).equals("w")) {
        throw new TableException("Invalid corrupt bio direction (r or w)");
      } else if (value > 255) {
        throw new TableException("Invalid value to corrupt bio byte with");
      } else if (!words.get(3).equals("0")) {
        throw new TableException("Invalid corrupt bio flags mask");
      }
      Bio.Op op = words.get(1).equals("r") ? Bio.Op.READ : Bio.Op.WRITE;
      return new Corruption((int) nth - 1, op, (byte) value);
    }

    boolean concerns(Bio bio) {
      return bio.op() == op && at < bio.data().remaining();
    }

    /** The bio with the byte changed in a copy: the bytes of a write are not ours. */
    Bio changed(Bio write) {
      ByteBuffer copy = ByteBuffer.allocate(write.data().remaining()).put(write.data()).flip();
      copy.put(at, value);
      Bio changed = Bio.write(write.sector(), copy).withFence(write.fence());
      changed = write.fua() ? changed.withFua() : changed;
      return write.preflush() ? changed.withPreflush() : changed;
    }
  }

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
    if (!down()) {
      submit(bio);
      return;
    }
    boolean read = bio.op() == Bio.Op.READ;
    if (read ? whileDown.failReads : whileDown.failWrites) {
      throw BioException.ioError("flakey target is down: " + bio);
    }
    if (!read && whileDown.dropWrites) {
      return;
    }
    Corruption corruption = whileDown.corruption;
    if (corruption == null || !corruption.concerns(bio)) {
      submit(bio);
    } else if (read) {
      submit(bio);
      bio.data().put(corruption.at, corruption.value);
    } else {
      submit(corruption.changed(bio));
    }
  }

  private void submit(Bio bio) throws IOException {
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
