package io.dmcl.dm;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dmcl.dm.disk.Disk;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.Lockspace;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Device-mapper on one node: its devices by name, with the commands of dmsetup.
 *
 * <p>In a table line a device is {@code file:NAME} (a disk: an existing file, by its path from the
 * directory of the disks), or {@code dev:NAME} or {@code /dev/mapper/NAME} (a device of this node);
 * any other word is taken for a file. The same name has to mean the same thing on every node.
 *
 * <pre>{@code
 * try (DeviceMapper dm = new DeviceMapper(lockspace, directory, Settings.DEFAULT)) {
 *   MappedDevice volume = dm.create("vol", "0 65536 mirror disk 2 file:log.img 1024 2 file:leg0.img 0 file:leg1.img 0");
 *   volume.write(0, new byte[4096]);
 * }
 * }</pre>
 */
public final class DeviceMapper implements AutoCloseable {
  /** Makes something that is shared on this node. */
  @FunctionalInterface
  public interface Maker<T> {
    /** Makes it. */
    T make() throws IOException;
  }

  private static final class Counted {
    final AutoCloseable what;
    int users;

    Counted(AutoCloseable what) {
      this.what = what;
    }
  }

  /** By name. Looked up once: a process may have many nodes. */
  private static final Map<String, TargetType> TYPES = new TreeMap<>();

  static {
    for (TargetType type :
        ServiceLoader.load(TargetType.class, TargetType.class.getClassLoader())) {
      TYPES.put(type.name(), type);
    }
  }

  private final Lockspace lockspace;
  private final Path directory;
  private final Settings settings;

  @GuardedBy("this")
  private final Map<String, MappedDevice> devices = new LinkedHashMap<>();

  @GuardedBy("this")
  private final Map<String, Integer> openDevices = new HashMap<>();

  @GuardedBy("this")
  private final Map<String, Counted> shared = new HashMap<>();

  /**
   * A node. It does not close the lockspace.
   *
   * @param directory where the disks' files are
   */
  public DeviceMapper(Lockspace lockspace, Path directory, Settings settings) {
    this.lockspace = lockspace;
    this.directory = directory.toAbsolutePath().normalize();
    this.settings = settings;
  }

  /** The lockspace. */
  public Lockspace lockspace() {
    return lockspace;
  }

  /** How this node works. */
  public Settings settings() {
    return settings;
  }

  // ---- dmsetup's commands ----

  /** Creates a device and resumes it with this table; lines are separated by newlines. */
  public MappedDevice create(String name, String table) throws IOException {
    if (name.isEmpty() || name.length() > 127 || name.contains("/")) {
      throw new TableException("invalid device name: \"" + name + '"');
    }
    MappedDevice device = new MappedDevice(this, name);
    synchronized (this) {
      if (devices.putIfAbsent(name, device) != null) {
        throw new TableException("device " + name + " already exists");
      }
    }
    try {
      device.reload(table);
      device.resume();
      return device;
    } catch (IOException | RuntimeException e) {
      synchronized (this) {
        devices.remove(name);
      }
      try {
        device.close();
      } catch (IOException | RuntimeException closeFailed) {
        e.addSuppressed(closeFailed);
      }
      throw e;
    }
  }

  /**
   * Removes a device from this node. A snapshot goes on to be kept up to date by the origin on all
   * nodes, until it is dropped (a message to the origin) or merged.
   */
  public void remove(String name) throws IOException {
    MappedDevice device;
    synchronized (this) {
      device = device(name);
      if (openDevices.getOrDefault(name, 0) > 0) {
        throw new TableException("remove of " + name + " failed: Device or resource busy");
      }
      devices.remove(name);
    }
    device.close();
  }

  /** Suspends a device: bios wait until it is resumed; those that a target holds fail. */
  public void suspend(String name) throws IOException {
    device(name).suspend(false);
  }

  /** {@code suspend --noflush}: bios that a target holds wait, too, for the table that is next. */
  public void suspendWithoutFlush(String name) throws IOException {
    device(name).suspend(true);
  }

  /** Loads another table, which {@link #resume} makes the active one. */
  public void reload(String name, String table) throws IOException {
    device(name).reload(table);
  }

  /** Resumes a device, with the table that was loaded last. */
  public void resume(String name) throws IOException {
    device(name).resume();
  }

  /** The active table. */
  public List<String> table(String name) throws TableException {
    return device(name).table();
  }

  /** The status of each target. */
  public List<String> status(String name) throws TableException {
    return device(name).status();
  }

  /** Sends a message to the target at a sector. */
  public String message(String name, long sector, String... words) throws IOException {
    return device(name).message(sector, List.of(words));
  }

  /** The names of all devices. */
  public synchronized List<String> ls() {
    return List.copyOf(devices.keySet());
  }

  /** The target types with their versions, as {@code dmsetup targets} prints them. */
  public List<String> targets() {
    List<String> lines = new ArrayList<>();
    for (TargetType type : TYPES.values()) {
      lines.add(String.format("%-16s v%s", type.name(), type.version()));
    }
    return lines;
  }

