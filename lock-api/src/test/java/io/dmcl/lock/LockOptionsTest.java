package io.dmcl.lock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class LockOptionsTest {
  @Test
  void of_properties_areThoseGiven() {
    LockOptions options = LockOptions.of(LockProperty.CACHE_RD_LK, LockProperty.USE_SEMAPHORE);
    assertThat(options.has(LockProperty.CACHE_RD_LK)).isTrue();
    assertThat(options.has(LockProperty.CACHE_WR_LK)).isFalse();
    assertThat(options.caches(LockMode.SHARED)).isTrue();
    assertThat(options.caches(LockMode.EXCLUSIVE)).isFalse();
    assertThat(LockOptions.of(LockProperty.CACHE_WR_LK).caches(LockMode.EXCLUSIVE)).isTrue();
    assertThatThrownBy(() -> options.properties().clear())
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void with_callback_keepsTheRest() {
    DemoteHook hook = demotion -> {};
    MonitorListener listener = (lock, version) -> {};
    LockOptions plain = LockOptions.of(LockProperty.PREALLOC_DLM);
    LockOptions options = plain.withDemoteHook(hook).withMonitorListener(listener);
    assertThat(options.demoteHook()).isSameAs(hook);
    assertThat(options.monitorListener()).isSameAs(listener);
    assertThat(options.properties()).containsExactly(LockProperty.PREALLOC_DLM);
    assertThat(plain.demoteHook()).isNull();
    assertThat(plain.monitorListener()).isNull();
  }
}
