package io.dmcl.lock.zookeeper.sim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Holds the simulated ensemble to the real one: both do the same random actions of three sessions
 * (transactions, multi-reads, watches and their removal, pipelined within a session; the end of
 * sessions), and every reply, stat and event has to be the same. Transaction ids are compared by
 * their order among all that were seen. The order of events between the same two replies is not
 * compared.
 *
 * <p>Compared besides, each by a case of its own ({@link Special}): the watches after a reconnect,
 * the counter of sequential znodes at its end, and packets over the limit.
 *
 * <p>Taken on trust, after ZooKeeper's own code, because one real server in this process cannot be
 * driven there: how servers lag, and that a client never goes back in time; lost replies, and
 * requests that are done after their connection is gone; moving to another server; when the leader
 * ends a session, and what touches it; servers that are cut off, stop, or are elected; the client's
 * requests that go out on the next connection. {@link Scenarios} and {@code LeaseRuleTest} state
 * what is assumed there.
 */
public final class Conformance {
  private static final int DEFAULT_SEQUENCES = 10_000;
  private static final int PROGRESS = 500;

  /** What one ensemble did with the actions: a line for each thing that was said. */
  record Transcript(List<Action> actions, List<String> lines) {}

  private Conformance() {}

  /** Makes up actions as it plays them. */
  static Transcript record(Player player, long seed, String root) {
    Workload workload = new Workload(seed, root);
    player.root(root);
    List<Action> actions = new ArrayList<>();
    List<Player.Line> lines = new ArrayList<>();
    while (workload.hasNext()) {
      Action action = workload.next();
      List<Player.Line> told = player.play(action);
      workload.created(Player.created(told));
      add(lines, actions.size(), told);
      actions.add(action);
    }
    return new Transcript(actions, render(lines));
  }

  /** Plays the actions of a transcript on another ensemble. */
  static List<String> replay(Player player, List<Action> actions, String root) {
    player.root(root);
    List<Player.Line> lines = new ArrayList<>();
    for (int i = 0; i < actions.size(); i++) {
      add(lines, i, player.play(actions.get(i)));
    }
    return render(lines);
  }

  private static void add(List<Player.Line> lines, int action, List<Player.Line> told) {
    lines.add(new Player.Line(false, List.of("action " + action)));
    lines.addAll(told);
  }

  static List<String> render(List<Player.Line> lines) {
    Fingerprint out = new Fingerprint();
    lines.forEach(line -> line.render(out));
    return Arrays.asList(out.toString().split("\n"));
  }

  /** What is different, or nothing. */
  static Optional<String> difference(
      List<Action> actions, List<String> real, List<String> simulated) {
    for (int i = 0; i < Math.max(real.size(), simulated.size()); i++) {
      String expected = i < real.size() ? real.get(i) : "(nothing)";
      String actual = i < simulated.size() ? simulated.get(i) : "(nothing)";
      if (!expected.equals(actual)) {
        return Optional.of(
            actions.stream().map(Object::toString).collect(Collectors.joining("\n"))
                + "\n"
                + String.join("\n", real.subList(0, Math.min(i, real.size())))
                + "\nreal:      "
                + expected
                + "\nsimulated: "
                + actual);
      }
    }
    return Optional.empty();
  }

  /**
   * Replays a transcript of the real ensemble on a simulated one. Breaking down is different, too.
   */
  static Optional<String> difference(Transcript real, String root, Settings settings) {
    List<String> simulated;
    try {
      simulated = replay(new SimPlayer(settings), real.actions(), root);
    } catch (RuntimeException e) {
      return Optional.of("simulated: " + e);
    }
    return difference(real.actions(), real.lines(), simulated);
  }

  static String rootOf(long seed) {
    return "/r" + Long.toHexString(seed);
  }

  /** Compares some sequences and stops at the first that differs. */
  static void compare(RealPlayer real, long firstSeed, int sequences) {
    for (long seed = firstSeed; seed < firstSeed + sequences; seed++) {
      Transcript transcript = record(real, seed, rootOf(seed));
      Optional<String> difference = difference(transcript, rootOf(seed), Settings.of(1));
      if (difference.isPresent()) {
        throw new AssertionError("seed " + seed + "\n" + difference.get());
      }
      long done = seed - firstSeed + 1;
      if (done % PROGRESS == 0) {
        System.out.println("conformance: " + done + " sequences, no difference");
      }
    }
  }

  /**
   * Slot 0 loses its connection, things happen to what it watches, it gets another connection, and
   * more happens.
   */
  static Transcript reconnect(Player player, long seed, String root) {
    player.root(root);
    List<Action> before = Special.beforeReconnect(root);
    List<Action> during = Special.changes(root, seed);
    List<Action> after = Special.changes(root, seed + 1);
    List<Player.Line> lines = new ArrayList<>();
    before.forEach(action -> add(lines, lines.size(), player.play(action)));
    player.takeAway(0);
    during.forEach(action -> add(lines, lines.size(), player.play(action)));
    player.bringBack(0);
    // The events that it has missed come with this.
    add(lines, lines.size(), player.play(Special.look(root)));
    after.forEach(action -> add(lines, lines.size(), player.play(action)));
    return new Transcript(List.of(), render(lines));
  }

  /** The counter that names sequential znodes is at its end. */
  static Transcript counter(Player player, String root) {
    player.root(root);
    List<Player.Line> lines = new ArrayList<>();
    add(lines, 0, player.play(Special.makeRoot(root)));
    player.setCounter(root, Integer.MAX_VALUE - 2);
    for (Action action : Special.atTheEndOfTheCounter(root)) {
      add(lines, lines.size(), player.play(action));
    }
    return new Transcript(List.of(), render(lines));
  }

  /** The last of the actions has a packet that is too large. */
  static Transcript large(Player player, List<Action> actions, String root) {
    player.root(root);
    List<Player.Line> lines = new ArrayList<>();
    for (Action action : actions) {
      if (action == actions.get(actions.size() - 1)) {
        // When the connection breaks is not said, only that it does, and that the answer is lost.
        lines.addAll(player.play(action).subList(0, 2));
        player.bringBack(0);
      } else {
        add(lines, lines.size(), player.play(action));
      }
    }
    return new Transcript(actions, render(lines));
  }

  /** Arguments: the number of sequences (10,000), and the first seed (the time). */
  public static void main(String[] arguments) throws Exception {
    if (!Arrays.stream(arguments).allMatch(each -> each.matches("\\d{1,18}"))) {
      System.err.println("usage: conformance [SEQUENCES [SEED]]");
      System.exit(2);
    }
    Simulate.silence();
    int sequences = arguments.length > 0 ? Integer.parseInt(arguments[0]) : DEFAULT_SEQUENCES;
    long seed = arguments.length > 1 ? Long.parseLong(arguments[1]) : System.currentTimeMillis();
    System.out.println("conformance: " + sequences + " sequences from seed " + seed);
    try (RealPlayer real = new RealPlayer(RealPlayer.Through.HANDLE)) {
      compare(real, seed, sequences);
    }
    System.out.println("conformance: no difference");
    System.exit(0);
  }
}
