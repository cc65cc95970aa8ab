package io.dmcl.lock.zookeeper.sim;

import static io.dmcl.lock.zookeeper.sim.Recorder.children;
import static io.dmcl.lock.zookeeper.sim.Recorder.create;
import static io.dmcl.lock.zookeeper.sim.Recorder.data;
import static io.dmcl.lock.zookeeper.sim.Recorder.sequential;
import static io.dmcl.lock.zookeeper.sim.Recorder.set;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The driver's side of the simulated ensemble. */
class EnsembleTest {
  private static final long TIMEOUT_NANOS = 10_000_000_000L;

  @Test
  void settle_answersEverything() {
    Ensemble ensemble = new Ensemble(Settings.of(3));
    Recorder recorder = new Recorder(ensemble.client(TIMEOUT_NANOS));
    ensemble.settle();
    recorder.write(create("/a"), sequential("/a/x-"));
    recorder.watch(children("/a"));
    recorder.write(set("/a", "1"), sequential("/a/x-"));
    recorder.read(data("/a"), children("/b"));
    ensemble.settle();
    assertThat(recorder.said())
        .containsExactly(
            "opened",
            "OK OK=/a OK=/a/x-0000000000",
            "''[x-0000000000]",
            "CHILDREN /a",
            "OK OK OK=/a/x-0000000001",
            "'1'[]",
            "NO_NODE");
  }

  @Test
  void take_sameChoices_sameHistory() {
    assertThat(history(7)).isEqualTo(history(7)).isNotEqualTo(history(8));
  }

  private static List<String> history(long seed) {
    Random random = new Random(seed);
    Ensemble ensemble = new Ensemble(Settings.of(3));
    Recorder one = new Recorder(ensemble.client(TIMEOUT_NANOS));
    Recorder two = new Recorder(ensemble.client(TIMEOUT_NANOS));
    ensemble.settle();
    one.write(create("/a"));
    for (int i = 0; i < 300; i++) {
      Recorder recorder = random.nextBoolean() ? one : two;
      if (random.nextInt(20) == 0) {
        ensemble.disconnect(recorder.client, 0, 0);
      } else if (random.nextInt(4) == 0) {
        recorder.write(sequential("/a/x-"));
        recorder.watch(children("/a"));
      } else {
        List<Step> steps = ensemble.steps();
        if (steps.isEmpty()) {
          ensemble.advanceTo(ensemble.nextDueNanos());
        } else {
          ensemble.take(steps.get(random.nextInt(steps.size())));
        }
      }
    }
    ensemble.settle();
    List<String> said = new java.util.ArrayList<>(one.said());
    said.addAll(two.said());
    return said;
  }

  @Test
  void fingerprint_differsOnlyInTransactionsThatChangedNothing_same() {
    assertThat(print(1)).isEqualTo(print(5)).isNotEqualTo(print(0));
  }

  private static String print(int idle) {
    Ensemble ensemble = new Ensemble(Settings.of(1));
    Recorder recorder = new Recorder(ensemble.client(TIMEOUT_NANOS));
    ensemble.settle();
    recorder.write(create("/a"));
    for (int i = 0; i < idle; i++) {
      recorder.write(set("/a", "x"));
    }
    ensemble.settle();
    Fingerprint print = new Fingerprint();
    ensemble.fingerprint(print, false);
    return print.toString();
  }
}
