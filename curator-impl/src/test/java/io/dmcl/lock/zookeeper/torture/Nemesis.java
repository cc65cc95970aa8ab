package io.dmcl.lock.zookeeper.torture;

import io.dmcl.lock.zookeeper.Link;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
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
 * Does bad things to nodes and servers and undoes them again. It aims: it takes a kind of fault and
 * a state of the protocol that have met least often, waits until a node is in that state, and
 * strikes.
 */
final class Nemesis {
  private static final int MOST_AT_ONCE = 3;

  /** The servers need some time to agree again; while they do not, nobody does anything. */
  private static final long SERVERS_REST_NANOS = TimeUnit.MILLISECONDS.toNanos(2500);

  private static final long AIM_NANOS = TimeUnit.MILLISECONDS.toNanos(1500);
  private static final long POLL_MILLIS = 2;

  private final List<Node> nodes;
  private final Servers servers;
  private final History history;
  private final Coverage coverage;
  private final Random random;
  private final long sessionTimeoutMillis;
  private final List<Active> active = new ArrayList<>();
  private long nextNanos = System.nanoTime();
  private long nextServerNanos = nextNanos;
  private Coverage.@Nullable Cell goal;
  private long aimUntilNanos;
  private int count;

  /** A fault that goes on, and how it ends. */
  private record Active(
      int id, Fault fault, @Nullable Node node, int server, long untilNanos, Step ending) {}

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
      if (System.nanoTime() >= nextNanos && active.size() < MOST_AT_ONCE) {
        aim();
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
          nextServerNanos = System.nanoTime() + SERVERS_REST_NANOS;
        }
        history.tell("nemesis", "healed id=" + one.id);
      }
    }
  }

  // Aiming.

  private void aim() throws IOException, InterruptedException {
    Coverage.Cell aimed = goal;
    if (aimed == null) {
      aimed = coverage.least(possible(), random);
      if (aimed == null) {
        return;
      }
      goal = aimed;
      aimUntilNanos = System.nanoTime() + AIM_NANOS;
      if (aimed.state() == ProtocolState.RECONNECTING && nodesIn(aimed).isEmpty()) {
        blink();
      }
    }
    List<Node> targets = nodesIn(aimed);
    if (targets.isEmpty()) {
      if (System.nanoTime() < aimUntilNanos) {
        return;
      }
      targets = nodes.stream().filter(this::isFree).filter(Node::isAtWork).toList();
    }
    if (!targets.isEmpty()) {
      strike(aimed.fault(), targets.get(random.nextInt(targets.size())));
    }
    goal = null;
    nextNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(200 + random.nextInt(2000));
  }

  private Set<Fault> possible() {
    long nodesHit = active.stream().filter(one -> one.fault.ofNode()).count();
    Set<Fault> faults = EnumSet.allOf(Fault.class);
    if (nodesHit >= MOST_AT_ONCE - 1) {
      faults.removeIf(Fault::ofNode);
    }
    if (!serverMayBeHit()) {
      faults.removeIf(fault -> !fault.ofNode());
    }
    return faults;
  }

  /** Now and then two at once, so that there is no majority. */
  private boolean serverMayBeHit() {
    boolean isHit = active.stream().anyMatch(one -> !one.fault.ofNode());
    return isHit ? random.nextInt(15) == 0 : System.nanoTime() > nextServerNanos;
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
    if (!targets.isEmpty() && active.size() < MOST_AT_ONCE) {
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
