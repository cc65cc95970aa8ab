package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.zookeeper.protocol.Entry;
import io.dmcl.lock.zookeeper.protocol.LockPaths;
import io.dmcl.lock.zookeeper.protocol.RequestId;
import io.dmcl.lock.zookeeper.protocol.Version;
import io.dmcl.lock.zookeeper.protocol.ZnodeStat;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is true of a lock, from the leader's log and from what the users were given: who is in the
 * queue, who has died, what was published, and how often.
 */
public final class LockTruth {
  private static final ZnodeStat ANY_STAT = new ZnodeStat(1, 1, 1, 0, 0, 0);

  /** An entry of the queue. */
  public static final class Place {
    final String id;

    /** The transaction that made it. */
    public final long token;

    /** Whose it is. */
    public final long session;

    /** Its client had left the session by then: the node cannot know that it was made. */
    final boolean unknown;

    Entry entry;

    Place(Entry entry, long token, long session, boolean unknown) {
      this.id = entry.id().text();
      this.entry = entry;
      this.token = token;
      this.session = session;
      this.unknown = unknown;
    }

    /** The mode that it has now. */
    public LockMode mode() {
      return entry.mode();
    }

    /**
     * Whether it comes before the other in the queue, and neither can have the lock with the other.
     */
    public boolean excludes(Place later) {
      return entry.sequence() < later.entry.sequence() && mode().conflictsWith(later.mode());
    }

    @Override
    public String toString() {
      return entry.name();
    }
  }

  final LockName name;

  /** Its znodes. */
  public final LockPaths paths;

  /** The entries that there are, by id. */
  public final Map<String, Place> queue = new LinkedHashMap<>();

  /** By token the last of those that one transaction has made; see {@link #placeOf}. */
  public final Map<Long, Place> byToken = new HashMap<>();

  /** The owners that died after their users had exclusive holds, until repaired. */
  public final Set<Long> dead = new HashSet<>();

  /** Whose entries went without their intents, by id. */
  public final Map<String, Place> abandoned = new LinkedHashMap<>();

  /** The tokens under which a node was seen to have an exclusive grant. */
  final Set<Long> grantedExclusively = new HashSet<>();

  /** The tokens under which users had exclusive holds. */
  public final Set<Long> usedExclusively = new HashSet<>();

  /** The tokens whose users have declared the resource recovered. */
  public final Set<Long> recoveredBy = new HashSet<>();

  /** What the users have set under each token, to be published with its release. */
  public final Map<Long, byte[]> toPublish = new HashMap<>();

  /** The tokens under which something is dirty. */
  public final Set<Long> dirty = new HashSet<>();

  /** The tokens of exclusive places that were released, or downgraded, with a bump. */
  private final Set<Long> cleanlyReleased = new HashSet<>();

  /** Whose session each token is of. */
  private final Map<Long, Long> sessions = new HashMap<>();

  private final Map<Long, Long> bumpsBySession = new HashMap<>();

  /** The value as it was published last. */
  public byte[] published = new byte[0];

  long bumps;
  int purges;

  /** A lock that nobody has used yet. */
  public LockTruth(LockName name, LockPaths paths) {
    this.name = name;
    this.paths = paths;
  }

  long bumpsBy(long session) {
    return bumpsBySession.getOrDefault(session, 0L);
  }

  /** The entry with a token. A transaction may have made several, all but one given up by now. */
  @Nullable Place placeOf(long token, LockMode mode) {
    Place found = null;
    for (Place place : queue.values()) {
      if (place.token == token && (found == null || place.mode().covers(mode))) {
        found = place;
      }
    }
    return found;
  }

  /** The exclusive entry for which a node that upgrades has dropped its shared one. */
  @Nullable Place upgradeOf(Use use, long token) {
    long session = sessions.getOrDefault(token, 0L);
    for (Place place : queue.values()) {
      if (place.session == session
          && place.mode() == LockMode.EXCLUSIVE
          && use.local.toString().contains("upgrading")) {
        return place;
      }
    }
    return null;
  }

  /** Takes in what a transaction did to this lock. */
  public void committed(Txn txn) {
    Map<String, Entry> created = new LinkedHashMap<>();
    Map<String, Entry> deleted = new LinkedHashMap<>();
    Set<String> intentsCreated = new HashSet<>();
    Set<String> intentsDeleted = new HashSet<>();
    byte[] bump = null;
    boolean unmade = false;
    for (Change change : txn.changes()) {
      String path = change.path();
      if (path.equals(paths.version())) {
        if (change instanceof Change.Set set) {
          bump = set.data();
        } else if (change instanceof Change.Created made && made.data().length > 0) {
          bump = made.data();
        }
        unmade |= change instanceof Change.Deleted;
      } else if (path.startsWith(paths.version() + '/')) {
        String id = Tree.nameOf(path);
        (change instanceof Change.Created ? intentsCreated : intentsDeleted).add(id);
      } else if (path.startsWith(paths.lock() + '/')) {
        Entry entry = Entry.parse(Tree.nameOf(path));
        if (entry != null) {
          (change instanceof Change.Created ? created : deleted).put(entry.id().text(), entry);
        }
      }
    }
    RequestId releaser = bump == null ? null : Version.of(bump, ANY_STAT).releaser();
    if (bump != null) {
      Place by = releaser == null ? null : queue.get(releaser.text());
      if (by == null || by.mode() != LockMode.EXCLUSIVE) {
        throw new Violation("lock " + name + " was bumped by " + releaser + ", not an owner");
      }
    }
    deleted.forEach(
        (id, entry) -> {
          Entry instead = created.remove(id);
          left(txn, id, instead, releaser, intentsDeleted);
        });
    for (String id : intentsDeleted) {
      Place place = queue.get(id);
      if (place != null && place.mode() == LockMode.EXCLUSIVE) {
        throw new Violation("lock " + name + ": entry " + place.entry.name() + " lost its intent");
      }
    }
    if (unmade && bump == null) {
      purged();
    }
    if (bump != null) {
      published = Version.of(bump, ANY_STAT).value();
      bumps++;
      bumpsBySession.merge(txn.session(), 1L, Long::sum);
    }
    created.forEach(
        (id, entry) -> {
          if (entry.mode() == LockMode.EXCLUSIVE && !intentsCreated.contains(id)) {
            throw new Violation("lock " + name + ": entry " + entry.name() + " has no intent");
          }
          Place place = new Place(entry, txn.zxid(), txn.session(), isFromALeftSession(txn));
          queue.put(id, place);
          byToken.put(place.token, place);
          sessions.put(place.token, place.session);
        });
    abandoned.keySet().removeAll(intentsDeleted);
  }

