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
  void close(Slot slot) {
    slot.coordinator.close();
  }

  private int disconnected = -1;

  @Override
  void disconnect(Slot slot) {
    disconnected = clientOf(slot).index();
    ensemble.disconnect(clientOf(slot), 0, 0);
  }

  @Override
  void reconnect(Slot slot) {
    disconnected = -1;
    ensemble.settle();
  }

  private static SimClient clientOf(Slot slot) {
    return (SimClient) slot.coordinator;
  }

  @Override
  void setCounter(String path, int creates) {
    ensemble.setCounter(path, creates);
  }

  private void settle() {
    ensemble.settle(
        step -> step.kind() != Step.Kind.CLIENT_CONNECTS || step.client() != disconnected);
  }

  @Override
  void await(CountDownLatch latch) {
    settle();
  }

  @Override
  void flush(List<Slot> open) {
    settle();
  }
}
