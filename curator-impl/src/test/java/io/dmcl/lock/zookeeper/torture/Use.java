package io.dmcl.lock.zookeeper.torture;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Demotion;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.HoldState;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.zookeeper.runtime.NodeAccess;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * In a node's process: a lock, the node's copy of what it protects, and what its users do to it. A
 * thing is told to the history before it is done. One user at a time; the lock alone is what keeps
 * other nodes out.
 */
final class Use {
  /** No copy. */
  private static final long NONE = -1;

  private static final AtomicLong NUMBERS = new AtomicLong();

  final int index;
  final String name;
  final ClusterLock lock;

  private final NodeProgram node;
  private final Wire hooks;
  private final Random random;

  // Guarded by this.
  private long copy = NONE;
  private long dirty;
  private long dirtyToken;
  private long dirtyBase;

  Use(NodeProgram node, Lockspace lockspace, int index, Set<LockProperty> properties)
      throws Exception {
    this.node = node;
    this.index = index;
    name = "r" + index;
    hooks = node.connect();
    random = new Random(node.random.nextLong());
    lock =
        lockspace.allocate(
            LockName.of(name),
            LockOptions.of(properties.toArray(LockProperty[]::new)).withDemoteHook(this::demote));
  }

  /** A hold that was given to a user, as the history calls it. */
  final class Held {
    final Hold hold;
    final String id;
    final Wire wire;
    private long claimNanos;
    private boolean mustRepair;

    private Held(Hold hold, String id, Wire wire) {
      this.hold = hold;
      this.id = id;
      this.wire = wire;
    }

    boolean mustRepair() {
      return mustRepair;
    }

    boolean isExclusive() {
      return hold.mode() == LockMode.EXCLUSIVE;
    }

    /** Whether it is valid; then there is a new claim. */
    boolean claim() {
      long before = System.nanoTime();
      HoldState state = hold.state();
      boolean valid = state == HoldState.HELD || state == HoldState.JEOPARDY || node.liesOfLease();
      if (valid) {
        claimNanos = before;
      }
      return valid;
    }

    private String told() {
      return String.format(
          "hold=%s lock=%s mode=%s token=%d", id, name, letter(hold.mode()), hold.token());
    }
  }

  static String letter(LockMode mode) {
    return mode == LockMode.EXCLUSIVE ? "X" : "S";
  }

  private static long nextNumber(NodeProgram node) {
    return node.numberBase() + NUMBERS.incrementAndGet();
  }

  /**
   * A user was given a hold: tells what it was told, reads, and keeps what it reads.
   *
   * @param before what the hold was called before it was converted
   */
  synchronized Held take(Hold hold, String id, @Nullable Held before, Wire wire) {
    Held held = new Held(hold, id, wire);
    boolean valid = held.claim();
    Freshness told =
        node.liesOfFreshness() && copy != NONE ? Freshness.UNCHANGED : hold.freshness();
    String value = new String(hold.value(), StandardCharsets.US_ASCII);
    Event answer =
        wire.ask(
            "had %s told=%s version=%d value=%s base=%d claim=%d valid=%d%s",
            held.told(),
            told,
            hold.version(),
            value.isEmpty() ? "-" : value,
            dirty == 0 || dirtyToken != hold.token() ? copy : dirtyBase,
            held.claimNanos,
            valid ? 1 : 0,
            before == null ? "" : " from=" + before.id);
    if (answer.is("ok") && told.mustReload()) {
      held.mustRepair = told == Freshness.OWNER_DIED;
      if (dirty == 0 || dirtyToken != hold.token()) {
        copy = answer.number("content");
        dirty = 0;
      }
    }
    return held;
  }

  synchronized void read(Held held) {
    if (held.claim()) {
      held.wire.ask("read %s claim=%d", held.told(), held.claimNanos);
    }
  }

