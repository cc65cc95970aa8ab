package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.zookeeper.runtime.Coordinator;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** Plays on a simulated ensemble of one server, without faults. */
final class SimPlayer extends Player {
  private static final long TIMEOUT_NANOS = 30_000_000_000L;

  final Ensemble ensemble;

  SimPlayer(Settings settings) {
    ensemble = new Ensemble(settings);
  }

  @Override
  Coordinator client() {
    return ensemble.client(TIMEOUT_NANOS);
  }

  @Override
  void await(CountDownLatch latch) {
    ensemble.settle();
  }

  @Override
  void flush(List<Slot> open) {
    ensemble.settle();
  }
}