  /** The device of that name. */
  public synchronized MappedDevice device(String name) throws TableException {
    MappedDevice device = devices.get(name);
    if (device == null) {
      throw new TableException("Device " + name + " not found");
    }
    return device;
  }

  /** Removes all devices, those that others stand on last. */
  @Override
  public void close() throws IOException {
    FirstFailure failure = new FirstFailure();
    List<String> names = new ArrayList<>(ls());
    for (String name : names) {
      // What waits in a device above has to get through, or that one could never be suspended.
      failure.run(() -> device(name).letBiosGo());
    }
    for (int i = names.size() - 1; i >= 0; i--) {
      String name = names.get(i);
      failure.run(() -> suspend(name));
    }
    while (!names.isEmpty()) {
      String next = names.get(names.size() - 1);
      synchronized (this) {
        for (String name : names) {
          if (openDevices.getOrDefault(name, 0) == 0) {
            next = name;
          }
        }
      }
      String name = next;
      names.remove(name);
      failure.run(() -> remove(name));
    }
    failure.rethrow();
  }

  // ---- for targets ----

  TargetType targetType(String name) throws TableException {
    TargetType type = TYPES.get(name);
    if (type == null) {
      throw new TableException("unknown target type: " + name);
    }
    return type;
  }

  /** Opens the device that a table line calls by this name; give it back to {@link #release}. */
  public BlockDevice open(String word) throws IOException {
    String deviceName = deviceName(word);
    if (deviceName != null) {
      synchronized (this) {
        MappedDevice device = device(deviceName);
        openDevices.merge(deviceName, 1, Integer::sum);
        return device;
      }
    }
    Path file = directory.resolve(word.startsWith("file:") ? word.substring(5) : word).normalize();
    if (!Files.isRegularFile(file)) {
      throw new TableException("no such device: " + word);
    }
    Path real = file.toRealPath();
    Path root = directory.toRealPath();
    String name = "file:" + (real.startsWith(root) ? root.relativize(real) : real);
    return share(name, Disk.class, () -> Disk.open(real, name, settings.disks()));
  }

  private static @Nullable String deviceName(String word) {
    if (word.startsWith("dev:")) {
      return word.substring(4);
    }
    return word.startsWith("/dev/mapper/") ? word.substring(12) : null;
  }

  /** Gives a device back. */
  public void release(BlockDevice device) throws IOException {
    if (device instanceof MappedDevice mapped) {
      synchronized (this) {
        openDevices.merge(mapped.deviceName(), -1, Integer::sum);
      }
    } else {
      unshare(device.name());
    }
  }

  /**
   * What several targets of this node have in common, made by the first; each gives it back to
   * {@link #unshare}, the last one's doing so closes it.
   */
  public synchronized <T extends AutoCloseable> T share(String key, Class<T> type, Maker<T> maker)
      throws IOException {
    Counted counted = shared.get(key);
    if (counted == null) {
      counted = new Counted(maker.make());
      shared.put(key, counted);
    }
    counted.users++;
    return type.cast(counted.what);
  }

  /** Gives back what {@link #share} gave. */
  public void unshare(String key) throws IOException {
    AutoCloseable unused = null;
    synchronized (this) {
      Counted counted = shared.get(key);
      if (counted == null) {
        throw new IllegalStateException(key + " is not shared");
      }
      if (--counted.users == 0) {
        shared.remove(key);
        unused = counted.what;
        // Inside, so that a new one is not made while the old one still has the lock handles.
        close(unused);
      }
    }
  }

  private static void close(AutoCloseable what) throws IOException {
    try {
      what.close();
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException(e);
    }
  }

  /**
   * Allocates a lock that guards a part of a device.
   *
   * @param kind what it guards, a short word
   * @param device the device's name
   * @param part which part; empty for the whole
   * @param properties beside the caching that the settings say
   */
  public DeviceLock lock(
      String kind,
      String device,
      String part,
      UnaryOperator<LockOptions> options,
      LockProperty... properties) {
    Set<LockProperty> all = EnumSet.noneOf(LockProperty.class);
    all.addAll(List.of(properties));
    if (settings.caching()) {
      all.add(LockProperty.CACHE_RD_LK);
      all.add(LockProperty.CACHE_WR_LK);
    }
    return new DeviceLock(
        lockspace.allocate(
            lockName(kind, device, part),
            options.apply(LockOptions.of(all.toArray(new LockProperty[0])))));
  }

  /** What {@link #lock} calls the lock. */
  public static LockName lockName(String kind, String device, String part) {
    String name = device;
    if (device.codePointCount(0, device.length()) > 80) {
      name = UUID.nameUUIDFromBytes(device.getBytes(StandardCharsets.UTF_8)).toString();
    }
    return LockName.of("dm/" + kind + "/" + name + (part.isEmpty() ? "" : "/" + part));
  }
}
