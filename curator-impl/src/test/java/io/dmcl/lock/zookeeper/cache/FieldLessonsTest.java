package io.dmcl.lock.zookeeper.cache;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.Freshness;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.zookeeper.FieldLessonsIT;
import io.dmcl.lock.zookeeper.cache.LockBench.Caller;
import io.dmcl.lock.zookeeper.protocol.Entry;
import io.dmcl.lock.zookeeper.protocol.Queue;
import io.dmcl.lock.zookeeper.protocol.Request;
import io.dmcl.lock.zookeeper.protocol.RequestId;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What went wrong in other systems, as tests that are named after the reports: those that need an
 * order of events that a real ensemble cannot be driven to. The others are in {@code
 * FieldLessonsIT}.
 */
class FieldLessonsTest {
  private static final long SECOND = 1_000_000_000L;
  private static final LockOptions CACHED =
      LockOptions.of(LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK);

  @Test
  void rows_allThirty_haveATest() {
    List<String> tests =
        Stream.of(FieldLessonsTest.class, FieldLessonsIT.class)
            .flatMap(tested -> Stream.of(tested.getDeclaredMethods()))
            .filter(method -> method.isAnnotationPresent(Test.class))
            .map(Method::getName)
            .toList();
    for (int row = 1; row <= 30; row++) {
      String prefix = String.format("row%02d_", row);
      assertThat(tests).anyMatch(test -> test.startsWith(prefix));
    }
  }

  private static Entry firstOf(LockBench bench) {
    return bench.queue().entries().get(0);
  }

  @Test
  void row19_redisson3891_helix44_changeBeforeTheWatchIsSet_isNotMissed() {
    LockBench bench = new LockBench(LockOptions.of());
    Entry other = bench.foreign(EXCLUSIVE);
    Caller waiter = bench.acquire(EXCLUSIVE);
    bench.answerOne(); // the other is in the way; the watch is on its way
    bench.cancel(other);
    bench.answer();
    assertThat(waiter.holds()).isTrue();

    LockBench cached = new LockBench(CACHED);
    Caller holder = cached.acquire(EXCLUSIVE);
    cached.answerOne(); // granted; the watch for others is on its way
    Entry later = cached.foreign(SHARED);
    cached.answer();
    cached.pass(SECOND);
    cached.unlock(holder);
    cached.answer();
    assertThat(cached.queue().blockerOf(later, null)).isNull();
  }

  @Test
  void row20_kazoo649_everyEntry_waitsForEarlierOnesOnly() {
    int length = 7;
    for (int modes = 0; modes < 1 << length; modes++) {
      List<Entry> entries = new ArrayList<>();
      for (int i = 0; i < length; i++) {
        LockMode mode = (modes >> i & 1) == 0 ? SHARED : EXCLUSIVE;
        entries.add(new Entry(mode, RequestId.of(RequestId.nonce(length - i), i), 3 * i));
      }
      List<String> names = new ArrayList<>(entries.stream().map(Entry::name).toList());
      Collections.reverse(names);
      Queue queue = Queue.of(names);
      for (Entry own : entries) {
        Entry blocker = queue.blockerOf(own, null);
        boolean conflict =
            entries.stream()
                .anyMatch(e -> e.compareTo(own) < 0 && e.mode().conflictsWith(own.mode()));
        assertThat(blocker != null).as("%s waits in %s", own, queue).isEqualTo(conflict);
        if (blocker != null) {
          assertThat(blocker).as("what %s waits for in %s", own, queue).isLessThan(own);
          assertThat(blocker.mode().conflictsWith(own.mode())).isTrue();
        }
      }
    }

    LockBench bench = new LockBench(LockOptions.of());
    Entry earlier = bench.foreign(EXCLUSIVE);
    Caller reader = bench.acquire(SHARED);
    bench.answer();
    bench.foreign(EXCLUSIVE);
    bench.cancel(earlier);
    bench.answer();
    assertThat(reader.holds()).isTrue();
  }

  @Test
  void row21_kazoo730_counterNearItsEnd_startsAgain() {
    String id = RequestId.of(RequestId.nonce(1), 1).text();
    assertThat(Entry.parse("x-" + id + "--000000001")).isNull();
    assertThat(Entry.parse("x-" + id + "-2147483648")).isNull();
    assertThat(Queue.of(List.of("x-" + id + "-2147483647", "s-" + id + "-0999999999")).entries())
        .extracting(Entry::sequence)
        .containsExactly(999_999_999, Integer.MAX_VALUE);

    LockBench bench = new LockBench(CACHED);
    bench.setSequence(1 << 30);
    Caller late = bench.acquire(EXCLUSIVE);
    bench.answer();
    bench.unlock(late);
    bench.answer();
    Caller next = bench.acquire(EXCLUSIVE);
    bench.answer();
    assertThat(next.holds()).isTrue();
    assertThat(firstOf(bench).sequence()).isZero();
  }

