package io.dmcl.lock.zookeeper.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.Freshness;
import io.dmcl.lock.LockMode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Who is in the queue, whose turn it is, and who is dismissed. */
class LocalQueueTest {
  private final List<String> told = new ArrayList<>();
  private final Waiter patient = new Caller("patient", true);
  private final Waiter impatient = new Caller("impatient", false);

  private final class Caller extends Waiter {
    private final String name;
    Runnable onFailure = () -> {};

    Caller(String name, boolean patient) {
      super(LockMode.SHARED, patient, null);
      this.name = name;
    }

    @Override
    protected void granted(Grant grant, Freshness news) {
      told.add(name + " granted");
    }

    @Override
    protected void busy() {
      told.add(name + " busy");
    }

    @Override
    protected void failed(RuntimeException cause) {
      told.add(name + " failed");
      onFailure.run();
    }
  }

  @Test
  void with_nobodyThere_leavesTheSharedQueueEmpty() {
    LocalQueue queue = LocalQueue.EMPTY.with(patient);
    assertThat(queue.head()).isSameAs(patient);
    assertThat(LocalQueue.EMPTY.isEmpty()).isTrue();
    assertThat(queue.with(impatient)).isSameAs(queue);
    assertThat(queue.size()).isEqualTo(2);
  }

  @Test
  void removeHead_takesThemInTheirOrder() {
    LocalQueue queue = LocalQueue.EMPTY.with(patient).with(impatient);
    assertThat(queue.removeHead()).isSameAs(patient);
    assertThat(queue.removeHead()).isSameAs(impatient);
    assertThat(queue.isEmpty()).isTrue();
  }

  @Test
  void dismissImpatient_nobodyBeforeTheHead_sparesTheHead() {
    LocalQueue queue = LocalQueue.EMPTY.with(impatient).with(new Caller("second", false));
    assertThat(queue.dismissImpatient(false, Waiter::busy)).isTrue();
    assertThat(told).containsExactly("second busy");
    assertThat(queue.dismissImpatient(false, Waiter::busy)).isFalse();
    assertThat(queue.dismissImpatient(true, Waiter::busy)).isTrue();
    assertThat(told).containsExactly("second busy", "impatient busy");
  }

  @Test
  void dismissImpatient_thePatient_stay() {
    LocalQueue queue = LocalQueue.EMPTY.with(patient);
    assertThat(queue.dismissImpatient(true, Waiter::busy)).isFalse();
    assertThat(queue.head()).isSameAs(patient);
  }

  @Test
  void fail_oneTakesAnotherWithIt_tellsEachOnceAtMost() {
    Caller first = new Caller("first", true);
    LocalQueue queue = LocalQueue.EMPTY.with(first).with(patient);
    first.onFailure = () -> assertThat(queue.remove(patient)).isTrue();
    queue.fail(() -> new IllegalStateException("closed"));
    assertThat(told).containsExactly("first failed");
    assertThat(queue.isEmpty()).isTrue();
  }
}
