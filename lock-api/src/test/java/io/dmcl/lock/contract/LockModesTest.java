package io.dmcl.lock.contract;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.LockModes;
import io.dmcl.lock.LockModes.Mode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.ResultCode;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What takes more rounds than an ensemble would bear; the rest is in {@link ModesContract}. */
@Timeout(120)
class LockModesTest {
  private static final int ROUNDS = 5_000;

  @Test
  void lock_whileAnotherThreadUnlocks_neverMeetsAFreedHandle() throws Exception {
    LockModes modes = new InMemoryCluster().open("modes").modes();
    LockName name = LockName.of(7);
    Set<ResultCode> codes = ConcurrentHashMap.newKeySet();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      Thread thread =
          new Thread(
              () -> {
                for (int round = 0; round < ROUNDS; round++) {
                  codes.add(modes.lock(name, Mode.EXCLUSIVE));
                  codes.add(modes.lock(name, Mode.UNLOCK));
                }
              });
      threads.add(thread);
      thread.start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(EnumSet.of(ResultCode.GRANTED, ResultCode.BUSY)).containsAll(codes);
  }
}
