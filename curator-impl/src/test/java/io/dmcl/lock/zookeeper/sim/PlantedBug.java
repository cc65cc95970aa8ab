package io.dmcl.lock.zookeeper.sim;

import static io.dmcl.lock.zookeeper.sim.Peek.call;
import static io.dmcl.lock.zookeeper.sim.Peek.get;
import static io.dmcl.lock.zookeeper.sim.Peek.set;
import static io.dmcl.lock.zookeeper.sim.Wrong.reads;
import static io.dmcl.lock.zookeeper.sim.Wrong.writes;

import io.dmcl.lock.Freshness;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.zookeeper.cache.Grant;
import io.dmcl.lock.zookeeper.cache.LocalLock;
import io.dmcl.lock.zookeeper.protocol.Entry;
import io.dmcl.lock.zookeeper.protocol.Lease;
import io.dmcl.lock.zookeeper.protocol.Memory;
import io.dmcl.lock.zookeeper.protocol.Pipeline;
import io.dmcl.lock.zookeeper.protocol.Queue;
import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.Request;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import io.dmcl.lock.zookeeper.runtime.Loop;
import io.dmcl.lock.zookeeper.runtime.Session;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * Wrong rules, each the replacement of one method: what the simulator has to find. The production
 * code knows nothing of them; see {@link PlantedLoader}.
 */
