package io.dmcl.dm.cli.demo;

import io.dmcl.lock.LockProperty;
import io.dmcl.lock.Lockspace;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * One node of the demo, in a process of its own. It does what its standard input says, line by
 * line, and answers on its standard output; {@link NodeProcess} is the other end.
 */
@Command(name = NodeCommand.NAME, hidden = true, description = "One node of the lock demo.")
// picocli sets the fields.
@SuppressWarnings("NullAway.Init")
public final class NodeCommand implements Callable<Integer> {
  static final String NAME = "lock-demo-node";
  static final String TABLE = "table";

  @Mixin private NodeOptions options;

  @Option(names = "--shape", required = true, arity = "3")
  private int[] shape;

  @Option(names = "--ignore-freshness")
  private boolean ignoresFreshness;

  private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
  private volatile @Nullable Worker current;

  @Override
  public Integer call() throws Exception {
    Path directory = options.directory();
    Orders orders = Orders.read(directory, this::obeyAtOnce);
    TableShape tableShape = new TableShape(shape[0], shape[1], shape[2]);
    try (TableFile table = TableFile.open(directory.resolve(TABLE), tableShape);
        Journal journal = Journal.create(directory, options.node(), ProcessHandle.current().pid());
        Lockspace lockspace = options.open();
        Worker worker =
            new Worker(
                lockspace,
                table,
                tableShape,
                journal,
                options.node(),
                options.seed(),
                ignoresFreshness,
                this::say)) {
      current = worker;
      say("ready");
      obey(worker, orders);
    }
    say("bye");
    return 0;
  }

  private void obey(Worker worker, Orders orders) throws IOException, InterruptedException {
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
        case Orders.EXIT -> {
          return;
        }
        default -> throw new IllegalArgumentException(order);
      }
    }
  }

  private boolean obeyAtOnce(String order) {
    Worker worker = current;
    if (worker == null) {
      return false;
    }
    switch (order) {
      case "stop" -> worker.stop();
      case "die" -> worker.dieInNextWrite();
      default -> {
        return false;
      }
    }
    return true;
  }

  private void say(String line) {
    out.println(line);
  }
}
