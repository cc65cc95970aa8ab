package io.dmcl.dm;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What a target is made with: its place in the table, and the node. */
public final class TargetContext {
  private final DeviceMapper node;
  private final String deviceName;
  private final long begin;
  private final long length;
  private final List<BlockDevice> opened = new ArrayList<>();

  TargetContext(DeviceMapper node, String deviceName, long begin, long length) {
    this.node = node;
    this.deviceName = deviceName;
    this.begin = begin;
    this.length = length;
  }

  /** The node. */
  public DeviceMapper node() {
    return node;
  }

  /** The name of the device whose table this is. */
  public String deviceName() {
    return deviceName;
  }

  /** The first sector in the device. */
  public long begin() {
    return begin;
  }

  /** The length in sectors. */
  public long length() {
    return length;
  }

  /**
   * The device that a table line calls {@code name}. It stays open until the target is closed.
   *
   * @throws TableException with {@code reason} if there is none
   */
  public BlockDevice device(String name, String reason) throws IOException {
    if (name.equals("dev:" + deviceName) || name.equals("/dev/mapper/" + deviceName)) {
      throw new TableException(reason + ": " + name + " is the device itself");
    }
    try {
      BlockDevice device = node.open(name);
      opened.add(device);
      return device;
    } catch (IOException e) {
      throw new TableException(reason + ": " + e.getMessage(), e);
    }
  }

  /** As {@link #device}, checked to have {@code length} sectors from {@code offset} on. */
  public BlockDevice device(String name, long offset, long needed, String reason)
      throws IOException {
    BlockDevice device = device(name, reason);
    if (offset < 0 || offset + needed > device.sectors()) {
      throw new TableException(
          name
              + " is too small for target: start="
              + offset
              + ", len="
              + needed
              + ", dev_size="
              + device.sectors());
    }
    return device;
  }

  /** An unsigned number. */
  public static long number(String word, String reason) throws TableException {
    if (!word.isEmpty()
        && word.length() <= 18
        && word.chars().allMatch(c -> c >= '0' && c <= '9')) {
      return Long.parseLong(word);
    }
    throw new TableException(reason + ": " + word);
  }

  void releaseDevices() throws IOException {
    for (BlockDevice device : opened) {
      node.release(device);
    }
    opened.clear();
  }
}