  /** Writes, or only remembers to write where the grant is kept. */
  synchronized void write(Held held) {
    boolean valid = held.claim();
    if (!valid && random.nextBoolean()) {
      return; // otherwise the last check was long ago; the gate has to see to it
    }
    long token = held.hold.token();
    if (valid
        && lock.options().caches(LockMode.EXCLUSIVE)
        && !held.mustRepair
        && random.nextInt(3) == 0) {
      if (dirty == 0 || dirtyToken != token) {
        dirtyBase = copy;
      }
      dirty = nextNumber(node);
      dirtyToken = token;
      copy = dirty;
      held.wire.ask("dirty lock=%s token=%d number=%d", name, token, dirty);
      return;
    }
    flush(held.wire, token, held.told(), held.claimNanos);
    write(held.wire, held.told(), held.claimNanos, nextNumber(node));
  }

  private boolean write(Wire wire, String told, long claimNanos, long number) {
    String claim = claimNanos == 0 ? "" : " claim=" + claimNanos;
    Event answer = wire.ask("begin %s number=%d%s", told, number, claim);
    if (!answer.is("ok")) {
      return false;
    }
    pause(3);
    copy = number;
    return wire.ask("end %s number=%d", told, number).is("ok");
  }

  private void flush(Wire wire, long token, String told, long claimNanos) {
    if (dirty != 0 && dirtyToken == token) {
      if (write(wire, told, claimNanos, dirty)) {
        clean(wire, token);
      }
      dirty = 0;
    }
  }

  private void clean(Wire wire, long token) {
    wire.ask("clean lock=%s token=%d", name, token);
  }

  synchronized void setValue(Held held) {
    if (held.claim()) {
      String value = "v" + nextNumber(node);
      held.wire.ask("value lock=%s token=%d value=%s", name, held.hold.token(), value);
      held.hold.setValue(value.getBytes(StandardCharsets.US_ASCII));
    }
  }

  /** After an owner died: writes what is right again, and says so. */
  synchronized void repair(Held held) {
    if (held.claim() && write(held.wire, held.told(), held.claimNanos, nextNumber(node))) {
      if (dirty != 0 && dirtyToken == held.hold.token()) {
        clean(held.wire, dirtyToken); // another hold of this grant left it; it is overwritten
      }
      dirty = 0;
      held.wire.ask("recover lock=%s token=%d", name, held.hold.token());
      held.hold.markRecovered();
      held.mustRepair = false;
    }
  }

  /** Before a hold ends or is weakened: writes back, unless the grant may be kept with it. */
  synchronized void leave(Held held, boolean mayStayDirty) {
    boolean valid = held.claim();
    if (held.isExclusive() && !mayStayDirty) {
      flush(held.wire, held.hold.token(), held.told(), held.claimNanos);
      valid = held.claim();
    }
    held.wire.ask("unlock %s valid=%d claim=%d", held.told(), valid ? 1 : 0, held.claimNanos);
  }

  boolean isGranted() {
    return NodeAccess.local(lock).fastGrant() != null;
  }

  private void demote(Demotion demotion) {
    long token = demotion.token();
    boolean fromExclusive = demotion.from() == LockMode.EXCLUSIVE;
    node.board.enter(index, ProtocolState.RECALLING);
    node.board.set(index, ProtocolState.CACHED, demotion.to() != null);
    try {
      synchronized (this) {
        boolean fails = node.hooksMayFail() && random.nextInt(60) == 0;
        hooks.ask(
            "demote lock=%s from=%s to=%s token=%d fails=%d",
            name,
            letter(demotion.from()),
            demotion.to() == null ? "-" : letter(Objects.requireNonNull(demotion.to())),
            token,
            fails ? 1 : 0);
        pause(40);
        if (fails) {
          dirty = 0;
          throw new IllegalStateException("thrown on purpose");
        }
        if (fromExclusive) {
          String told = String.format("lock=%s mode=X token=%d", name, token);
          flush(hooks, token, told, 0);
          if (random.nextInt(4) == 0) {
            String value = "h" + nextNumber(node);
            hooks.ask("value lock=%s token=%d value=%s", name, token, value);
            demotion.setValue(value.getBytes(StandardCharsets.US_ASCII));
          }
        }
        hooks.ask("demoted lock=%s token=%d", name, token);
      }
    } finally {
      node.board.leave(index, ProtocolState.RECALLING);
    }
  }

  /** Takes up to so many milliseconds, so that a fault can come in between. */
  private void pause(int mostMillis) {
    try {
      TimeUnit.MILLISECONDS.sleep(random.nextInt(mostMillis));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
