package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Random actions in one subtree, small enough that they meet. */
final class Workload {
  private static final int STEPS = 16;
  private static final List<String> NAMES = List.of("", "/a", "/b", "/a/c", "/a/d", "/b/c", "/e");

  private final Random random;
  private final String root;
  private final List<String> numbered = new ArrayList<>();
  private final List<ReadOp> watched = new ArrayList<>();
  private int step;

  Workload(long seed, String root) {
    random = new Random(seed);
    this.root = root;
  }

  boolean hasNext() {
    return step < STEPS;
  }

  /** Paths that were created; later actions go to the numbered ones, too. */
  void created(List<String> paths) {
    for (String path : paths) {
      if (path.contains("x-")) {
        numbered.add(path);
      }
    }
  }

  Action next() {
    step++;
    if (step == 1) {
      return new Action.Batch(
          0,
          List.of(
              new Action.Transact(
                  List.of(
                      new WriteOp.Create(root, data(), WriteOp.Kind.PERSISTENT),
                      new WriteOp.Create(root + "/a", data(), WriteOp.Kind.PERSISTENT)))));
    }
    int slot = random.nextInt(Player.SLOTS);
    int choice = random.nextInt(40);
    if (choice == 0) {
      return new Action.Close(slot);
    }
    if (choice < 3) {
      ReadOp read = watched.isEmpty() ? read() : watched.get(random.nextInt(watched.size()));
      return new Action.Batch(slot, List.of(new Action.Unwatch(read)));
    }
    List<Action.Op> ops = new ArrayList<>();
    for (int i = random.nextInt(4); i >= 0; i--) {
      ops.add(op());
    }
    return new Action.Batch(slot, ops);
  }

  private Action.Op op() {
    int choice = random.nextInt(10);
    if (choice < 5) {
      List<WriteOp> writes = new ArrayList<>();
      for (int i = random.nextInt(3); i >= 0; i--) {
        writes.add(write());
      }
      return new Action.Transact(writes);
    }
    if (choice < 7) {
      List<ReadOp> reads = new ArrayList<>();
      for (int i = random.nextInt(3); i >= 0; i--) {
        reads.add(read());
      }
      return new Action.Read(reads);
    }
    ReadOp read = read();
    watched.add(read);
    return new Action.Watch(read);
  }

  private WriteOp write() {
    int choice = random.nextInt(10);
    if (choice < 2) {
      String parent = root + List.of("", "/a", "/b").get(random.nextInt(3));
      return new WriteOp.Create(parent + "/x-", data(), WriteOp.Kind.EPHEMERAL_SEQUENTIAL);
    }
    if (choice < 5) {
      WriteOp.Kind kind = random.nextInt(3) == 0 ? WriteOp.Kind.EPHEMERAL : WriteOp.Kind.PERSISTENT;
      return new WriteOp.Create(path(), data(), kind);
    }
    if (choice < 8) {
      return new WriteOp.SetData(path(), data());
    }
    return new WriteOp.Delete(path());
  }

  private ReadOp read() {
    String path = path();
    return random.nextBoolean() ? new ReadOp.Data(path) : new ReadOp.Children(path);
  }

  private String path() {
    if (!numbered.isEmpty() && random.nextInt(4) == 0) {
      return numbered.get(random.nextInt(numbered.size()));
    }
    return root + NAMES.get(random.nextInt(NAMES.size()));
  }

  private byte[] data() {
    byte[] data = new byte[random.nextInt(3)];
    for (int i = 0; i < data.length; i++) {
      data[i] = (byte) ('a' + random.nextInt(26));
    }
    return data;
  }
}
