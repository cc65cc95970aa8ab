package io.dmcl.lock.zookeeper.torture;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.LockMode;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResourceTest {
  @TempDir private Path directory;

  @Test
  void begin_withoutEnd_isTornUntilSomebodyWritesItAll() throws Exception {
    try (Resource resource = new Resource(directory.resolve("r"), true)) {
      assertThat(resource.tornBy()).isZero();

      resource.begin(77, 5);
      assertThat(resource.tornBy()).isEqualTo(5);
      assertThat(resource.content()).isEqualTo(77);

      resource.begin(78, 6);
      resource.end(78, 6);
      assertThat(resource.tornBy()).isZero();
      assertThat(resource.content()).isEqualTo(78);
    }
  }

  @Test
  void admits_olderThanAWriter_onlyIfTheGateIsOff() throws Exception {
    try (Resource gated = new Resource(directory.resolve("a"), true);
        Resource open = new Resource(directory.resolve("b"), false)) {
      for (Resource resource : new Resource[] {gated, open}) {
        assertThat(resource.admits(LockMode.EXCLUSIVE, 6)).isTrue();
      }

      assertThat(gated.admits(LockMode.SHARED, 5)).isFalse();
      assertThat(open.admits(LockMode.SHARED, 5)).isTrue();
    }
  }
}
