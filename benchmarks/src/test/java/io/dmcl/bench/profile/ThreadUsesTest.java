package io.dmcl.bench.profile;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import jdk.jfr.Recording;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ThreadUsesTest {
  @TempDir private Path directory;

  @ParameterizedTest
  @CsvSource({
    "SyncThread:2, SyncThread",
    "QuorumPeer[myid=1](plain=127.0.0.1:1)(secure=disabled), QuorumPeer",
    "NIOWorkerThread-3, NIOWorkerThread",
    "LearnerHandler-/127.0.0.1:555, LearnerHandler",
    "bench-worker, bench-worker",
    "main-SendThread(127.0.0.1:2181), SendThread",
    "Curator-client-EventThread, EventThread",
    "C2 CompilerThread0, C2 CompilerThread",
  })
  void kind_ofAThread_isWithoutWhatTellsItApart(String thread, String kind) {
    assertThat(ThreadUses.kind(thread)).isEqualTo(kind);
  }

  @Test
  void of_aRecording_countsWaitsAndForcesByKind() throws Exception {
    Path file = directory.resolve("test.jfr");
    try (Recording recording = new Recording()) {
      ThreadUses.EVENTS.forEach(event -> recording.enable(event).withoutThreshold());
      recording.start();
      run("test-parker-1", () -> LockSupport.parkNanos(1));
      run("test-parker-2", () -> LockSupport.parkNanos(1));
      run("test-forcer:3", this::force);
      recording.stop();
      recording.dump(file);
    }

    Map<String, ThreadUse> uses = ThreadUses.of(file);

    ThreadUse parkers = uses.getOrDefault("test-parker", ThreadUse.NONE);
    ThreadUse forcer = uses.getOrDefault("test-forcer", ThreadUse.NONE);
    assertThat(parkers.waits()).isGreaterThanOrEqualTo(2);
    assertThat(parkers.forces()).isZero();
    assertThat(forcer.forces()).isEqualTo(1);
    assertThat(forcer.forceNanos()).isPositive();
    assertThat(uses.values()).anySatisfy(use -> assertThat(use.cpuNanos()).isPositive());
  }

  private void force() {
    try (FileChannel channel =
        FileChannel.open(
            directory.resolve("forced"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[1]));
      channel.force(true);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void run(String name, Runnable task) throws InterruptedException {
    Thread thread = new Thread(task, name);
    thread.start();
    thread.join();
  }
}
