package io.dmcl.lock.zookeeper.sim;

import static io.dmcl.lock.zookeeper.sim.Recorder.children;
import static io.dmcl.lock.zookeeper.sim.Recorder.create;
import static io.dmcl.lock.zookeeper.sim.Recorder.data;
import static io.dmcl.lock.zookeeper.sim.Recorder.delete;
import static io.dmcl.lock.zookeeper.sim.Recorder.ephemeral;
import static io.dmcl.lock.zookeeper.sim.Recorder.sequential;
import static io.dmcl.lock.zookeeper.sim.Recorder.set;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * The rules that a real ensemble cannot be driven to show, each as a scenario that fails if the
 * rule is a wrong one.
 */
final class Scenarios {
  private static final long SECOND = 1_000_000_000L;
  private static final long TIMEOUT_NANOS = 10 * SECOND;

  /** Which scenario shows which mutation. */
  static final Map<Mutation, Consumer<Settings>> BY_MUTATION = new EnumMap<>(Mutation.class);

  static {
    BY_MUTATION.put(Mutation.BACK_IN_TIME, Scenarios::clientNeverGoesBackInTime);
    BY_MUTATION.put(Mutation.READS_DO_NOT_LAG, Scenarios::readsLag);
    BY_MUTATION.put(Mutation.ANSWERED_BEFORE_APPLIED, Scenarios::ownWritesAreSeen);
    BY_MUTATION.put(Mutation.MOVED_SESSION_WRITES, Scenarios::writesOfTheLeftServerAreRefused);
    BY_MUTATION.put(Mutation.BROKEN_CONNECTION_UNDOES, Scenarios::lostReplyIsDone);
    BY_MUTATION.put(Mutation.CUT_SERVER_IS_SILENT, Scenarios::cutServerAnswersReads);
    BY_MUTATION.put(Mutation.FORWARDED_WRITE_TOUCHES, Scenarios::forwardedWriteDoesNotTouch);
    BY_MUTATION.put(Mutation.TOUCHES_REPORTED_AT_ONCE, Scenarios::touchesTravelWithPings);
    BY_MUTATION.put(Mutation.TOUCHES_SURVIVE_RESTART, Scenarios::touchesAreLostWithTheServer);
    BY_MUTATION.put(Mutation.RECONNECT_DOES_NOT_TOUCH, Scenarios::reconnectTouches);
    BY_MUTATION.put(Mutation.EXPIRES_EARLY, Scenarios::sessionLivesForItsTimeout);
    BY_MUTATION.put(Mutation.ENDED_SESSION_WRITES, Scenarios::endedSessionDoesNotWrite);
    BY_MUTATION.put(Mutation.ENDED_SESSION_RETURNS, Scenarios::endedSessionIsOver);
    BY_MUTATION.put(Mutation.CLOSING_IS_SILENT, Scenarios::closingIsSaidFirst);
  }

  private Scenarios() {}

  /** An ensemble of three servers; client k is at server k, and "/a" is there. */
  private static final class World {
    final Ensemble ensemble;
    final Recorder[] clients;

    World(Settings settings, int clients) {
      ensemble = new Ensemble(settings);
      this.clients = new Recorder[clients];
      for (int i = 0; i < clients; i++) {
        this.clients[i] = new Recorder(ensemble.client(TIMEOUT_NANOS));
      }
      ensemble.settle();
      this.clients[0].write(create("/a"));
      ensemble.settle();
      forget();
    }

    void forget() {
      for (Recorder client : clients) {
        client.said();
      }
    }

    /** Connects to a server and settles what is allowed. */
    void connect(Recorder recorder, int server, Predicate<Step> allowed) {
      ensemble.take(recorder.client.connects.get(server));
      ensemble.settle(allowed.and(step -> step.kind() != Step.Kind.CLIENT_CONNECTS));
    }

    long expiresAt(Recorder recorder) {
      return ensemble.expiresAtNanos(recorder.session().id());
    }

    void pass(long nanos) {
      ensemble.advanceTo(ensemble.nowNanos() + nanos);
    }
  }

  private static Predicate<Step> allBut(Step.Kind kind, int server) {
    return step -> step.kind() != kind || step.server() != server;
  }

  static void clientNeverGoesBackInTime(Settings settings) {
    World world = new World(settings, 1);
    Recorder one = world.clients[0];
    one.write(create("/b"));
    world.ensemble.settle(allBut(Step.Kind.SERVER_APPLIES, 1));
    world.ensemble.disconnect(one.client, 0, 0);
    assertThat(one.said()).containsExactly("OK OK=/b", "disconnected");
    world.connect(one, 1, allBut(Step.Kind.SERVER_APPLIES, 1));
    assertThat(one.client.connected()).isFalse();
    world.ensemble.settle();
    one.read(data("/b"));
    world.ensemble.settle();
    assertThat(one.said()).containsExactly("reconnected", "''[]");
  }

