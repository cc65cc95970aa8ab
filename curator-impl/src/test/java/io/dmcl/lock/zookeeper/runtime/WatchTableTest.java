package io.dmcl.lock.zookeeper.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.WatchOwner;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Whose a watch is, and which are still to be set. */
class WatchTableTest {
  private static final ReadOp READ = new ReadOp.Children("/lock");

  private final WatchTable table = new WatchTable();
  private final WatchOwner first = new Owner();
  private final WatchOwner second = new Owner();

  private static final class Owner implements WatchOwner {
    @Override
    public void watchSet(ReadOp read, Reply.Read reply) {}

    @Override
    public void watchFired(ReadOp read) {}
  }

  private List<WatchOwner> unset() {
    List<WatchOwner> owners = new ArrayList<>();
    table.takeUnset((owner, read) -> owners.add(owner));
    return owners;
  }

  @Test
  void fired_ownedByTheLast_isToldOnce() {
    table.add(first, READ);
    table.add(second, READ);
    assertThat(table.fired(READ)).isSameAs(second);
    assertThat(table.fired(READ)).isNull();
  }

  @Test
  void remove_takenOverByAnother_leavesIt() {
    table.add(first, READ);
    table.add(second, READ);
    assertThat(table.remove(first, READ)).isFalse();
    assertThat(table.fired(READ)).isSameAs(second);
  }

  @Test
  void remove_notSetYet_hasNothingToBeRemovedThere() {
    table.add(first, READ);
    table.setLater(first, READ);
    assertThat(table.remove(first, READ)).isFalse();
    assertThat(unset()).isEmpty();
    table.add(first, READ);
    assertThat(table.remove(first, READ)).isTrue();
  }

  @Test
  void takeUnset_byThoseWhoStillWatch_once() {
    table.add(first, READ);
    table.setLater(first, READ);
    assertThat(unset()).containsExactly(first);
    assertThat(unset()).isEmpty();

    table.setLater(first, READ);
    table.add(second, READ);
    assertThat(unset()).isEmpty();
    table.setLater(second, READ);
    table.setLater(first, READ); // a late answer: it is another's by now
    assertThat(unset()).containsExactly(second);
  }
}
