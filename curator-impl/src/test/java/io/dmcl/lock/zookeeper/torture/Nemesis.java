package io.dmcl.lock.zookeeper.torture;

import io.dmcl.lock.zookeeper.Link;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Does bad things to nodes and servers and undoes them again. It aims: of the kinds of faults and
 * the states of the protocol it takes those that have met least often, waits until a node is in
 * such a state, and strikes. Nodes and servers are aimed at side by side.
 */
final class Nemesis {
  private static final int MOST_AT_ONCE = 3;

  /** The servers need some time to agree again; while they do not, nobody does anything. */
  private static final long SERVERS_REST_NANOS = TimeUnit.MILLISECONDS.toNanos(2500);

  /** So long it waits for what it aims at; then it takes what comes next and is there. */
  private static final long AIM_NANOS = TimeUnit.MILLISECONDS.toNanos(3000);

  private static final long POLL_MILLIS = 2;

  /** One in so many faults of a server gets company, so that there is no majority. */
  private static final int COMPANY = 8;

  /** Those that are so far ahead can wait for the others. */
  private static final int AHEAD = 2;

  private final List<Node> nodes;
  private final Servers servers;
  private final History history;
  private final Coverage coverage;
  private final Random random;
  private final long sessionTimeoutMillis;
  private final List<Active> active = new ArrayList<>();
  private final Aim nodesAim = new Aim(true);
  private final Aim serversAim = new Aim(false);
  private int count;

  /** A fault that goes on, and how it ends. */
  private record Active(
      int id, Fault fault, @Nullable Node node, int server, long untilNanos, Step ending) {}

  /** What it aims at: faults of nodes, or of servers. */
  private static final class Aim {
    final Set<Fault> faults;
    long nextNanos = System.nanoTime();
    long untilNanos;
    boolean isAiming;

    Aim(boolean ofNodes) {
      faults = EnumSet.allOf(Fault.class);
      faults.removeIf(fault -> fault.ofNode() != ofNodes);
    }
  }

  /** What can go wrong itself. */
  interface Step {
    void run() throws IOException, InterruptedException;
  }

  Nemesis(
      Options options,
      List<Node> nodes,
      Servers servers,
      History history,
      Coverage coverage,
      Random random) {
    this.nodes = nodes;
    this.servers = servers;
    this.history = history;
    this.coverage = coverage;
    this.random = random;
    sessionTimeoutMillis = options.sessionTimeout().toMillis();
  }

  /** Goes on until that time, and undoes all. */
  void run(long untilNanos, Step everyNowAndThen) throws IOException, InterruptedException {
    while (System.nanoTime() < untilNanos) {
      endWhatIsOver(System.nanoTime());
      if (mayHit(nodesAim, MOST_AT_ONCE - 1)) {
        aim(nodesAim);
      }
      if (mayHit(serversAim, MOST_AT_ONCE - 1)) {
        aim(serversAim);
      }
      everyNowAndThen.run();
      TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
    }
    endWhatIsOver(Long.MAX_VALUE);
  }

  /** What goes on, for people. */
  String describe() {
    return active.stream()
        .map(one -> one.fault + " " + (one.node == null ? "s" + (one.server + 1) : one.node.name()))
        .collect(Collectors.joining(", "));
  }

  private void endWhatIsOver(long nowNanos) throws IOException, InterruptedException {
    for (Active one : List.copyOf(active)) {
      if (one.untilNanos <= nowNanos) {
        active.remove(one);
        one.ending.run();
        if (!one.fault.ofNode()) {
          serversAim.nextNanos = System.nanoTime() + SERVERS_REST_NANOS;
        }
        history.tell("nemesis", "healed id=" + one.id);
      }
    }
  }

  // Aiming.

  private boolean mayHit(Aim aim, int most) {
    return System.nanoTime() >= aim.nextNanos
        && active.size() < MOST_AT_ONCE
        && active.stream().filter(one -> aim.faults.contains(one.fault)).count() < most;
  }

  private void aim(Aim aim) throws IOException, InterruptedException {
    List<Coverage.Cell> cells = coverage.leastFirst(aim.faults, random);
    int least = hits(cells.get(0));
    long now = System.nanoTime();
    if (!aim.isAiming) {
      aim.isAiming = true;
      aim.untilNanos = now + AIM_NANOS;
      if (cells.get(0).state() == ProtocolState.RECONNECTING && nodesIn(cells.get(0)).isEmpty()) {
        blink();
      }
    }
    for (Coverage.Cell cell : cells) {
      if (hits(cell) > least && now < aim.untilNanos) {
        return;
      }
      List<Node> targets = nodesIn(cell);
      if (!targets.isEmpty()) {
        aim.isAiming = false;
        aim.nextNanos = now + gapNanos(aim, least);
        strike(cell.fault(), best(targets, cell.fault(), least));
        return;
      }
    }
  }

  private int hits(Coverage.Cell cell) {
    return coverage.hits(cell.fault(), cell.state());
  }

  /** The one that is in most of the states that the fault has met least often. */
  private Node best(List<Node> targets, Fault fault, int least) {
    return targets.stream()
        .max(
            Comparator.comparingLong(
                node ->
                    node.states().stream()
                        .filter(state -> coverage.hits(fault, state) == least)
                        .count()))
        .orElseThrow();
  }

