package io.dmcl.lock.zookeeper.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dmcl.lock.LockName;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Which ensemble a lock lives on. */
class RendezvousTest {
  private static final List<LockName> LOCKS =
      Stream.concat(
              IntStream.range(0, 5_000).mapToObj(i -> LockName.of("lock-" + i)),
              IntStream.range(0, 5_000).mapToObj(LockName::of))
          .toList();

  private static List<String> ensembles(int count) {
    return IntStream.range(0, count).mapToObj(i -> "zk-" + i).toList();
  }

  /** Were one of these to change, locks would be sought where they are not. */
  @Test
  void home_isTheSameForEver() {
    Rendezvous rendezvous = new Rendezvous(List.of("east", "north", "south", "west"));
    Map<LockName, String> homes =
        Map.of(
            LockName.of("accounts"), "west",
            LockName.of("settings"), "north",
            LockName.of("7"), "west",
            LockName.of(7), "south",
            LockName.of(0), "east",
            LockName.of(-1), "east",
            LockName.of("/"), "west",
            LockName.of("\u00e9\ud83d\udd12"), "east",
            LockName.of("n".repeat(128)), "west");
    Map<String, String> found = new TreeMap<>();
    Map<String, String> expected = new TreeMap<>();
    homes.forEach(
        (lock, home) -> {
          found.put(lock.toString(), rendezvous.home(lock));
          expected.put(lock.toString(), home);
        });
    assertThat(found).isEqualTo(expected);
  }

  @Test
  void home_orderOfTheEnsembles_doesNotMatter() {
    Rendezvous one = new Rendezvous(List.of("a", "b", "c"));
    Rendezvous other = new Rendezvous(List.of("c", "a", "b"));
    assertThat(LOCKS).allSatisfy(lock -> assertThat(one.home(lock)).isEqualTo(other.home(lock)));
  }

  @Test
  void home_manyLocks_areSpreadEvenly() {
    for (int count : new int[] {1, 2, 3, 8}) {
      Rendezvous rendezvous = new Rendezvous(ensembles(count));
      Map<String, Integer> locks = new TreeMap<>();
      LOCKS.forEach(lock -> locks.merge(rendezvous.home(lock), 1, Integer::sum));
      int share = LOCKS.size() / count;
      assertThat(locks).hasSize(count);
      assertThat(locks.values())
          .allSatisfy(n -> assertThat(n).isBetween(share * 9 / 10, share * 11 / 10));
    }
  }

  @Test
  void home_oneEnsembleMore_takesItsShareAndNothingElseMoves() {
    for (int count : new int[] {1, 2, 3, 7}) {
      Rendezvous before = new Rendezvous(ensembles(count));
      Rendezvous after = new Rendezvous(ensembles(count + 1));
      String added = "zk-" + count;
      List<LockName> moved = new ArrayList<>();
      for (LockName lock : LOCKS) {
        if (!after.home(lock).equals(before.home(lock))) {
          assertThat(after.home(lock)).isEqualTo(added);
          moved.add(lock);
        }
      }
      int share = LOCKS.size() / (count + 1);
      assertThat(moved.size()).isBetween(share * 9 / 10, share * 11 / 10);
    }
  }

  @Test
  void noEnsemble_isRefused() {
    assertThatThrownBy(() -> new Rendezvous(List.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