  private static boolean isFromALeftSession(Txn txn) {
    Connection origin = txn.origin();
    if (origin == null) {
      return false;
    }
    SimSession session = origin.client.session();
    return session == null || session.id() != txn.session();
  }

  private void left(
      Txn txn,
      String id,
      @Nullable Entry instead,
      @Nullable RequestId releaser,
      Set<String> intentsDeleted) {
    Place place = queue.get(id);
    if (place == null) {
      return;
    }
    boolean wasExclusive = place.mode() == LockMode.EXCLUSIVE;
    boolean clean = releaser != null && releaser.text().equals(id);
    if (instead != null) {
      place.entry = instead;
    } else {
      queue.remove(id);
      byToken.remove(place.token, place);
    }
    if (!wasExclusive) {
      return;
    }
    boolean intentDeleted = intentsDeleted.contains(id);
    if (clean) {
      cleanlyReleased.add(place.token);
      released(txn, place);
      if (!intentDeleted) {
        standsForTheDead(place, intentsDeleted);
      }
    } else if (txn.kind() == Txn.Kind.WRITE && intentDeleted) {
      if (usedExclusively.contains(place.token) && !isOneOfSeveral(place)) {
        throw new Violation(
            "lock " + name + ": token " + place.token + " was used and left without a bump");
      }
    } else {
      abandoned.put(id, place);
      toPublish.remove(place.token);
      dirty.remove(place.token);
      if (usedExclusively.contains(place.token)) {
        dead.add(place.token);
      }
    }
  }

  /** Whether it may be another place of the same transaction that was used. */
  private boolean isOneOfSeveral(Place place) {
    return cleanlyReleased.contains(place.token)
        || queue.values().stream().anyMatch(other -> other.token == place.token);
  }

  /** An owner that has not repaired leaves its intent in place of those of several dead. */
  private void standsForTheDead(Place place, Set<String> intentsDeleted) {
    if (intentsDeleted.stream().filter(abandoned::containsKey).count() < 2) {
      throw new Violation("lock " + name + ": " + place + " was released, but not its intent");
    }
    abandoned.put(place.id, place);
  }

  private void released(Txn txn, Place place) {
    byte[] expected = toPublish.remove(place.token);
    byte[] value = expected == null ? published : expected;
    byte[] actual = null;
    for (Change change : txn.changes()) {
      if (change.path().equals(paths.version())) {
        if (change instanceof Change.Set set) {
          actual = Version.of(set.data(), ANY_STAT).value();
        } else if (change instanceof Change.Created made) {
          actual = Version.of(made.data(), ANY_STAT).value();
        }
      }
    }
    if (!Arrays.equals(value, actual)) {
      throw new Violation(
          "lock "
              + name
              + ": token "
              + place.token
              + " published "
              + text(actual)
              + " instead of "
              + text(value));
    }
    if (dirty.contains(place.token)) {
      throw new Violation(
          "lock " + name + ": token " + place.token + " was released before the flush was done");
    }
    if (recoveredBy.remove(place.token)) {
      dead.clear();
    }
  }

  private void purged() {
    if (!dead.isEmpty()) {
      throw new Violation("lock " + name + " was purged, with the dead owners " + dead);
    }
    published = new byte[0];
    abandoned.clear();
    purges++;
  }

  /** Adds what it remembers of those who are in the queue, and of the dead. */
  void fingerprint(Fingerprint out) {
    out.text("queue ");
    for (Place place : queue.values()) {
      addPlace(out, place);
    }
    out.text("abandoned ");
    for (Place place : abandoned.values()) {
      addPlace(out, place);
    }
    out.text("dead ");
    dead.stream().sorted().forEach(out::zxid);
  }

  private void addPlace(Fingerprint out, Place place) {
    out.text(place.entry.name()).zxid(place.token);
    out.text(place.unknown ? "unknown " : "");
    out.text(grantedExclusively.contains(place.token) ? "granted " : "");
    out.text(usedExclusively.contains(place.token) ? "used " : "");
    out.text(recoveredBy.contains(place.token) ? "recovered " : "");
  }

  /** A value for people. */
  public static String text(byte @Nullable [] value) {
    return value == null ? "nothing" : '"' + new String(value) + '"';
  }
}