  /** Servers are left alone until the last fault is healed, and some time longer, mostly. */
  private long gapNanos(Aim aim, int least) {
    if (aim == serversAim && random.nextInt(COMPANY) > 0) {
      return TimeUnit.DAYS.toNanos(1); // until it is healed
    }
    int others = hits(coverage.leastFirst(EnumSet.allOf(Fault.class), random).get(0));
    long most = least > others + AHEAD ? 4000 : 1500;
    return TimeUnit.MILLISECONDS.toNanos(200 + (long) (random.nextDouble() * most));
  }

  private List<Node> nodesIn(Coverage.Cell cell) {
    Predicate<Node> hittable = cell.fault().ofNode() ? this::isFree : node -> true;
    return nodes.stream()
        .filter(hittable)
        .filter(Node::isAtWork)
        .filter(node -> node.states().contains(cell.state()))
        .toList();
  }

  /** A node whose connections are cut can be hit by other things, too. */
  private boolean isFree(Node node) {
    return active.stream().noneMatch(one -> one.node == node && one.fault != Fault.CUT_NODE);
  }

  /** Makes a node lose its connection, so that there is one to be hit while it reconnects. */
  private void blink() throws IOException, InterruptedException {
    List<Node> targets = nodes.stream().filter(this::isFree).filter(Node::isAtWork).toList();
    if (!targets.isEmpty() && mayHit(nodesAim, MOST_AT_ONCE - 2)) {
      strike(Fault.CUT_NODE, targets.get(random.nextInt(targets.size())));
    }
  }

  // Striking.

  private void strike(Fault fault, Node node) throws IOException, InterruptedException {
    int id = ++count;
    if (fault.ofNode()) {
      Set<ProtocolState> states = node.states();
      begin(id, fault, node.name(), states);
      strikeNode(id, fault, node);
      return;
    }
    List<Integer> free =
        IntStream.range(0, Servers.COUNT)
            .filter(i -> active.stream().noneMatch(one -> one.server == i))
            .boxed()
            .toList();
    if (free.isEmpty()) {
      return;
    }
    int leader = random.nextBoolean() ? servers.leader() : -1;
    int server = free.contains(leader) ? leader : free.get(random.nextInt(free.size()));
    Set<ProtocolState> states = EnumSet.noneOf(ProtocolState.class);
    nodes.forEach(one -> states.addAll(one.states()));
    begin(id, fault, "s" + (server + 1), states);
    strikeServer(id, fault, server);
  }

  private void begin(int id, Fault fault, String on, Set<ProtocolState> states) {
    coverage.hit(fault, states);
    history.tell(
        "nemesis",
        String.format(
            "fault id=%d kind=%s on=%s states=%s",
            id, fault, on, states.stream().map(Enum::name).collect(Collectors.joining(","))));
  }

  private void strikeNode(int id, Fault fault, Node node) throws IOException, InterruptedException {
    switch (fault) {
      case KILL_NODE -> {
        node.kill();
        add(id, fault, node, -1, 200 + random.nextInt(2000), node::start);
      }
      case PAUSE_NODE -> pause(id, fault, node, -1, node.process());
      case EXPIRE_SESSION -> {
        node.process().order("expire");
        add(id, fault, node, -1, 500, () -> {});
      }
      case CUT_NODE -> cut(id, fault, node, -1, node.links());
      case SLOW_NODE -> slow(id, fault, node, -1, node.links());
      default -> throw new IllegalArgumentException(fault.toString());
    }
  }

  private void strikeServer(int id, Fault fault, int server)
      throws IOException, InterruptedException {
    switch (fault) {
      case KILL_SERVER -> {
        servers.process(server).kill();
        add(id, fault, null, server, 300 + random.nextInt(4000), () -> servers.start(server));
      }
      case PAUSE_SERVER -> pause(id, fault, null, server, servers.process(server));
      case CUT_SERVER -> cut(id, fault, null, server, servers.linksOf(server));
      case SLOW_SERVER -> slow(id, fault, null, server, servers.linksOf(server));
      default -> throw new IllegalArgumentException(fault.toString());
    }
  }

  private void add(int id, Fault fault, @Nullable Node node, int server, long millis, Step ending) {
    long untilNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    active.add(new Active(id, fault, node, server, untilNanos, ending));
  }

  /** Mostly longer than the session timeout. */
  private long pauseMillis() {
    double times = random.nextInt(3) > 0 ? 1.05 : 0.2;
    return (long) (sessionTimeoutMillis * (times + 0.5 * random.nextDouble()));
  }

  private void pause(int id, Fault fault, @Nullable Node node, int server, ChildProcess process)
      throws IOException {
    long millis = pauseMillis();
    Process pausing = process.pause(Duration.ofMillis(millis));
    add(id, fault, node, server, millis, pausing::waitFor);
  }

  private void cut(int id, Fault fault, @Nullable Node node, int server, List<Link> links) {
    List<Consumer<Link>> ways = List.of(Link::cut, Link::stall, Link::stallReplies);
    Consumer<Link> way = ways.get(random.nextInt(ways.size()));
    boolean one = node != null && random.nextInt(4) == 0;
    List<Link> chosen = one ? List.of(links.get(random.nextInt(links.size()))) : links;
    chosen.forEach(way);
    add(id, fault, node, server, pauseMillis(), () -> chosen.forEach(Link::heal));
  }

  private void slow(int id, Fault fault, @Nullable Node node, int server, List<Link> links) {
    long millis = 10 + random.nextInt(150);
    links.forEach(link -> link.slow(millis));
    add(
        id,
        fault,
        node,
        server,
        1000 + random.nextInt(3000),
        () -> links.forEach(link -> link.slow(0)));
  }
}