enum PlantedBug {
  WAITS_ON_A_LATER_ENTRY(
      Queue.class,
      "blockerOf",
      (self, args, original) -> {
        Entry own = (Entry) args[0];
        Entry last = null;
        for (Entry entry : ((Queue) self).entries()) {
          if (!entry.id().equals(own.id()) && entry.mode().conflictsWith(own.mode())) {
            last = entry;
          }
        }
        return last;
      }),
  EXCLUSIVE_OVERTAKES_READERS(
      Queue.class,
      "blockerOf",
      (self, args, original) -> {
        Entry blocker = (Entry) original.call();
        return blocker != null && blocker.mode() == LockMode.SHARED ? null : blocker;
      }),
  READERS_OVERTAKE_A_WAITING_WRITER(
      Queue.class,
      "blockerOf",
      (self, args, original) -> {
        Entry blocker = (Entry) original.call();
        List<Entry> entries = ((Queue) self).entries();
        return blocker != null && blocker.mode() == LockMode.EXCLUSIVE && entries.get(0) != blocker
            ? null
            : blocker;
      }),
  STRING_ORDER_OF_ENTRIES(
      Entry.class,
      "compareTo",
      (self, args, original) -> ((Entry) self).name().compareTo(((Entry) args[0]).name())),
  CANCEL_FORGETS_THE_INTENT(
      Request.class,
      "leaveWrites",
      (self, args, original) -> {
        List<WriteOp> writes = writes(original.call());
        if (writes.stream().noneMatch(WriteOp.SetData.class::isInstance) && writes.size() == 2) {
          writes.remove(1);
        }
        return writes;
      }),
  RELEASE_WITHOUT_A_BUMP(
      Request.class,
      "leaveWrites",
      (self, args, original) -> {
        List<WriteOp> writes = writes(original.call());
        writes.removeIf(WriteOp.SetData.class::isInstance);
        return writes;
      }),
  RELEASE_FORGETS_THE_INTENT(
      Request.class,
      "leaveWrites",
      (self, args, original) -> {
        List<WriteOp> writes = writes(original.call());
        if (writes.size() > 2) {
          writes.remove(1);
        }
        return writes;
      }),
  RECOVERED_WITHOUT_BEING_TOLD(
      "io.dmcl.lock.zookeeper.protocol.Publication", "recovered", (self, args, original) -> true),
  DOWNGRADE_PUBLISHES_NO_VALUE(
      Request.class,
      "downgradeWrites",
      (self, args, original) -> {
        List<WriteOp> writes = writes(original.call());
        writes.replaceAll(Wrong::withoutValue);
        return writes;
      }),
  DOWNGRADE_GOES_TO_THE_TAIL(
      Request.class,
      "downgradeWrites",
      (self, args, original) -> {
        List<WriteOp> writes = writes(original.call());
        Entry own = Objects.requireNonNull(((Request) self).entry());
        Entry late = new Entry(own.mode(), own.id(), own.sequence() + 1000);
        set(self, "sequence", late.sequence());
        int last = writes.size() - 1;
        String lock = writes.get(last).path();
        lock = lock.substring(0, lock.lastIndexOf('/') + 1);
        writes.set(
            last,
            new WriteOp.Create(
                lock + late.inMode(LockMode.SHARED).name(), new byte[0], WriteOp.Kind.EPHEMERAL));
        return writes;
      }),
  NEVER_ASKS_WHO_DIED(
      io.dmcl.lock.zookeeper.protocol.Look.class, "isSuspect", (self, args, original) -> false),
  SPARES_A_LOOK_THOUGH_SOMEBODY_CAME(
      "io.dmcl.lock.zookeeper.protocol.Succession", "came", (self, args, original) -> 0),
  FORGETS_THE_DEAD_WHEN_IT_SPARES_A_LOOK(
      "io.dmcl.lock.zookeeper.protocol.Succession",
      "look",
      (self, args, original) -> Wrong.lookWithoutTheDead(self, args[0])),
  NOBODY_ELSE_EVER_MODIFIES(Memory.class, "knowsLastBump", (self, args, original) -> true),
  NEWS_DOES_NOT_STICK(
      LocalLock.class,
      "give",
      (self, args, original) -> {
        Object result = original.call();
        call(args[0], "takeNews");
        return result;
      }),
  IGNORES_THE_LEASE(
      io.dmcl.lock.zookeeper.cache.SessionLease.class,
      "extendTo",
      (self, args, original) -> {
        original.call();
        if (!(boolean) get(self, "ended")) {
          set(self, "endNanos", (long) args[0] + 1_000_000_000_000L);
        }
        return null;
      }),
  SLEEPS_THROUGH_A_SUSPENSION(
      "io.dmcl.lock.zookeeper.runtime.LeaseKeeper",
      "check",
      (self, args, original) -> {
        Loop loop = (Loop) get(self, "loop");
        long ran = loop.nanoTime() - (long) get(self, "lastNanos");
        set(self, "lastWallNanos", loop.wallNanos() - ran);
        return original.call();
      }),
  LEASE_FROM_THE_LAST_ANSWERED_WRITE(
      Lease.class,
      "answered",
      (self, args, original) -> {
        ((Lease) self).asked((long) args[0]);
        return original.call();
      }),
  LEASE_FROM_THE_WRITE_BEFORE(
      Lease.class,
      "answered",
      (self, args, original) -> {
        long before = (long) get(self, "lastSentAnswered");
        if (before != Long.MIN_VALUE) {
          ((Lease) self).asked(before);
        }
        return original.call();
      }),
  LEASE_FROM_READS(
      "io.dmcl.lock.zookeeper.runtime.Lane",
      "read",
      (self, args, original) -> {
        Loop loop = (Loop) get(self, "loop");
        Session session = (Session) get(self, "session");
        long sent = loop.nanoTime();
        List<ReadOp> reads = reads(args[1]);
        session.read(
            reads,
            replies ->
                loop.execute(
                    () -> {
                      if (get(self, "session") == session) {
                        if (!replies.get(0).code().outcomeUnknown()) {
                          call(get(self, "leaseKeeper"), "asked", sent);
                        }
                        ((Pipeline) get(self, "pipeline"))
                            .wasRead((Pipeline.Batch) args[0], replies);
                      }
                    }));
        return null;
      }),
  CLOSING_IS_HEARD_LATER(
      "io.dmcl.lock.zookeeper.runtime.Lane",
      "closing",
      (self, args, original) -> {
        call(self, "ended", args[0]);
        return null;
      }),
  SAME_NONCE_IN_EVERY_SESSION(
      "io.dmcl.lock.zookeeper.runtime.Node",
      "random",
      (self, args, original) -> (long) get(self, "nodeId").hashCode()),
  REPEATS_A_CREATE_THAT_MAY_BE_DONE(
      Request.class,
      "settled",
      (self, args, original) -> {
        if (get(self, "phase").toString().equals("ENTERING")) {
          call(get(self, "wire"), "submit", args[0]);
          return null;
        }
        return original.call();
      }),
  GOES_ON_BEFORE_THE_SETTLING_WRITE(
      "io.dmcl.lock.zookeeper.runtime.Lane",
      "settle",
      (self, args, original) -> {
        call(self, "resume", get(self, "pipeline"));
        return null;
      }),
  FORGETS_WATCHES_THAT_WERE_NOT_SET(
      "io.dmcl.lock.zookeeper.runtime.Lane",
      "watchSet",
      (self, args, original) ->
          ((Reply.Read) args[3]).code().outcomeUnknown() ? null : original.call()),
  LEAVES_WATCHES_BEHIND(
      "io.dmcl.lock.zookeeper.runtime.Lane", "unwatch", (self, args, original) -> null),
  LEAVES_ORPHANS_BEHIND(
      "io.dmcl.lock.zookeeper.runtime.Node", "orphaned", (self, args, original) -> null),
  FORGETS_TO_GIVE_BACK(
      "io.dmcl.lock.zookeeper.runtime.LockHandle", "giveBack", (self, args, original) -> null),
  NEVER_WATCHES_FOR_RECALLS(Request.class, "arm", (self, args, original) -> null),
  DOES_NOT_LOOK_AFTER_ARMING(
      Request.class,
      "checkConflict",
      (self, args, original) -> {
        if (Wrong.isFirst(self)) {
          call(get(self, "listener"), "clear", self);
          return null;
        }
        return original.call();
      }),
  DISMISSES_A_NEW_INTENT_WHILE_ARMING(
      Request.class,
      "watchFired",
      (self, args, original) ->
          ((Request) self).isGranted() && Wrong.isFirst(self) ? null : original.call()),
  ORPHANS_LOSE_ONLY_THEIR_INTENTS(
      "io.dmcl.lock.zookeeper.runtime.Orphans",
      "removeOne",
      (self, args, original) ->
          call(get(self, "side"), "write", List.of(call(args[0], "deleteIntent")))),
  REMEMBERS_THE_DEAD_BY_ONE_OF_THEM(
      "io.dmcl.lock.zookeeper.protocol.Publication",
      "intentDeletions",
      (self, args, original) -> Wrong.intentDeletions(self, args[0], args[1])),
  DOWNGRADES_WHEN_THE_LEASE_IS_OVER(
      LocalLock.class,
      "sendDowngrade",
      (self, args, original) -> {
        call(args[0], "downgrade");
        return null;
      }),
  LOST_HOLDS_TAKE_NEWS(
      LocalLock.class,
      "unlocked",
      (self, args, original) -> {
        if (args.length == 2 && args[0] == get(self, "grant") && args[1] != Freshness.UNCHANGED) {
          call(args[0], "takeNews");
        }
        return original.call();
      }),
  RELEASES_BEFORE_THE_HOOK_IS_DONE(
      "io.dmcl.lock.zookeeper.runtime.Node",
      "demote",
      (self, args, original) -> {
        Object result = original.call();
        Object loop = get(self, "loop");
        ((Loop) loop).execute(() -> ((LocalLock) args[0]).hookDone((Grant) args[1], null));
        return result;
      }),
  UPGRADE_WAITS_BEHIND_A_WRITER(Queue.class, "hasExclusiveBefore", (self, args, original) -> false),
  ORPHANS_WHAT_WAS_USED(Request.class, "neverUsed", (self, args, original) -> true),
  RIDES_ON_A_CACHED_MEMBER(
      "io.dmcl.lock.zookeeper.cache.AcquireAll",
      "gather",
      (self, args, original) -> {
        Wrong.gatherWhatIsNotCached(self, original);
        return null;
      }),
  TAKES_A_SET_APART(
      SimSession.class,
      "transact",
      (self, args, original) -> {
        return Wrong.transactInTwo((SimSession) self, args, original);
      }),
  READS_THE_VERSION_BEFORE_THE_QUEUE(
      SimSession.class,
      "read",
      (self, args, original) -> {
        return Wrong.readInTwo((SimSession) self, args, original);
      });

