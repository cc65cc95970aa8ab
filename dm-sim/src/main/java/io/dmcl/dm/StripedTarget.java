package io.dmcl.dm;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code striped <#stripes> <chunk size> (<dev> <offset>)+}: chunks dealt out to devices in turn.
 */
public final class StripedTarget implements Target {
  /** The type. */
  public static final class Type implements TargetType {
    @Override
    public String name() {
      return "striped";
    }

    @Override
    public String version() {
      return "1.6.0";
    }

    @Override
    public Target create(TargetContext context, List<String> words) throws IOException {
      if (words.size() < 2) {
        throw new TableException("Not enough arguments");
      }
      long stripes = TargetContext.number(words.get(0), "Invalid stripe count");
      if (stripes < 1) {
        throw new TableException("Invalid stripe count");
      }
      long chunk = TargetContext.number(words.get(1), "Invalid chunk_size");
      if (chunk < 1) {
        throw new TableException("Invalid chunk_size");
      }
      if (context.length() % stripes != 0) {
        throw new TableException("Target length not divisible by number of stripes");
      }
      long width = context.length() / stripes;
      if (width % chunk != 0) {
        throw new TableException("Target length not divisible by chunk size");
      }
      if (words.size() != 2 + 2 * stripes) {
        throw new TableException("Not enough destinations specified");
      }
      List<BlockDevice> devices = new ArrayList<>();
      List<Long> offsets = new ArrayList<>();
      for (int i = 2; i < words.size(); i += 2) {
        long offset = TargetContext.number(words.get(i + 1), "Couldn't parse stripe destination");
        devices.add(
            context.device(words.get(i), offset, width, "Couldn't parse stripe destination"));
        offsets.add(offset);
      }
      return new StripedTarget(chunk, devices, offsets);
    }
  }

  private final long chunk;
  private final List<BlockDevice> devices;
  private final List<Long> offsets;

  private StripedTarget(long chunk, List<BlockDevice> devices, List<Long> offsets) {
    this.chunk = chunk;
    this.devices = List.copyOf(devices);
    this.offsets = List.copyOf(offsets);
  }

  @Override
  public long splitSectors() {
    return chunk;
  }

  @Override
  public void map(Bio bio) throws IOException {
    if (bio.op() == Bio.Op.FLUSH) {
      for (BlockDevice device : devices) {
        device.submit(bio);
      }
      return;
    }
    long number = bio.sector() / chunk;
    int stripe = (int) (number % devices.size());
    long sector = number / devices.size() * chunk + bio.sector() % chunk;
    devices.get(stripe).submit(bio.at(offsets.get(stripe) + sector));
  }

  @Override
  public boolean supports(Bio.Op op) {
    return true;
  }

  @Override
  public String status() {
    StringBuilder text = new StringBuilder().append(devices.size());
    devices.forEach(device -> text.append(' ').append(device.name()));
    return text.append(" 1 ").append("A".repeat(devices.size())).toString();
  }

  @Override
  public String table() {
    StringBuilder text = new StringBuilder().append(devices.size()).append(' ').append(chunk);
    for (int i = 0; i < devices.size(); i++) {
      text.append(' ').append(devices.get(i).name()).append(' ').append(offsets.get(i));
    }
    return text.toString();
  }

  @Override
  public List<BlockDevice> devices() {
    return devices;
  }
}
