package io.dmcl.lock.zookeeper.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;

/** Threads of a node as tasks that wait for the driver. */
final class SimTasks implements Executor {
  private final List<Runnable> waiting = new ArrayList<>();

  @Override
  public void execute(Runnable task) {
    waiting.add(task);
  }

  int size() {
    return waiting.size();
  }

  void run(int index) {
    waiting.remove(index).run();
  }

  void clear() {
    waiting.clear();
  }
}
