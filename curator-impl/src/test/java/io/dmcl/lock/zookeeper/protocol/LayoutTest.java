package io.dmcl.lock.zookeeper.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Where things are: nodes of different versions have to agree, so it is for ever. */
class LayoutTest {
  private static final Layout LAYOUT = new Layout("/dmcl", "default");
  private static final String LOCK = "\ud83d\udd12";

  @ParameterizedTest
  @CsvSource({
    "accounts, 27/naccounts",
    "a/b, 89/na%2Fb",
    "'..', d3/n%2E%2E",
    "7, 7c/n7",
    "\u00e9, ba/n%C3%A9"
  })
  void lock_byName_isItsEscapedNameInItsBucket(String name, String path) {
    assertThat(LAYOUT.lock(LockName.of(name)))
        .satisfies(lock -> assertThat(lock.lock()).isEqualTo("/dmcl/default/locks/" + path))
        .satisfies(lock -> assertThat(lock.data()).isEmpty());
  }

  @Test
  void lock_byNumber_isUnsignedInBase36() {
    assertThat(LAYOUT.lock(LockName.of(7)).lock()).isEqualTo("/dmcl/default/locks/b1/i7");
    assertThat(LAYOUT.lock(LockName.of(-1)).lock())
        .isEqualTo("/dmcl/default/locks/2e/i3w5e11264sgsf");
  }

  @Test
  void lock_escapedNameOver100Bytes_isAHashWithTheNameAsData() {
    String longest = "n".repeat(100);
    assertThat(LAYOUT.lock(LockName.of(longest)).lock())
        .isEqualTo("/dmcl/default/locks/d0/n" + longest);
    LockPaths hashed = LAYOUT.lock(LockName.of(longest + 'n'));
    assertThat(hashed.lock())
        .isEqualTo(
            "/dmcl/default/locks/c1/h"
                + "1c2ffa742d6101b788f0505617137552dac57ac2f39267408a9a3457feb7edf4");
    assertThat(hashed.data()).asString(StandardCharsets.UTF_8).isEqualTo(longest + 'n');
    // Nine characters, but 108 bytes where they are escaped.
    assertThat(LAYOUT.lock(LockName.of(LOCK.repeat(9))).lock())
        .isEqualTo(
            "/dmcl/default/locks/15/h"
                + "4bbd8c550f4d3388ecba2eace4f33f2900db9a1c0c2009f4c810719146b65d2a");
  }

  @Test
  void lockPaths_ofALock_areBelowIt() {
    LockPaths lock = LAYOUT.lock(LockName.of(7));
    RequestId id = RequestId.of(RequestId.nonce(-1), 37);
    assertThat(lock.version()).isEqualTo(lock.lock() + "/version");
    assertThat(lock.intent(id)).isEqualTo(lock.lock() + "/version/3w5e11264sgsf.11");
    assertThat(lock.entry(new Entry(LockMode.EXCLUSIVE, id, 12)))
        .isEqualTo(lock.lock() + "/x-3w5e11264sgsf.11-0000000012");
    assertThat(lock.entry(new Entry(LockMode.SHARED, id, 0)))
        .isEqualTo(lock.lock() + "/s-3w5e11264sgsf.11-0000000000");
  }

  @ParameterizedTest
  @ValueSource(strings = {"accounts", "a/b", "..", "%", " ", "\u0000", "\ud83d\udd12", "i7", "h"})
  void name_ofALocksZnode_isTheLocks(String name) {
    for (String text : List.of(name, name + "/".repeat(50))) {
      assertNamed(LockName.of(text));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 7, -1, Long.MIN_VALUE, Long.MAX_VALUE})
  void name_ofALocksZnode_isTheNumber(long number) {
    assertNamed(LockName.of(number));
  }

  private static void assertNamed(LockName name) {
    LockPaths lock = LAYOUT.lock(name);
    String znode = lock.lock().substring(lock.lock().lastIndexOf('/') + 1);
    assertThat(LAYOUT.name(znode, lock.data())).isEqualTo(name);
  }

  @Test
  void lock_manyOfEachKind_fillAll256BucketsEvenly() {
    Set<String> buckets = new HashSet<>(LAYOUT.buckets());
    assertThat(buckets).hasSize(256).contains("/dmcl/default/locks/00", "/dmcl/default/locks/ff");
    int perBucket = 100;
    int[] counts = new int[2 * 256];
    for (int i = 0; i < perBucket * 256; i++) {
      counts[bucketOf(LockName.of(i))]++;
      counts[256 + bucketOf(LockName.of("account-" + i))]++;
    }
    for (int count : counts) {
      assertThat(count).isBetween(perBucket / 2, perBucket * 2);
    }
  }

  private static int bucketOf(LockName name) {
    String path = LAYOUT.lock(name).lock();
    String bucket = path.substring(0, path.lastIndexOf('/'));
    return Integer.parseInt(bucket.substring(bucket.length() - 2), 16);
  }

  @Test
  void skeleton_everyStep_makesWhatTheNextOnesNeed() {
    Set<String> made = new HashSet<>(Set.of(""));
    for (List<WriteOp> step : new Layout("/a/b", "a/b").skeleton(new byte[0])) {
      for (WriteOp write : step) {
        assertThat(made).contains(write.path().substring(0, write.path().lastIndexOf('/')));
        assertThat(made.add(write.path())).isTrue();
      }
    }
    assertThat(made).contains("/a/b/a%2Fb/locks/7f", "/a/b/a%2Fb/nodes").hasSize(1 + 2 + 2 + 257);
  }
}
