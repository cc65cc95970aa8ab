package io.dmcl.dm;

import java.io.IOException;
import java.util.List;

/** {@code linear <dev> <offset>}: a run of another device's sectors. */
public final class LinearTarget implements Target {
  /** The type. */
  public static final class Type implements TargetType {
    @Override
    public String name() {
      return "linear";
    }

    @Override
    public String version() {
      return "1.4.0";
    }

    @Override
    public Target create(TargetContext context, List<String> words) throws IOException {
      if (words.size() != 2) {
        throw new TableException("Invalid argument count");
      }
      long offset = TargetContext.number(words.get(1), "Invalid device sector");
      return new LinearTarget(
          context.device(words.get(0), offset, context.length(), "Device lookup failed"), offset);
    }
  }

  private final BlockDevice device;
  private final long offset;

  private LinearTarget(BlockDevice device, long offset) {
    this.device = device;
    this.offset = offset;
  }

  @Override
  public void map(Bio bio) throws IOException {
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
    return device.name() + " " + offset;
  }

  @Override
  public List<BlockDevice> devices() {
    return List.of(device);
  }
}
