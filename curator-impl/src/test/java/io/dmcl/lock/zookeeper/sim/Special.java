package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** The cases of {@link Conformance} that random actions do not come to. */
final class Special {
  private static final int WATCHED = 24;
  private static final int LARGE_BYTES = 700_000;

  private Special() {}

  private static WriteOp create(String path, int bytes) {
    return new WriteOp.Create(path, new byte[bytes], WriteOp.Kind.PERSISTENT);
  }

  private static Action transact(int slot, List<WriteOp> writes) {
    return new Action.Batch(slot, List.of(new Action.Transact(writes)));
  }

  /** Slot 0 watches data and children of znodes; this is before its connection breaks. */
  static List<Action> beforeReconnect(String root) {
    List<WriteOp> creates = new ArrayList<>(List.of(create(root, 0)));
    List<Action.Op> watches = new ArrayList<>();
    for (int i = 0; i < WATCHED; i++) {
      String path = root + "/w" + i;
      creates.add(create(path, 0));
      creates.add(create(path + "/c", 0));
      if (i % 3 != 0) {
        watches.add(new Action.Watch(new ReadOp.Data(path)));
      }
      if (i % 3 != 1) {
        watches.add(new Action.Watch(new ReadOp.Children(path)));
      }
    }
    return List.of(transact(1, creates), new Action.Batch(0, watches));
  }

  static Action makeRoot(String root) {
    return transact(0, List.of(create(root, 0)));
  }

  /** Slot 0 reads something. */
  static Action look(String root) {
    return new Action.Batch(0, List.of(new Action.Read(List.of(new ReadOp.Data(root)))));
  }

  /** What happens to them; while the connection of slot 0 is broken, and once more afterwards. */
  static List<Action> changes(String root, long seed) {
    Random random = new Random(seed);
    List<Action> actions = new ArrayList<>();
    for (int i = 0; i < WATCHED; i++) {
      String path = root + "/w" + i;
      WriteOp noChild = new WriteOp.Delete(path + "/c");
      WriteOp gone = new WriteOp.Delete(path);
      switch (random.nextInt(6)) {
        case 0 -> actions.add(transact(1, List.of(new WriteOp.SetData(path, new byte[1]))));
        case 1 -> actions.add(transact(1, List.of(create(path + "/d", 0))));
        case 2 -> actions.add(transact(1, List.of(noChild)));
        case 3 -> actions.add(transact(1, List.of(noChild, gone)));
        case 4 -> actions.add(transact(1, List.of(noChild, gone, create(path, 0))));
        default -> {
          // Nothing happens to it.
        }
      }
    }
    return actions;
  }

  /** Of the two watches on a znode one is removed, then both would fire. */
  static List<Action> unwatch(String root) {
    List<Action> actions = new ArrayList<>(List.of(makeRoot(root)));
    for (int i = 0; i < 2; i++) {
      ReadOp data = new ReadOp.Data(root);
      ReadOp children = new ReadOp.Children(root);
      actions.add(new Action.Batch(0, List.of(new Action.Watch(data), new Action.Watch(children))));
      actions.add(new Action.Batch(0, List.of(new Action.Unwatch(i == 0 ? data : children))));
      actions.add(
          transact(1, List.of(new WriteOp.SetData(root, new byte[1]), create(root + "/" + i, 0))));
    }
    return actions;
  }

  /** The counter of the root is at its end; each create alone, as only that is the same always. */
  static List<Action> atTheEndOfTheCounter(String root) {
    List<Action> actions = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      actions.add(
          transact(
              0,
              List.of(
                  new WriteOp.Create(
                      root + "/x" + i + "-", new byte[0], WriteOp.Kind.EPHEMERAL_SEQUENTIAL))));
      actions.add(new Action.Batch(0, List.of(new Action.Watch(new ReadOp.Children(root)))));
    }
    // Within a transaction the counter does run over.
    actions.add(
        transact(
            0,
            List.of(
                new WriteOp.Create(root + "/y-", new byte[0], WriteOp.Kind.EPHEMERAL_SEQUENTIAL),
                new WriteOp.Create(root + "/z-", new byte[0], WriteOp.Kind.EPHEMERAL_SEQUENTIAL))));
    return actions;
  }

  /** A reply that is too large. */
  static List<Action> largeReply(String root) {
    return List.of(
        transact(0, List.of(create(root, LARGE_BYTES))),
        transact(0, List.of(create(root + "/a", LARGE_BYTES))),
        new Action.Batch(0, List.of(new Action.Read(List.of(new ReadOp.Data(root))))),
        new Action.Batch(
            0,
            List.of(
                new Action.Read(List.of(new ReadOp.Data(root), new ReadOp.Data(root + "/a"))))));
  }

  /** A request that is too large. */
  static List<Action> largeRequest(String root) {
    return List.of(
        transact(0, List.of(create(root, LARGE_BYTES))),
        transact(0, List.of(create(root + "/a", LARGE_BYTES), create(root + "/b", LARGE_BYTES))));
  }
}
