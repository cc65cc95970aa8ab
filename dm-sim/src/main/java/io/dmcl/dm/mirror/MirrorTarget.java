package io.dmcl.dm.mirror;

import io.dmcl.dm.Bio;
import io.dmcl.dm.BioException;
import io.dmcl.dm.BlockDevice;
import io.dmcl.dm.DeviceLock;
import io.dmcl.dm.DeviceMapper;
import io.dmcl.dm.FirstFailure;
import io.dmcl.dm.TableException;
import io.dmcl.dm.Target;
import io.dmcl.dm.TargetContext;
import io.dmcl.dm.TargetType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * {@code mirror <log> <#logargs> <logargs> <#legs> (<dev> <offset>)+ [features]}: the same data on
 * several legs. Any number of nodes have it active at once.
 *
 * <p>Messages of ours: {@code resync-rate <bytes per second>} for this node (0: no limit), {@code
 * regions} draws a character per region: {@code .} in sync, {@code *} written by this node, {@code
 * +} marked by another node, {@code x} out of sync.
 */
public final class MirrorTarget implements Target {
  /** The type. */
  public static final class Type implements TargetType {
    @Override
    public String name() {
      return "mirror";
    }

    @Override
    public String version() {
      return "1.14.0";
    }

    @Override
    public Target create(TargetContext context, List<String> words) throws IOException {
      MirrorLine line = MirrorLine.parse(context, words);
      int size = line.regionSectors();
      int regions = Math.toIntExact((context.length() + size - 1) / size);
      BlockDevice logDevice = line.logDevice();
      LogFormat disk = logDevice == null ? null : new LogFormat(logDevice, regions);
      return new MirrorTarget(context.node(), line, context.length(), regions, disk);
    }
  }

  private final DeviceMapper node;
  private final MirrorLine line;
  private final long length;
  private final int regions;
  private final @Nullable LogFormat disk;
  private final String name;
  private volatile @Nullable Mirror mirror;

  /** What the status of a suspended mirror shows. */
  private volatile @Nullable LogValue seenLast;

  private volatile long rate;

  /** Whether what the line says about the state at the start has been done. */
  private boolean begun;

  private @Nullable Recovery recovery;

  private MirrorTarget(
      DeviceMapper node, MirrorLine line, long length, int regions, @Nullable LogFormat disk) {
    this.node = node;
    this.line = line;
    this.length = length;
    this.regions = regions;
    this.disk = disk;
    this.rate = node.settings().resyncBytesPerSecond();
    Legs.Leg first = line.legs().get(0);
    BlockDevice log = line.logDevice();
    this.name = log == null ? "core/" + first.device().name() + "@" + first.offset() : log.name();
  }

  // ---- life ----

  @Override
  public void resume() throws IOException {
    Legs legs = new Legs(line.legs());
    DirtyLog log =
        new DirtyLog(
            node.lock("mirror-log", name, "", UnaryOperator.identity()),
            regions,
            legs,
            disk,
            line.errors());
    begun &= disk == null; // as the kernel: a log on a disk is read anew, a core log goes on
    Activation activation =
        new Activation(
            node.lock("mirror-active", name, "", UnaryOperator.identity()),
            log,
            line.geometry(length),
            start());
    Mirror resumed = new Mirror(line, legs, length, log, activation, this::regionLock);
    mirror = resumed;
    try {
      activation.ensure();
    } catch (IOException | RuntimeException e) {
      end(resumed);
      throw e;
    }
    begun = true;
    Recovery worker = new Recovery(node, resumed, regions, () -> rate);
    recovery = worker;
    if (node.settings().background()) {
      worker.start(name);
    }
  }

  private DeviceLock regionLock(int index, Mirror of) {
    return node.lock(
        "mirror-region",
        name,
        Integer.toString(index),
        options -> options.withDemoteHook(demotion -> of.demote(of.region(index), demotion)));
  }

  private LogStart.Word start() {
    String word = line.start();
    if (word == null || begun) {
      return LogStart.Word.AS_LOGGED;
    }
    return word.equals("sync") ? LogStart.Word.SYNC : LogStart.Word.NOSYNC;
  }

  @Override
  public void presuspend(boolean requeue) {
    Mirror now = mirror;
    if (now != null) {
      now.presuspend(requeue);
    }
  }

  @Override
  public void suspend() throws IOException {
    Recovery worker = recovery;
    recovery = null;
    if (worker != null) {
      worker.stop();
    }
    Mirror ended = mirror;
    if (ended != null) {
      end(ended);
    }
  }

  private void end(Mirror ended) throws IOException {
    FirstFailure failure = new FirstFailure();
    failure.run(ended::close);
    failure.run(ended.log()::close);
    seenLast = ended.log().seen();
    mirror = null;
    failure.run(ended.activation()::close);
    failure.rethrow();
  }

  private Mirror active() throws IOException {
    Mirror now = mirror;
    if (now == null) {
      throw BioException.ioError("the mirror is suspended");
    }
    now.activation().ensure();
    return now;
  }

  // ---- bios ----

  @Override
  public long splitSectors() {
    return line.regionSectors();
  }

  @Override
  public boolean supports(Bio.Op op) {
    return op != Bio.Op.WRITE_ZEROES;
  }

  @Override
  public void map(Bio bio) throws IOException {
    Mirror now = active();
    switch (bio.op()) {
      case READ -> now.read(bio);
      case FLUSH -> now.flush(bio);
      default -> now.write(bio);
    }
  }

  // ---- for people ----

  @Override
  public String message(List<String> words) throws IOException {
    if (words.size() == 2 && words.get(0).equals("resync-rate")) {
      rate = TargetContext.number(words.get(1), "not a number of bytes per second");
      return "";
    }
    if (words.equals(List.of("regions"))) {
      return regionMap();
    }
    throw new TableException("messages are: regions | resync-rate <bytes per second>");
  }

  /** A character per region, see the class comment. */
  public String regionMap() throws IOException {
    Mirror now = active();
    LogValue state = now.log().refresh();
    var marked = now.log().marked();
    char[] map = new char[regions];
    for (int i = 0; i < regions; i++) {
      map[i] = !state.inSync(i) ? 'x' : marked.get(i) ? '+' : '.';
    }
    for (Region region : now.regions()) {
      if (region.dirty) {
        map[region.index] = '*';
      }
    }
    return new String(map);
  }

  /** The device that this mirror's locks are named after. */
  public String lockedAs() {
    return name;
  }

  /** The region size in sectors. */
  public int regionSectors() {
    return line.regionSectors();
  }

  /** How many regions this node has recovered since it was resumed. */
  public long recoveredRegions() {
    Mirror now = mirror;
    return now == null ? 0 : now.resync().recoveredRegions();
  }

  /**
   * Recovers one region, if there is one that no other node is at. For nodes that do nothing by
   * themselves.
   *
   * @return whether one was recovered
   */
  public boolean recoverNext() throws IOException {
    active();
    Recovery worker = recovery;
    return worker != null && worker.next();
  }

  /**
   * Looks for regions whose owner died and recovers them.
   *
   * @return how many there were
   */
  public int recoverAbandoned() throws IOException {
    active();
    Recovery worker = recovery;
    return worker == null ? 0 : worker.abandoned(true);
  }

  @Override
  public String status() {
    Mirror now = mirror;
    StringBuilder text = new StringBuilder().append(line.legs().size());
    line.legs().forEach(leg -> text.append(' ').append(leg.device().name()));
    try {
      if (now != null) {
        now.log().refresh();
      }
    } catch (IOException | RuntimeException e) {
      // What was seen last is the best that can be said.
    }
    LogValue state = now == null ? seenLast : now.log().seen();
    int inSync = state == null ? 0 : regions - state.outOfSyncCount();
    text.append(' ').append(inSync).append('/').append(regions).append(" 1 ");
    text.append(state == null ? "A".repeat(line.legs().size()) : state.legs());
    BlockDevice log = line.logDevice();
    if (log == null) {
      return text.append(" 1 core").toString();
    }
    char letter = now != null ? now.log().letter() : state != null ? state.log() : 'A';
    return text.append(" 3 disk ").append(log.name()).append(' ').append(letter).toString();
  }

  @Override
  public String table() {
    return line.table();
  }

  @Override
  public List<BlockDevice> devices() {
    List<BlockDevice> devices = new ArrayList<>();
    line.legs().forEach(leg -> devices.add(leg.device()));
    BlockDevice log = line.logDevice();
    if (log != null) {
      devices.add(log);
    }
    return devices;
  }
}