  /** What is done instead of a method. */
  @FunctionalInterface
  interface Instead {
    @Nullable Object call(Object self, @Nullable Object[] args, Callable<?> original)
        throws Exception;
  }

  /** The wrong rules about leases: they show only while sessions are in danger. */
  private static final java.util.Set<PlantedBug> OF_LEASES =
      java.util.EnumSet.of(
          IGNORES_THE_LEASE,
          SLEEPS_THROUGH_A_SUSPENSION,
          LEASE_FROM_THE_LAST_ANSWERED_WRITE,
          LEASE_FROM_THE_WRITE_BEFORE,
          LEASE_FROM_READS,
          CLOSING_IS_HEARD_LATER);

  /** Those that show only where users are faster than the event loop when a lease has ended. */
  private static final java.util.Set<PlantedBug> OF_LATENESS =
      java.util.EnumSet.of(DOWNGRADES_WHEN_THE_LEASE_IS_OVER, LOST_HOLDS_TAKE_NEWS);

  final String target;
  final String method;
  final Instead instead;

  /** The first seed of the kind of schedules in which it is looked for. */
  long from() {
    if (OF_LATENESS.contains(this)) {
      return Plan.LATE_FROM;
    }
    return OF_LEASES.contains(this) ? Plan.ENDANGERED_FROM : Plan.LIVELY_FROM;
  }

  PlantedBug(Class<?> target, String method, Instead instead) {
    this(target.getName(), method, instead);
  }

  PlantedBug(String target, String method, Instead instead) {
    this.target = target;
    this.method = method;
    this.instead = instead;
  }
}
