package io.dmcl.dm.cli.devicedemo;

import io.dmcl.dm.BlockDevice;
import io.dmcl.dm.DeviceMapper;
import io.dmcl.dm.Settings;
import io.dmcl.dm.cli.demo.NodeOptions;
import io.dmcl.dm.cli.demo.Orders;
import io.dmcl.dm.disk.DiskSettings;
import io.dmcl.lock.LockStats;
import io.dmcl.lock.Lockspace;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * One node of the demo, in a process of its own. It does what its standard input says, line by
 * line, and answers on its standard output.
 */
@Command(name = DeviceNodeCommand.NAME, hidden = true, description = "One node of the demo.")
// picocli sets the fields.
@SuppressWarnings("NullAway.Init")
public final class DeviceNodeCommand implements Callable<Integer> {
  static final String NAME = "demo-node";

  private static final int IDLE_MILLIS = 500;

  @Mixin private NodeOptions options;

  @Option(names = "--nodes", required = true)
  private int nodes;

  @Option(names = "--sectors", required = true)
  private long sectors;

  private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
  private final NodeFaults faults = new NodeFaults(this::say);
  private final Map<String, Expectation> expectations = new LinkedHashMap<>();
  private Volume volume;
  private Traffic traffic;
  private Lockspace lockspace;
  private @Nullable DeviceMapper devices;
  private @Nullable CompletableFuture<Tally> working;

  @Override
  public Integer call() throws Exception {
    Orders orders = Orders.read(options.directory(), order -> false);
    volume = new Volume(sectors, nodes);
    traffic = new Traffic(volume, options.node(), options.seed(), faults, this::say);
    try (Lockspace opened = options.open()) {
      lockspace = opened;
      say("ready");
      for (String order = orders.take(); !order.equals(Orders.EXIT); order = orders.take()) {
        obey(order.split(" ", -1));
      }
      close();
    }
    say("bye");
    return 0;
  }

  private void obey(String[] order) throws Exception {
    switch (order[0]) {
      case "open" -> open(order[1].equals("cached"));
      case "close" -> close();
      case "snapshot" -> {
        devices().create(order[1], volume.snapshotTable(Volume.Snapshot.of(order[1])));
      }
      case "use" -> use(order[1]);
      case "fill" -> traffic.fill();
      case "go" -> go();
      case "stop" -> {
        CompletableFuture<Tally> started = working;
        if (started == null) {
          throw new IllegalStateException("not working");
        }
        traffic.stop();
        say("done " + started.get());
        return;
      }
      case "status" -> {
        say("status " + devices().status(Volume.VOLUME).get(0));
        return;
      }
      case "die" -> {
        faults.dieIn(order[1]);
        return; // the worker says midwrite
      }
      case "freeze" -> {
        traffic.announceRefusal();
        faults.freezeBefore(order[1]);
        return;
      }
      case "thaw" -> {
        faults.thaw();
        return; // the worker says refused
      }
      case "touch" -> {
        long sector = Long.parseLong(order[1]) * Volume.BLOCK_SECTORS;
        BlockDevice origin = devices().device(Volume.ORIGIN);
        Traffic.insist(() -> origin.read(sector, Volume.BLOCK_SECTORS));
      }
      case "view" -> {
        say("viewed " + view(order[1]));
        return;
      }
      default -> throw new IllegalArgumentException(order[0]);
    }
    say(order[0] + "-done");
  }

  private DeviceMapper devices() {
    DeviceMapper opened = devices;
    if (opened == null) {
      throw new IllegalStateException("no devices");
    }
    return opened;
  }

  private void open(boolean cached) throws IOException {
    Settings settings =
        Settings.DEFAULT
            .withCaching(cached)
            .withTimes(IDLE_MILLIS, Settings.DEFAULT.scanMillis())
            .withDisks(new DiskSettings(false, false, faults));
    DeviceMapper opened = new DeviceMapper(lockspace, options.directory(), settings);
    devices = opened;
    opened.create(Volume.VOLUME, volume.volumeTable());
    opened.create(Volume.ORIGIN, volume.originTable());
    Board board = Board.open(options.directory(), Volume.ORIGIN, volume.blocks());
    Expectation expected = Expectation.ofOrigin(Volume.ORIGIN, board);
    expectations.put(Volume.ORIGIN, expected);
    traffic.use(Volume.ORIGIN, opened.device(Volume.ORIGIN), expected, board);
  }

  /** Begins to read a snapshot that was taken, and to write it if it is the second. */
  private void use(String name) throws IOException {
    Bounds bounds = Bounds.load(options.directory(), name);
    Board board =
        Volume.Snapshot.of(name) == Volume.Snapshot.SNAP2
            ? Board.open(options.directory(), name, volume.blocks())
            : null;
    Expectation expected = Expectation.ofSnapshot(name, board, bounds);
    expectations.put(name, expected);
    traffic.use(name, devices().device(name), expected, board);
  }

  private void close() throws IOException {
    traffic.forgetDevices();
    DeviceMapper opened = devices;
    devices = null;
    if (opened != null) {
      opened.close();
    }
  }

  private void go() {
    LockStats before = lockspace.stats();
    traffic.start();
    CompletableFuture<Tally> result = new CompletableFuture<>();
    working = result;
    Thread worker =
        new Thread(
            () -> {
              try {
                Tally tally = traffic.work();
                tally.addLocks(before, lockspace.stats());
                result.complete(tally);
              } catch (IOException | RuntimeException e) {
                say("problem node " + options.node() + " cannot go on: " + e);
                result.completeExceptionally(e);
              }
            },
            "traffic");
    worker.setDaemon(true);
    worker.start();
  }

  private String view(String name) throws IOException {
    BlockDevice device = devices().device(name);
    return View.digest(
        volume,
        (sector, sectors) -> Traffic.insist(() -> device.read(sector, sectors)),
        expectations.get(name),
        problem -> say("problem node " + options.node() + ": " + problem));
  }

  private void say(String line) {
    out.println(line);
  }
}
