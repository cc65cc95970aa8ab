package io.dmcl.lock.zookeeper.torture;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.zookeeper.protocol.Layout;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.LoggerFactory;

/** Breaks a real cluster for a while and says what that has shown. */
public final class Torture {
  private static final long LINE_SECONDS = 5;

  private final Options options;
  private final Random random;
  private final List<Breach> breaches = new CopyOnWriteArrayList<>();
  private final Coverage coverage = new Coverage();
  private final Summary summary = new Summary();
  private final Layout layout = new Layout("/dmcl", Lockspace.DEFAULT_NAME);
  private final Map<String, Resource> resources = new LinkedHashMap<>();
  private final long startNanos = System.nanoTime();
  private final Timeline timeline;
  private final LogChecker logChecker;
  private final long wallOffsetNanos = wallOffsetNanos();
  private long saidNanos = startNanos;
  private long saidHolds;

  private Torture(Options options) {
    this.options = options;
    random = new Random(options.seed());
    for (int i = 0; i < options.resources(); i++) {
      resources.put("r" + i, resource(i));
    }
    timeline = new Timeline(options, startNanos);
    logChecker =
        new LogChecker(layout, List.copyOf(resources.keySet()), wallOffsetNanos, this::found);
  }

  /** Runs the command. */
  public static void main(String[] args) throws Exception {
    if (List.of(args).contains("--help")) {
      System.out.println(Options.USAGE);
      return;
    }
    Options options;
    try {
      options = Options.parse(args);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.err.println(Options.USAGE);
      System.exit(2);
      return;
    }
    ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).setLevel(Level.OFF);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> ProcessHandle.current().children().forEach(ProcessHandle::destroyForcibly)));
    prepare(options.out());
    System.exit(new Torture(options).run() ? 0 : 1);
  }

  /** Only what a run has left is removed, not what else somebody keeps there. */
  private static void prepare(Path out) throws IOException {
    Files.createDirectories(out);
    Path mark = out.resolve("history.txt");
    try (Stream<Path> files = Files.walk(out)) {
      if (Files.exists(mark)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          if (!file.equals(out)) {
            Files.delete(file);
          }
        }
      } else if (files.count() > 1) {
        throw new IOException(out + " is not empty and not from a run before");
      }
    }
  }

  private Resource resource(int index) {
    try {
      boolean gated = options.lie() != NodeProgram.Lie.LEASE;
      return new Resource(options.out().resolve("resource-r" + index), gated);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The wall clock less the monotonic one: the ensemble's log has the former. */
  private static long wallOffsetNanos() {
    long wall = TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis());
    return wall - System.nanoTime();
  }

  private void found(Breach breach) {
    breaches.add(breach);
    timeline.accept(breach);
    if (breaches.size() <= 20) {
      System.out.printf("%8s  BROKEN: %s%n", time(breach.nanos()), breach);
    }
  }

  private String time(long nanos) {
    long millis = TimeUnit.NANOSECONDS.toMillis(nanos - startNanos);
    return String.format(
        Locale.ROOT, "%d:%02d.%d", millis / 60_000, millis / 1000 % 60, millis / 100 % 10);
  }

  private boolean run() throws Exception {
    System.out.printf(
        "torture: %d s, seed %d, 3 servers, %d nodes, %d resources, session timeout %.1f s%n",
        options.time().toSeconds(),
        options.seed(),
        options.nodes(),
        options.resources(),
        options.sessionTimeout().toMillis() / 1e3);
    Report report = new Report(options, coverage, summary, this::time);
    try (History history = new History(options.out().resolve("history.txt"), resources);
        Servers servers = new Servers(options.out());
        ResourceServer server = new ResourceServer(history)) {
      Checker checker = new Checker(this::found);
      history.listen(checker::accept);
      history.listen(summary::accept);
      history.listen(timeline::accept);
      history.listen(logChecker::accept);
      for (int i = 0; i < Servers.COUNT; i++) {
        servers.start(i);
      }
      List<Node> nodes = new ArrayList<>();
      try {
        for (int i = 0; i < options.nodes(); i++) {
          nodes.add(new Node(options, i + 1, servers, server.port(), history, random));
        }
        torment(nodes, servers, history);
      } finally {
        for (Node node : nodes) {
          node.close();
        }
      }
      report.logged(checkLog(servers), logChecker.falseDeaths());
      report.write(breaches, history);
    }
    Path picture = options.out().resolve("timeline.svg");
    timeline.write(picture);
    System.out.println("  picture: " + Path.of("").toAbsolutePath().relativize(picture));
    return breaches.isEmpty();
  }

  private void torment(List<Node> nodes, Servers servers, History history) throws Exception {
    Ending ending = new Ending(options, nodes, servers, layout, this::found);
    history.listen(ending::accept);
    while (servers.leader() < 0 || !nodes.stream().allMatch(Node::isAtWork)) {
      if (System.nanoTime() - startNanos > TimeUnit.MINUTES.toNanos(2)) {
        throw new IllegalStateException("the cluster does not come up; see " + options.out());
      }
      TimeUnit.MILLISECONDS.sleep(50);
    }
    Nemesis nemesis = new Nemesis(options, nodes, servers, history, coverage, random);
    nemesis.run(
        System.nanoTime() + options.time().toNanos(), () -> lookAfter(nodes, nemesis.describe()));
    System.out.printf("%8s  faults stop; every waiter has to be served%n", time(System.nanoTime()));
    history.tell("nemesis", "faults-stop");
    ending.run();
  }

  private void lookAfter(List<Node> nodes, String faults) throws IOException {
    for (Node node : nodes) {
      if (node.hasEnded()) {
        String text = node.name() + " has ended by itself; see its log";
        found(new Breach(System.nanoTime(), Breach.Rule.ALIVE, "-", text));
        node.bury();
      }
    }
    long now = System.nanoTime();
    if (now - saidNanos >= TimeUnit.SECONDS.toNanos(LINE_SECONDS)) {
      long holds = summary.holds();
      System.out.printf(
          "%8s  %5.0f holds/s  %4d faults  %d broken  %s  now: %s%n",
          time(now),
          (holds - saidHolds) / ((now - saidNanos) / 1e9),
          coverage.total(),
          breaches.size(),
          states(nodes),
          faults.isEmpty() ? "nothing" : faults);
      saidNanos = now;
      saidHolds = holds;
    }
  }

  /** A node in a word: what it is about, a letter each. */
  private static String states(List<Node> nodes) {
    List<String> words = new ArrayList<>();
    for (Node node : nodes) {
      StringBuilder word = new StringBuilder("n" + node.number() + ':');
      if (!node.process().isAlive()) {
        word.append("dead");
      } else {
        node.states().forEach(state -> word.append(state.letter()));
      }
      words.add(word.toString());
    }
    return String.join(" ", words);
  }

  private int checkLog(Servers servers) throws IOException, InterruptedException {
    servers.stop();
    logChecker.widen(Math.abs(wallOffsetNanos() - wallOffsetNanos));
    TransactionLog log = new TransactionLog(layout.locks());
    log.read(servers.dataDirectories(), logChecker::accept);
    logChecker.finish(System.nanoTime());
    return log.gaps();
  }
}
