package io.dmcl.lock.zookeeper.runtime;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Threshold;
import jdk.jfr.Timespan;
import org.jspecify.annotations.Nullable;

/**
 * The events that Flight Recorder is given; their names, fields and thresholds are what users
 * configure and read. What began before the recording did is not in it.
 */
@SuppressWarnings({"NullAway.Init", "UnusedVariable"}) // Flight Recorder reads the fields
final class FlightEvents {
  private static final String THRESHOLD = "20 ms";

  private FlightEvents() {}

  /** What all have in common. */
  @Category("dmcl")
  @StackTrace(false)
  abstract static class NodeEvent extends Event {
    @Label("Lockspace")
    String lockspace;

    @Label("Node")
    @Description("The node's id, as in the dump")
    String node;
  }

  /** What those of one lock have in common. */
  abstract static class LockEvent extends NodeEvent {
    @Label("Lock")
    String lock;

    @Label("Mode")
    String mode;
  }

  /** A caller's way to a hold, except where the grant was cached. */
  @Name("dmcl.Acquire")
  @Label("Acquire")
  @Description("A caller waited for a hold. Cached acquires are not recorded.")
  @StackTrace
  @Threshold(THRESHOLD)
  static final class Acquire extends LockEvent {
    @Label("Locks")
    @Description("How many locks were acquired at once")
    int locks = 1;

    @Label("Outcome")
    @Description(
        "GRANTED, BUSY, TIMED_OUT, INTERRUPTED, CANCELLED, or the name of the exception thrown")
    String outcome;

    @Label("Freshness")
    @Description("What the caller was told; of a set, the freshness of the first lock")
    @Nullable String freshness;
  }

  /** A request behind another node's. */
  @Name("dmcl.Wait")
  @Label("Wait")
  @Description("The node's request waited in the lock's queue for another node's")
  @Threshold(THRESHOLD)
  static final class Wait extends LockEvent {
    @Label("Request")
    String request;

    @Label("Behind")
    @Description("The request it waited for last; begins with the session id that the dump shows")
    String behind;

    @Label("Granted")
    @Description("Whether it was granted in the end")
    boolean granted;
  }

  /** A grant, from beginning to end. */
  @Name("dmcl.Grant")
  @Label("Grant")
  @Description("The node owned the lock, used or cached")
  @Threshold(THRESHOLD)
  static final class Grant extends LockEvent {
    @Label("Freshness")
    @Description("What was found when it was granted")
    String freshness;

    @Label("Fencing token")
    long token;

    @Label("Uses")
    @Description("How many holds were taken on it")
    long uses;

    @Label("End")
    @Description("RELEASED, UPGRADED, ABANDONED (as if the owner had died) or LOST")
    String end;
  }

  /** From another node's wish to its fulfilment. */
  @Name("dmcl.Recall")
  @Label("Recall")
  @Description("Another node needed a lock that this node owned: how long it had to wait for it")
  @Threshold(THRESHOLD)
  static final class Recall extends LockEvent {
    @Label("Wanted mode")
    String wanted;

    @Label("End")
    @Description("RELEASED, DEMOTED, UPGRADED, WITHDRAWN (by the other), ABANDONED or LOST")
    String end;
  }

  /** A run of a demote hook. */
  @Name("dmcl.DemoteHook")
  @Label("Demote Hook")
  @Description("A demote hook ran before a cached grant was given up or weakened")
  static final class DemoteHook extends LockEvent {
    @Label("To mode")
    @Description("SHARED, or null if nothing is kept")
    @Nullable String to;

    @Label("Failure")
    @Description("What it threw; null if nothing")
    @Nullable String failure;
  }

  /** What those of one session have in common. */
  abstract static class SessionEvent extends NodeEvent {
    @Label("Session")
    @Description("What the session's requests begin with, as in the dump")
    String session;

    @Label("Change")
    String change;
  }

  /** A lease begins, is moved on, or ends. */
  @Name("dmcl.Lease")
  @Label("Lease")
  @Description("The lease of a session was BEGUN, EXTENDED (about once per tick), or is OVER")
  static final class Lease extends SessionEvent {
    @Label("Left")
    @Description("What was left of it before")
    @Timespan(Timespan.NANOSECONDS)
    long left;

    @Label("Remaining")
    @Description("What is left of it now")
    @Timespan(Timespan.NANOSECONDS)
    long remaining;
  }

  /** A session comes, goes, or loses its connection. */
  @Name("dmcl.Session")
  @Label("Session")
  @Description("A session was OPENED, DISCONNECTED, RECONNECTED, or has ENDED")
  static final class Session extends SessionEvent {
    @Label("ZooKeeper session")
    @Description("In hexadecimal, as in the servers' logs")
    String zooKeeperSession;

    @Label("Timeout")
    @Timespan(Timespan.NANOSECONDS)
    long timeout;
  }
}