  static void readsLag(Settings settings) {
    World world = new World(settings, 2);
    Recorder far = world.clients[1];
    world.clients[0].write(create("/b"));
    world.ensemble.settle(allBut(Step.Kind.SERVER_APPLIES, 1));
    assertThat(world.clients[0].said()).containsExactly("OK OK=/b");
    far.read(data("/b"));
    world.ensemble.settle(allBut(Step.Kind.SERVER_APPLIES, 1));
    assertThat(far.said()).containsExactly("NO_NODE");
    world.ensemble.settle();
    far.read(data("/b"));
    world.ensemble.settle();
    assertThat(far.said()).containsExactly("''[]");
  }

  static void ownWritesAreSeen(Settings settings) {
    World world = new World(settings, 2);
    Recorder far = world.clients[1];
    far.write(create("/b"));
    far.read(data("/b"));
    world.ensemble.settle();
    assertThat(far.said()).containsExactly("OK OK=/b", "''[]");
  }

  static void writesOfTheLeftServerAreRefused(Settings settings) {
    World world = new World(settings, 2);
    Recorder moving = world.clients[1];
    moving.write(create("/b"));
    world.ensemble.settle(allBut(Step.Kind.LEADER_RECEIVES, 1));
    world.ensemble.disconnect(moving.client, 0, 0);
    world.connect(moving, 2, allBut(Step.Kind.LEADER_RECEIVES, 1));
    assertThat(moving.said()).containsExactly("CONNECTION_LOSS", "disconnected", "reconnected");
    world.ensemble.settle();
    moving.read(data("/b"));
    world.ensemble.settle();
    assertThat(moving.said()).containsExactly("NO_NODE");
  }

  static void lostReplyIsDone(Settings settings) {
    World world = new World(settings, 2);
    Recorder far = world.clients[1];
    far.write(create("/b"));
    world.ensemble.settle(allBut(Step.Kind.LEADER_RECEIVES, 1));
    world.ensemble.disconnect(far.client, 0, 0);
    world.ensemble.settle(step -> step.kind() == Step.Kind.LEADER_RECEIVES);
    world.ensemble.settle();
    far.read(data("/b"));
    world.ensemble.settle();
    assertThat(far.said())
        .containsExactly("CONNECTION_LOSS", "disconnected", "reconnected", "''[]");
  }

  static void cutServerAnswersReads(Settings settings) {
    World world = new World(settings, 2);
    Recorder far = world.clients[1];
    world.ensemble.cut(1);
    far.read(data("/a"));
    world.ensemble.settle();
    assertThat(far.said()).containsExactly("''[]");
    far.write(create("/b"));
    far.read(data("/b"));
    world.ensemble.settle();
    assertThat(far.said()).isEmpty();
    world.ensemble.heal(1);
    world.ensemble.settle();
    assertThat(far.said()).containsExactly("OK OK=/b", "''[]");
  }

  static void forwardedWriteDoesNotTouch(Settings settings) {
    World world = new World(settings, 2);
    Recorder far = world.clients[1];
    world.pass(3 * SECOND);
    world.ensemble.settle();
    long before = world.expiresAt(far);
    world.pass(9 * SECOND / 10);
    far.write(create("/b"));
    world.ensemble.settle();
    assertThat(far.said()).containsExactly("OK OK=/b");
    assertThat(world.expiresAt(far)).isEqualTo(before);
    world.pass(2 * SECOND);
    world.ensemble.settle();
    assertThat(world.expiresAt(far)).isGreaterThan(before);
  }

  static void touchesTravelWithPings(Settings settings) {
    World world = new World(settings, 2);
    Recorder far = world.clients[1];
    world.pass(3 * SECOND);
    world.ensemble.settle();
    long before = world.expiresAt(far);
    world.pass(9 * SECOND / 10);
    far.read(data("/a"));
    world.ensemble.settle();
    assertThat(world.expiresAt(far)).isEqualTo(before);
    world.pass(SECOND / 5);
    world.ensemble.settle();
    assertThat(world.expiresAt(far)).isGreaterThan(before);
  }

  static void touchesAreLostWithTheServer(Settings settings) {
    World world = new World(settings, 2);
    Recorder far = world.clients[1];
    world.pass(3 * SECOND);
    world.ensemble.settle();
    long before = world.expiresAt(far);
    world.pass(9 * SECOND / 10);
    far.read(data("/a"));
    world.ensemble.settle();
    world.ensemble.pause(far.client);
    world.ensemble.stop(1);
    world.ensemble.start(1);
    world.pass(2 * SECOND);
    world.ensemble.settle();
    assertThat(world.expiresAt(far)).isEqualTo(before);
  }

  static void reconnectTouches(Settings settings) {
    World world = new World(settings, 2);
    Recorder far = world.clients[1];
    world.pass(3 * SECOND);
    world.ensemble.settle();
    long before = world.expiresAt(far);
    world.pass(9 * SECOND / 10);
    world.ensemble.disconnect(far.client, 0, 0);
    world.connect(far, 2, step -> true);
    assertThat(far.said()).containsExactly("disconnected", "reconnected");
    assertThat(world.expiresAt(far)).isGreaterThan(before);
  }

