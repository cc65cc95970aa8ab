package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.LockProperty;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * What a schedule is like: drawn from its seed. Every schedule has some of everything switched off,
 * so that what is left happens often.
 */
final class Plan {
  private static final long MILLI = 1_000_000L;

  /** A kind of fault. */
  enum Fault {
    DISCONNECT,
    STOP_SERVER,
    CUT_SERVER,
    ELECT,
    PAUSE_NODE,
    SUSPEND_MACHINE,
    CRASH_NODE,
    REPLACE_HANDLE,
    CLOSE_HANDLE,
    GIVE_UP_SESSION,
    CLOSE_NODE,
    HOOK_THROWS,
    PURGE
  }

  /** From this seed on the lockspace is there before the nodes, and more happens. */
  static final long LIVELY_FROM = 2_000_000;

  /**
   * From this seed on, besides, sessions are in danger: machines stop and servers are cut off for
   * about as long as a session lasts, and time passes in smaller steps, so that clients stay
   * connected to those servers.
   */
  static final long ENDANGERED_FROM = 3_000_000;

  /**
   * From this seed on, of the faults, machines stop while something is on its way to their users,
   * until their leases are over; and when they go on, their users are faster than the event loop
   * that has to find that out.
   */
  static final long LATE_FROM = 4_000_000;

  private static final Set<Fault> ENDANGERING =
      EnumSet.of(
          Fault.DISCONNECT,
          Fault.STOP_SERVER,
          Fault.CUT_SERVER,
          Fault.PAUSE_NODE,
          Fault.SUSPEND_MACHINE,
          Fault.REPLACE_HANDLE,
          Fault.CLOSE_HANDLE);

  final boolean lively;
  final boolean endangered;
  final boolean late;
  final int machines;
  final int locks;
  final int servers;
  final long tickNanos;
  final long sessionTimeoutNanos;
  final long idleNanos;
  final int maxCachedGrants;
  final long stepNanos;
  final int events;
  final Set<Fault> faults = EnumSet.noneOf(Fault.class);

  /** Among what the next fault is drawn; nothing happens if it is not one of {@link #faults}. */
  final List<Fault> candidates;

  final int faultPerMille;
  final int ensembleWeight;
  final int loopWeight;
  final int callbackWeight;
  final int userWeight;
  final int timeWeight;
  final int jumpPerMille;
  final long jumpNanos;
  final int longFaultsPercent;
  final long leastLongFaultNanos;
  final int busyPercent;
  final int exclusivePercent;
  final int setPercent;
  final int rarePercent;
  final int driftPpm;
  final boolean owned;
  final boolean lateCounter;
  final boolean hooksTakeLocks;
  final List<Set<LockProperty>> properties = new ArrayList<>();

  Plan(long seed, SplittableRandom random) {
    lively = seed >= LIVELY_FROM;
    endangered = seed >= ENDANGERED_FROM;
    late = seed >= LATE_FROM;
    machines = 2 + random.nextInt(3);
    locks = 1 + random.nextInt(3);
    servers = endangered ? 2 + random.nextInt(2) : 1 + random.nextInt(3);
    tickNanos = 100 * MILLI;
    sessionTimeoutNanos = tickNanos * (4 + random.nextInt(4));
    idleNanos = random.nextInt(4) == 0 ? 1500 * MILLI : 0;
    maxCachedGrants = random.nextInt(4) == 0 ? 1 : 100;
    stepNanos = 2_000L << random.nextInt(8);
    events = (lively ? 2 : 1) * (150 + random.nextInt(450));
    if (endangered || random.nextInt(4) != 0) {
      for (Fault fault : endangered ? ENDANGERING : EnumSet.allOf(Fault.class)) {
        if (random.nextInt(endangered ? 2 : 3) == 0) {
          faults.add(fault);
        }
      }
    }
    if (late) {
      faults.retainAll(EnumSet.of(Fault.DISCONNECT));
      faults.add(Fault.PAUSE_NODE);
    }
    candidates = endangered ? List.copyOf(faults) : List.of(Fault.values());
    faultPerMille = (endangered ? 10 : 2) + random.nextInt(40);
    ensembleWeight = 1 << random.nextInt(4);
    loopWeight = 1 << random.nextInt(4);
    callbackWeight = 1 << random.nextInt(3);
    userWeight = 1 << random.nextInt(3);
    timeWeight = random.nextInt(3) + (late ? 2 : 0);
    int jumps = random.nextInt(3) == 0 ? 10 + random.nextInt(100) : 2;
    jumpPerMille =
        endangered || (lively && random.nextBoolean()) ? 30 + random.nextInt(150) : jumps;
    jumpNanos = endangered ? sessionTimeoutNanos / 4 : sessionTimeoutNanos;
    leastLongFaultNanos = endangered ? sessionTimeoutNanos / 2 : 0;
    longFaultsPercent = endangered ? 67 : 33;
    busyPercent = random.nextInt(3) * 20;
    exclusivePercent = 20 + random.nextInt(70);
    setPercent = locks > 1 && random.nextInt(2) == 0 ? 25 : 0;
    rarePercent = random.nextInt(2) * 15;
    driftPpm = 35_000;
    owned = random.nextBoolean();
    lateCounter = random.nextInt(20) == 0;
    hooksTakeLocks = random.nextInt(5) == 0;
    for (int i = 0; i < machines * locks; i++) {
      Set<LockProperty> set = EnumSet.noneOf(LockProperty.class);
      for (LockProperty property : LockProperty.values()) {
        if (random.nextBoolean()) {
          set.add(property);
        }
      }
      if (late && random.nextBoolean()) {
        set.addAll(EnumSet.of(LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK));
      }
      properties.add(set);
    }
  }

  boolean has(Fault fault) {
    return faults.contains(fault);
  }
}
