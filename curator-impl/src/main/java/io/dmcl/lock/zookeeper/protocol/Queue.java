package io.dmcl.lock.zookeeper.protocol;

import io.dmcl.lock.LockMode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A lock's queue as one read showed it, and the rule who is granted: an entry is granted when no
 * conflicting entry precedes it. Children that are not entries do not count.
 *
 * @param entries in the order of their places
 */
public record Queue(List<Entry> entries) {
  /** A queue with nobody in it. */
  public static final Queue EMPTY = new Queue(List.of());

  /** Copies the list. */
  public Queue {
    entries = List.copyOf(entries);
  }

  /** The queue that the children of a lock's znode are. */
  public static Queue of(List<String> children) {
    List<Entry> entries = new ArrayList<>(children.size());
    for (String child : children) {
      Entry entry = Entry.parse(child);
      if (entry != null) {
        entries.add(entry);
      }
    }
    Collections.sort(entries);
    return new Queue(entries);
  }

  /** The entry of a request; null if it has none. */
  public @Nullable Entry find(RequestId id) {
    for (Entry entry : entries) {
      if (entry.id().equals(id)) {
        return entry;
      }
    }
    return null;
  }

  /**
   * The entry to wait for: the nearest one before {@code own} that conflicts with it. Waiting for
   * the nearest is enough, because that one waits for those before it or is granted together with
   * them.
   *
   * @param ignored an entry that does not count (what an upgrade will drop), or null
   * @return null if {@code own} is granted
   */
  public @Nullable Entry blockerOf(Entry own, @Nullable Entry ignored) {
    Entry blocker = null;
    for (Entry entry : entries) {
      if (entry.compareTo(own) >= 0) {
        break;
      }
      if (entry.mode().conflictsWith(own.mode()) && !entry.equals(ignored)) {
        blocker = entry;
      }
    }
    return blocker;
  }

  /**
   * Whether an exclusive entry of another session precedes {@code own}. (One of the same session is
   * an earlier attempt that was withdrawn, and about to go.)
   */
  public boolean hasExclusiveBefore(Entry own) {
    return entries.stream()
        .anyMatch(
            e ->
                e.mode() == LockMode.EXCLUSIVE
                    && e.compareTo(own) < 0
                    && !e.id().sameSession(own.id()));
  }

  /**
   * What others want of the granted entry {@code own}: the strongest mode among the conflicting
   * entries of other sessions; null if nobody conflicts.
   */
  public @Nullable LockMode wantedOf(Entry own) {
    LockMode wanted = null;
    for (Entry entry : entries) {
      if (entry.mode().conflictsWith(own.mode()) && !entry.id().sameSession(own.id())) {
        if (entry.mode() == LockMode.EXCLUSIVE) {
          return LockMode.EXCLUSIVE;
        }
        wanted = LockMode.SHARED;
      }
    }
    return wanted;
  }

  /** The last entry behind this one; null if there is none. */
  @Nullable Entry lastBehind(Entry own) {
    Entry last = entries.isEmpty() ? own : entries.get(entries.size() - 1);
    return last.compareTo(own) > 0 ? last : null;
  }

  /** Whether there is nobody but this request. */
  public boolean isAlone(RequestId id) {
    return entries.size() == 1 && entries.get(0).id().equals(id);
  }

  /** Whether a request has an exclusive entry. */
  boolean hasExclusive(RequestId id) {
    Entry entry = find(id);
    return entry != null && entry.mode() == LockMode.EXCLUSIVE;
  }

  /** How many entries are exclusive. */
  public int exclusiveCount() {
    int count = 0;
    for (Entry entry : entries) {
      count += entry.mode() == LockMode.EXCLUSIVE ? 1 : 0;
    }
    return count;
  }
}
