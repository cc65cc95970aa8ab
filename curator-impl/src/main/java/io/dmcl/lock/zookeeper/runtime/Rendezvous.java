package io.dmcl.lock.zookeeper.runtime;

import com.google.common.hash.Hashing;
import io.dmcl.lock.LockName;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;

/**
 * Which of several ensembles a lock lives on: rendezvous hashing (highest random weight). Each
 * ensemble has a weight for each lock, and the heaviest has it. So a further ensemble takes over
 * only the locks for which it is the heaviest, one in n; and one that is left out gives away only
 * its own.
 *
 * <p>Every node of every version has to come to the same result. The weight is that of the SHA-256
 * of the ensemble's name, a zero, and the lock, all in UTF-8, where the lock is {@code n} and its
 * name, or {@code i} and its number in decimal. The first eight bytes count, as a signed
 * little-endian number.
 */
final class Rendezvous {
  private final List<String> ensembles;

  /** Among these, at least one. */
  Rendezvous(Collection<String> ensembles) {
    if (ensembles.isEmpty()) {
      throw new IllegalArgumentException("no ensemble");
    }
    this.ensembles = ensembles.stream().sorted().toList();
  }

  /** The name of the ensemble that the lock lives on. */
  String home(LockName lock) {
    String key = lock.isNumber() ? 'i' + Long.toUnsignedString(lock.number()) : 'n' + lock.name();
    String heaviest = ensembles.get(0);
    long most = weight(heaviest, key);
    for (String ensemble : ensembles.subList(1, ensembles.size())) {
      long weight = weight(ensemble, key);
      if (weight > most) {
        heaviest = ensemble;
        most = weight;
      }
    }
    return heaviest;
  }

  private static long weight(String ensemble, String key) {
    return Hashing.sha256().hashString(ensemble + '\0' + key, StandardCharsets.UTF_8).asLong();
  }
}