  static void sessionLivesForItsTimeout(Settings settings) {
    World world = new World(settings, 2);
    Recorder paused = world.clients[1];
    paused.write(ephemeral("/e"));
    world.ensemble.settle();
    world.ensemble.pause(paused.client);
    long id = paused.session().id();
    while (world.ensemble.nowNanos() < TIMEOUT_NANOS) {
      world.pass(SECOND);
      world.ensemble.settle();
    }
    assertThat(world.ensemble.sessionLives(id)).isTrue();
    world.pass(2 * settings.tickNanos());
    world.ensemble.settle();
    assertThat(world.ensemble.sessionLives(id)).isFalse();
    world.clients[0].said();
    world.clients[0].read(data("/e"));
    world.ensemble.settle();
    assertThat(world.clients[0].said()).containsExactly("NO_NODE");
    paused.said();
    world.ensemble.resume(paused.client);
    world.ensemble.settle();
    assertThat(paused.said()).containsExactly("disconnected", "ended", "opened");
  }

  static void endedSessionDoesNotWrite(Settings settings) {
    World world = new World(settings, 2);
    Recorder far = world.clients[1];
    world.ensemble.expire(far.client);
    far.write(create("/b"));
    world.ensemble.settle(allBut(Step.Kind.SERVER_APPLIES, 1));
    world.ensemble.settle();
    assertThat(far.said()).containsExactly("CONNECTION_LOSS", "disconnected", "ended", "opened");
    far.read(data("/b"));
    world.ensemble.settle();
    assertThat(far.said()).containsExactly("NO_NODE");
  }

  static void endedSessionIsOver(Settings settings) {
    World world = new World(settings, 2);
    Recorder far = world.clients[1];
    world.ensemble.expire(far.client);
    world.ensemble.settle();
    assertThat(far.said()).containsExactly("disconnected", "ended", "opened");
  }

  static void closingIsSaidFirst(Settings settings) {
    World world = new World(settings, 2);
    Recorder far = world.clients[1];
    far.write(ephemeral("/e"));
    world.ensemble.settle();
    far.said();
    far.write(set("/a", "1"));
    world.ensemble.closeHandle(far.client, true, true);
    assertThat(far.said()).containsExactly("closing", "SESSION_ENDED", "ended");
    world.ensemble.settle();
    far.read(data("/a"), data("/e"));
    world.ensemble.settle();
    assertThat(far.said()).containsExactly("opened", "'1'[]", "NO_NODE");
  }

  // Those that conformance shows, too.

  static void missedEventsAreSaidAfterReconnect(Settings settings) {
    World world = new World(settings, 2);
    Recorder near = world.clients[0];
    Recorder far = world.clients[1];
    near.write(create("/b"), create("/c"), create("/d"));
    world.ensemble.settle();
    far.watch(data("/a"));
    far.watch(children("/b"));
    far.watch(data("/c"));
    far.watch(data("/d"));
    world.ensemble.settle();
    world.forget();
    world.ensemble.disconnect(far.client, 0, 0);
    near.write(set("/a", "1"), create("/b/x"), delete("/c"));
    world.ensemble.settle(step -> step.client() != far.client.index());
    world.ensemble.settle();
    assertThat(far.said())
        .containsExactly("disconnected", "reconnected", "DATA /a", "DATA /c", "CHILDREN /b");
    near.write(set("/d", "1"));
    world.ensemble.settle();
    assertThat(far.said()).containsExactly("DATA /d");
  }

  static void counterSticks(Settings settings) {
    World world = new World(settings, 1);
    Recorder one = world.clients[0];
    world.ensemble.setCounter("/a", Integer.MAX_VALUE - 1);
    one.write(sequential("/a/x-"));
    one.write(sequential("/a/y-"));
    one.write(sequential("/a/z-"));
    world.ensemble.settle();
    assertThat(one.said())
        .containsExactly("OK OK=/a/x-2147483646", "OK OK=/a/y-2147483647", "OK OK=/a/z-2147483647");
  }

  static void packetsHaveALimit(Settings settings) {
    World world = new World(settings.withPacketLimitBytes(1000), 1);
    Recorder one = world.clients[0];
    one.write(set("/a", "x".repeat(800)));
    world.ensemble.settle();
    assertThat(one.said()).containsExactly("OK OK");
    one.read(data("/a"), data("/a"));
    world.ensemble.settle();
    assertThat(one.said())
        .containsExactly("CONNECTION_LOSS", "CONNECTION_LOSS", "disconnected", "reconnected");
    one.write(set("/a", "y".repeat(1000)));
    world.ensemble.settle();
    assertThat(one.said()).containsExactly("CONNECTION_LOSS", "disconnected", "reconnected");
    one.read(data("/a"));
    world.ensemble.settle();
    assertThat(one.said()).containsExactly("'" + "x".repeat(800) + "'[]");
  }
}