  @Test
  void row21_kazoo730_counterAtItsEnd_nobodySharesAPlace() {
    LockBench bench = new LockBench(LockOptions.of());
    bench.setSequence(Integer.MAX_VALUE);
    Entry last = bench.foreign(EXCLUSIVE);
    Caller waiter = bench.acquire(SHARED);
    bench.answer();
    assertThat(bench.queue().entries()).containsExactly(last);
    assertThat(waiter.holds()).isFalse();

    bench.cancel(last);
    bench.pass(SECOND);
    bench.lock.advance();
    bench.answer();
    assertThat(waiter.holds()).isTrue();
    bench.unlock(waiter);
    bench.answer();
    assertThat(bench.foreign(EXCLUSIVE).sequence()).isZero();
  }

  @Test
  void row24_harper2498_lateNewsOfAnEarlierGrant_doesNotTouchTheNextOne() {
    LockBench bench = new LockBench(CACHED);
    Caller first = bench.acquire(EXCLUSIVE);
    bench.answer();
    bench.unlock(first);
    bench.answer();
    bench.pass(SECOND);
    Entry other = bench.foreign(EXCLUSIVE);
    bench.answer();
    bench.cancel(other);
    Caller second = bench.acquire(EXCLUSIVE);
    bench.answer();
    assertThat(second.holds()).isTrue();
    Grant grant = Objects.requireNonNull(second.grant);

    Request earlier = bench.placed.get(0);
    bench.lock.recalled(earlier, EXCLUSIVE);
    bench.lock.downgraded(earlier, 1);
    bench.lock.hookDone(Objects.requireNonNull(first.grant), null);
    bench.lock.gone(earlier, Request.Ending.RELEASED);
    bench.lock.unlocked(Objects.requireNonNull(first.grant), Freshness.MODIFIED);
    bench.answer();
    assertThat(bench.owns(grant, EXCLUSIVE)).isTrue();
    assertThat(bench.lock.fastGrant()).isSameAs(grant);
    assertThat(bench.lock.word().exclusiveHolds()).isEqualTo(1);
  }

  @Test
  void row24_harper2580_recallAfterUnlock_waitsForTheHook() {
    LockBench bench = new LockBench(CACHED.withDemoteHook(demotion -> {}));
    Caller user = bench.acquire(EXCLUSIVE);
    bench.answer();
    bench.unlock(user);
    bench.answer();
    bench.pass(SECOND);
    Entry other = bench.foreign(EXCLUSIVE);
    bench.answer();

    Grant grant = Objects.requireNonNull(user.grant);
    assertThat(bench.demoting).containsExactly(grant);
    Caller late = bench.acquire(EXCLUSIVE);
    bench.answer();
    assertThat(late.holds()).isFalse();
    assertThat(bench.owns(grant, EXCLUSIVE)).isTrue();

    bench.lock.hookDone(grant, null);
    bench.answer();
    assertThat(firstOf(bench)).isEqualTo(other);
    assertThat(late.holds()).isFalse();
    bench.cancel(other);
    bench.answer();
    assertThat(late.holds()).isTrue();
  }

  @Test
  void row25_nodeRedlock299_grantThatCameTooLate_isNotGivenOut() {
    LockBench bench = new LockBench(LockOptions.of());
    SessionLease over = bench.lease();
    Caller caller = bench.acquire(EXCLUSIVE);
    bench.endLease();
    bench.answer(); // the queue says that it is granted
    assertThat(caller.holds()).isFalse();

    bench.lock.leaseOver(over);
    bench.answer();
    assertThat(caller.holds()).isTrue();
    assertThat(Objects.requireNonNull(caller.grant).lease().isValid(bench.nanoTime())).isTrue();
  }

  @Test
  void row26_ocfs2_conflictBeforeTheFirstUse_waitsForIt() {
    LockBench bench = new LockBench(CACHED);
    Entry earlier = bench.foreign(EXCLUSIVE);
    Caller caller = bench.acquire(EXCLUSIVE);
    bench.answer();
    Entry later = bench.foreign(EXCLUSIVE);
    bench.cancel(earlier);
    bench.answer();
    bench.pass(SECOND);
    bench.lock.advance();
    bench.answer();
    assertThat(caller.holds()).isTrue();
    assertThat(bench.owns(Objects.requireNonNull(caller.grant), EXCLUSIVE)).isTrue();
    bench.unlock(caller);
    bench.answer();
    assertThat(firstOf(bench)).isEqualTo(later);
  }

  @Test
  void row26_ocfs2_conflictAndNobodyLeftToUseIt_isServedAtOnce() {
    LockBench bench = new LockBench(CACHED);
    Entry earlier = bench.foreign(EXCLUSIVE);
    Caller caller = bench.acquire(EXCLUSIVE);
    bench.answer();
    Entry later = bench.foreign(EXCLUSIVE);
    bench.answer();
    bench.cancel(earlier);
    assertThat(bench.lock.withdraw(caller)).isTrue();
    bench.answer();
    assertThat(bench.queue().entries()).containsExactly(later);
  }
}
