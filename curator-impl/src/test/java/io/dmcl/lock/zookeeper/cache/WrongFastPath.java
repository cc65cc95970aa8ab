package io.dmcl.lock.zookeeper.cache;

/**
 * Wrong ways to count holds and to end leases, each a change of one method: what Lincheck has to
 * find, and the race in which it does.
 */
enum WrongFastPath {
  /** Not wrong. */
  NOTHING(Race.CALLERS, HoldWord.class, "", method -> method),
  ENTERS_SHARED_IN_TWO_STEPS(Race.CALLERS, HoldWord.class, "tryEnterShared", Change.inTwoSteps()),
  ENTERS_EXCLUSIVE_IN_TWO_STEPS(
      Race.WRITERS, HoldWord.class, "tryEnterExclusive", Change.inTwoSteps()),
  TWO_WRITERS_PASS_THE_SEMAPHORE(
      Race.SEMAPHORE_WRITERS, HoldWord.class, "tryEnterExclusive", Change.inTwoSteps()),
  WRITER_PASSES_READERS_AT_THE_SEMAPHORE(
      Race.SEMAPHORE_READER_AND_WRITER,
      HoldWord.class,
      "tryEnterExclusive",
      Change.constant(Bits.HOLDS, Bits.EXCLUSIVE)),
  READER_PASSES_A_WRITER_AT_THE_SEMAPHORE(
      Race.SEMAPHORE_READER_AND_WRITER,
      HoldWord.class,
      "tryEnterShared",
      Change.constant(Bits.EXCLUSIVE, 0)),
  SPREADS_A_SEMAPHORE(
      Race.SEMAPHORE_COLLISIONS,
      HoldWord.class,
      "tryEnterShared",
      Change.constant(Bits.SEMAPHORE, 0)),
  WRITES_WHERE_ONLY_READERS_MAY(
      Race.ACQUIRE_AND_RECALL,
      HoldWord.class,
      "tryEnterExclusive",
      Change.constant(Bits.WRITABLE, Bits.SEMAPHORE | Bits.SLOW)),
  EXITS_IN_TWO_STEPS(Race.UNLOCK_AND_RECALL, HoldWord.class, "exit", Change.inTwoSteps()),
  OPENS_IN_TWO_STEPS(Race.UNLOCK_AND_OPEN, HoldWord.class, "open", Change.inTwoSteps()),
  CLOSES_IN_TWO_STEPS(Race.UNLOCK_AND_RECALL, HoldWord.class, "close", Change.inTwoSteps()),
  LOSES_IN_TWO_STEPS(Race.UNLOCK_AND_LOSS, HoldWord.class, "markLost", Change.inTwoSteps()),
  LOSES_WITHOUT_CLOSING(
      Race.ACQUIRE_AND_LOSS,
      HoldWord.class,
      "markLost",
      Change.constant(Bits.SLOW | Bits.LOST, Bits.LOST)),
  FAILS_IN_TWO_STEPS(Race.UNLOCK_AND_FAILURE, HoldWord.class, "fail", Change.inTwoSteps()),
  FORGIVES_IN_TWO_STEPS(
      Race.UNLOCK_AND_FORGIVENESS, HoldWord.class, "clearLost", Change.inTwoSteps()),
  GIVES_IN_TWO_STEPS(Race.UNLOCK_AND_SERVICE, HoldWord.class, "enter", Change.inTwoSteps()),
  CONVERTS_IN_TWO_STEPS(Race.CONVERT_SPREAD, HoldWord.class, "convert", Change.inTwoSteps()),
  SPREADS_IN_TWO_STEPS(Race.UNLOCK_AND_SPREAD, HoldWord.class, "spread", Change.inTwoSteps()),
  SPREADS_WITHOUT_A_MONITOR(Race.SPREAD_TWICE, HoldWord.class, "spread", Change.unsynchronized()),
  SAYS_THAT_IT_IS_SPREAD_TOO_EARLY(
      Race.ACQUIRE_AND_SPREAD, HoldWord.class, "spread", Change.first(Bits.SPREAD)),
  LEAVES_IN_TWO_STEPS(
      Race.UNLOCK_FROM_BEFORE_THE_SPREAD, HoldWord.class, "leave", Change.inTwoSteps()),
  SPREAD_READER_DOES_NOT_LOOK_AGAIN(
      Race.SPREAD_ACQUIRE_AND_RECALL, HoldWord.class, "isOpen", Change.always(true)),
  SPREAD_READER_LOOKS_BEFORE_IT_LEAVES(
      Race.SPREAD_UNLOCK_AND_RECALL, HoldWord.class, "exitSpread", Change.readsOnce()),
  SPREAD_READER_DOES_NOT_LOOK_BEFORE_IT_LEAVES(
      Race.SPREAD_UNLOCK_OF_A_LOST_HOLD,
      HoldWord.class,
      "exitSpread",
      Change.constant(Bits.LOST, 0)),
  SPREAD_READERS_ARE_NOT_COUNTED(
      Race.SPREAD_UNLOCK_AND_RECALL,
      HoldWord.class,
      "sharedHolds",
      Change.constant(Bits.SPREAD, 0)),
  COUNTS_IN_IN_TWO_STEPS(
      Race.SPREAD_ENTER_WHERE_ANOTHER_LEAVES, ReadIndicator.class, "tryEnter", Change.inTwoSteps()),
  COUNTS_OUT_IN_TWO_STEPS(
      Race.SPREAD_UNLOCK_TWICE, ReadIndicator.class, "tryExit", Change.inTwoSteps()),
  EXTENDS_A_LEASE_THAT_IS_BEING_ENDED(
      Race.LEASE_END_AND_EXTENSION, SessionLease.class, "extendTo", Change.neverSees("ended")),
  ENDS_A_LEASE_BEFORE_IT_SAYS_SO(
      Race.LEASE_END_AND_EXTENSION,
      SessionLease.class,
      "end",
      Change.setsLast(SessionLease.class, "ended"));

  final Race race;
  final Class<?> target;
  final String method;
  final Change change;

  WrongFastPath(Race race, Class<?> target, String method, Change change) {
    this.race = race;
    this.target = target;
    this.method = method;
    this.change = change;
  }

  /** The bits of the word. */
  private static final class Bits {
    static final long EXCLUSIVE = ((1L << 20) - 1) << 20;
    static final long HOLDS = (1L << 40) - 1;
    static final long SLOW = 1L << 40;
    static final long WRITABLE = 1L << 41;
    static final long LOST = 1L << 42;
    static final long SEMAPHORE = 1L << 43;
    static final long SPREAD = 1L << 44;
  }
}
