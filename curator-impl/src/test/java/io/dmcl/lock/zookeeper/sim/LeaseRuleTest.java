package io.dmcl.lock.zookeeper.sim;

import static io.dmcl.lock.zookeeper.sim.Recorder.create;
import static io.dmcl.lock.zookeeper.sim.Recorder.set;
import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.zookeeper.protocol.Code;
import io.dmcl.lock.zookeeper.protocol.Lease;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/**
 * What a client may conclude from the answers to its writes about the leader's knowledge: the rule
 * of {@link Lease} holds in every schedule, and rules that are simpler do not, so the simulated
 * ensemble is able to tell.
 */
class LeaseRuleTest {
  private static final int SCHEDULES = 1500;
  private static final long MILLI = 1_000_000L;
  private static final long TICK_NANOS = 2000 * MILLI;
  private static final long TIMEOUT_NANOS = 8000 * MILLI;
  private static final int SERVERS = 3;

  /** A rule: what it has seen, and until when it says that the session lives. */
  private interface Rule {
    void answered(long sentNanos, long answeredNanos);

    void disconnected();

    long endNanos();
  }

  private static final class Real implements Rule {
    private final Lease lease = new Lease(TICK_NANOS, TIMEOUT_NANOS);

    @Override
    public void answered(long sentNanos, long answeredNanos) {
      lease.answered(sentNanos, answeredNanos);
    }

    @Override
    public void disconnected() {
      lease.disconnected();
    }

    @Override
    public long endNanos() {
      return lease.hasBegun() ? lease.endNanos() : 0;
    }
  }

  /** From the send time of the last answered write on. */
  private static final class LastWrite implements Rule {
    private long startNanos;

    @Override
    public void answered(long sentNanos, long answeredNanos) {
      startNanos = sentNanos;
    }

    @Override
    public void disconnected() {}

    @Override
    public long endNanos() {
      return startNanos + TIMEOUT_NANOS;
    }
  }

  /** From the send time of the answered write on that was sent before the last answered one. */
  private static final class TwoWrites implements Rule {
    private long startNanos;
    private long lastNanos;

    @Override
    public void answered(long sentNanos, long answeredNanos) {
      startNanos = lastNanos;
      lastNanos = sentNanos;
    }

    @Override
    public void disconnected() {}

    @Override
    public long endNanos() {
      return startNanos + TIMEOUT_NANOS;
    }
  }

  @Test
  void lease_everySchedule_endsBeforeTheSession() {
    assertThat(broken(Real::new)).isZero();
  }

  @Test
  void lease_fromTheLastAnsweredWrite_isBroken() {
    assertThat(broken(LastWrite::new)).isPositive();
  }

  @Test
  void lease_fromTheWriteBefore_isBroken() {
    assertThat(broken(TwoWrites::new)).isPositive();
  }

  private static int broken(Supplier<Rule> rules) {
    int broken = 0;
    for (long seed = 0; seed < SCHEDULES; seed++) {
      if (new Schedule(seed, rules.get()).breaksTheRule()) {
        broken++;
      }
    }
    return broken;
  }

  /** Links and servers have moods that change every few seconds. */
  private static final class Schedule {
    private final Random random;
    private final Rule rule;
    private final Ensemble ensemble = new Ensemble(Settings.of(SERVERS).withTickNanos(TICK_NANOS));
    private final Recorder node;
    private Predicate<Step> mood = step -> true;
    private boolean inFlight;
    private long nextWriteNanos;

    Schedule(long seed, Rule rule) {
      random = new Random(seed);
      this.rule = rule;
      new Recorder(ensemble.client(TIMEOUT_NANOS));
      node = new Recorder(ensemble.client(TIMEOUT_NANOS));
      ensemble.settle();
      node.write(create("/a"));
      ensemble.settle();
      node.said();
    }

    boolean breaksTheRule() {
      long id = node.session().id();
      for (int i = 0; i < 400; i++) {
        if (random.nextInt(20) == 0) {
          change();
        }
        write();
        ensemble.advanceTo(ensemble.nowNanos() + random.nextInt(200) * MILLI);
        if (!ensemble.sessionLives(id)) {
          return rule.endNanos() > ensemble.nowNanos();
        }
        ensemble.settle(mood);
        if (node.said().contains("disconnected")) {
          rule.disconnected();
        }
      }
      return false;
    }

    private void write() {
      if (inFlight || !node.client.connected() || ensemble.nowNanos() < nextWriteNanos) {
        return;
      }
      inFlight = true;
      long sent = ensemble.nowNanos();
      node.session()
          .transact(
              List.of(set("/a", "x")),
              reply -> {
                inFlight = false;
                nextWriteNanos = ensemble.nowNanos() + random.nextInt(2500) * MILLI;
                if (reply.code() == Code.OK) {
                  // What was said before comes first.
                  if (node.said().contains("disconnected")) {
                    rule.disconnected();
                  }
                  rule.answered(sent, ensemble.nowNanos());
                }
              });
    }

    private void change() {
      int server = 1 + random.nextInt(SERVERS - 1);
      switch (random.nextInt(9)) {
        case 0 -> mood = step -> step.server() != server || !fromLeader(step);
        case 1 -> mood = step -> step.server() != server || !toLeader(step);
        case 2 -> mood = step -> step.server() != server;
        case 3 -> mood = step -> step.client() != node.client.index();
        case 4 -> {
          if (ensemble.leaderIndex() != server) {
            ensemble.stop(server);
            ensemble.start(server);
          }
          mood = step -> step.kind() != Step.Kind.CLIENT_CONNECTS;
        }
        case 5 -> ensemble.disconnect(node.client, random.nextInt(2), random.nextInt(2));
        case 6 -> {
          if (random.nextInt(4) == 0) {
            ensemble.elect(random.nextInt(SERVERS));
          }
        }
        default -> mood = step -> true;
      }
    }

    private static boolean fromLeader(Step step) {
      return step.kind() == Step.Kind.SERVER_APPLIES || step.kind() == Step.Kind.SERVER_HEARS;
    }

    private static boolean toLeader(Step step) {
      return step.kind() == Step.Kind.LEADER_RECEIVES;
    }
  }
}
