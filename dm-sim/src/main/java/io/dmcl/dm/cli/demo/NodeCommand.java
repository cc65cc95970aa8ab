package io.dmcl.dm.cli.demo;

import io.dmcl.lock.LockProperty;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.zookeeper.ZooKeeperLockspace;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * One node of the demo, in a process of its own. It does what its standard input says, line by
 * line, and answers on its standard output; {@link NodeProcess} is the other end. When its input
 * ends without {@code exit}, its parent is gone: it deletes the working directory and ends at once.
 */
@Command(name = NodeCommand.NAME, hidden = true, description = "One node of the lock demo.")
// picocli sets the fields.
@SuppressWarnings("NullAway.Init")
public final class NodeCommand implements Callable<Integer> {
  static final String NAME = "lock-demo-node";
  static final String TABLE = "table";

  private static final int ORPHANED = 3;

  @Option(names = "--dir", required = true)
  private Path directory;

  @Option(names = "--connect", required = true)
  private String connectString;

  @Option(names = "--root", required = true)
  private String root;

  @Option(names = "--node", required = true)
  private int node;

  @Option(names = "--shape", required = true, arity = "3")
  private int[] shape;

  @Option(names = "--seed", required = true)
  private long seed;

  @Option(names = "--session-timeout-ms", required = true)
  private long sessionTimeoutMs;

  @Option(names = "--tick-ms", required = true)
  private long tickMs;

  @Option(names = "--ignore-freshness")
  private boolean ignoresFreshness;

  private final BlockingQueue<String> orders = new LinkedBlockingQueue<>();
  private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
  private volatile @Nullable Worker current;

  @Override
  public Integer call() throws Exception {
    Thread reader = new Thread(this::readOrders, "orders");
    reader.setDaemon(true);
    reader.start();
    TableShape tableShape = new TableShape(shape[0], shape[1], shape[2]);
    try (TableFile table = TableFile.open(directory.resolve(TABLE), tableShape);
        Journal journal = Journal.create(directory, node, ProcessHandle.current().pid());
        Lockspace lockspace =
            ZooKeeperLockspace.connect(connectString)
                .root(root)
                .sessionTimeout(Duration.ofMillis(sessionTimeoutMs))
                .tick(Duration.ofMillis(tickMs))
                .open();
        Worker worker =
            new Worker(
                lockspace, table, tableShape, journal, node, seed, ignoresFreshness, this::say)) {
      lockspace.dump(); // the session is there
      current = worker;
      say("ready");
      obey(worker);
    }
    say("bye");
    return 0;
  }

  private void obey(Worker worker) throws IOException, InterruptedException {
    while (true) {
      String order = orders.take();
      switch (order) {
        case "prepare non-cached" -> {
          worker.prepare();
          say("prepared");
        }
        case "prepare cached" -> {
          worker.prepare(LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK);
          say("prepared");
        }
        case "go" -> say("done " + worker.work());
        case "tour" -> say("toured " + worker.tour());
        case "exit" -> {
          return;
        }
        default -> throw new IllegalArgumentException(order);
      }
    }
  }

  private void readOrders() {
    boolean exit = false;
    try {
      BufferedReader in =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        Worker worker = current;
        if (line.equals("stop") && worker != null) {
          worker.stop();
        } else if (line.equals("die") && worker != null) {
          worker.dieInNextWrite();
        } else {
          exit |= line.equals("exit");
          orders.add(line);
        }
      }
    } catch (IOException e) {
      // as if it had ended
    }
    if (!exit) {
      WorkDirectory.delete(directory);
      Runtime.getRuntime().halt(ORPHANED);
    }
  }

  private void say(String line) {
    out.println(line);
  }
}
