package io.dmcl.dm;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code delay <dev> <offset> <ms> [<write dev> <offset> <ms> [<flush dev> <offset> <ms>]]}: a slow
 * disk, for tests.
 */
public final class DelayTarget implements Target {
  /** The type. */
  public static final class Type implements TargetType {
    @Override
    public String name() {
      return "delay";
    }

    @Override
    public String version() {
      return "1.3.0";
    }

    @Override
    public Target create(TargetContext context, List<String> words) throws IOException {
      if (words.size() != 3 && words.size() != 6 && words.size() != 9) {
        throw new TableException("Requires exactly 3, 6 or 9 arguments");
      }
      List<Class> classes = new ArrayList<>();
      for (int i = 0; i < words.size(); i += 3) {
        long offset = TargetContext.number(words.get(i + 1), "Invalid device sector");
        long millis = TargetContext.number(words.get(i + 2), "Invalid delay");
        classes.add(
            new Class(
                context.device(words.get(i), offset, context.length(), "Device lookup failed"),
                offset,
                millis));
      }
      return new DelayTarget(classes);
    }
  }

  private record Class(BlockDevice device, long offset, long millis) {}

  /** Reads, writes, flushes; those not given are as the one before. */
  private final List<Class> classes;

  private DelayTarget(List<Class> classes) {
    this.classes = List.copyOf(classes);
  }

  @Override
  public void map(Bio bio) throws IOException {
    int kind = bio.op() == Bio.Op.READ ? 0 : bio.op() == Bio.Op.FLUSH ? 2 : 1;
    Class to = classes.get(Math.min(kind, classes.size() - 1));
    if (to.millis > 0) {
      try {
        Thread.sleep(to.millis);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted in " + bio);
      }
    }
    to.device.submit(bio.op() == Bio.Op.FLUSH ? bio : bio.at(to.offset + bio.sector()));
  }

  @Override
  public boolean supports(Bio.Op op) {
    return op != Bio.Op.WRITE_ZEROES;
  }

  @Override
  public String status() {
    // The kernel shows how many bios of each class are held back; here a held bio is a held caller.
    return "0 0" + (classes.size() > 2 ? " 0" : "");
  }

  @Override
  public String table() {
    StringBuilder text = new StringBuilder();
    for (Class each : classes) {
      text.append(text.isEmpty() ? "" : " ").append(each.device.name());
      text.append(' ').append(each.offset).append(' ').append(each.millis);
    }
    return text.toString();
  }

  @Override
  public List<BlockDevice> devices() {
    return classes.stream().map(Class::device).toList();
  }
}
