package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.WatchOwner;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Who watches what on one session, one owner for each read; and which of those watches are still to
 * be set, because there was no connection to do it on. Event loop only.
 */
final class WatchTable {
  private final Map<ReadOp, WatchOwner> watches = new HashMap<>();
  private final Map<ReadOp, WatchOwner> unset = new LinkedHashMap<>();

  /** The read is this owner's from now on. */
  void add(WatchOwner owner, ReadOp read) {
    watches.put(read, owner);
  }

  /** The watch could not be set, or was not: it is to be, if it is still this owner's. */
  void setLater(WatchOwner owner, ReadOp read) {
    if (watches.get(read) == owner) {
      unset.put(read, owner);
    }
  }

  /** Tells which watches are to be set now, unless others have taken them over. */
  void takeUnset(BiConsumer<WatchOwner, ReadOp> each) {
    Map<ReadOp, WatchOwner> again = new LinkedHashMap<>(unset);
    unset.clear();
    again.forEach(
        (read, owner) -> {
          if (watches.get(read) == owner) {
            each.accept(owner, read);
          }
        });
  }

  /**
   * The owner does not watch any more, if it does still.
   *
   * @return whether the watch may have been set, and has to be removed there too
   */
  boolean remove(WatchOwner owner, ReadOp read) {
    return watches.remove(read, owner) && unset.remove(read) == null;
  }

  /** The watch was refused. */
  void notSet(WatchOwner owner, ReadOp read) {
    watches.remove(read, owner);
  }

  /** The watch fired, and is used up. Returns whose it was; null if it is nobody's any more. */
  @Nullable WatchOwner fired(ReadOp read) {
    WatchOwner owner = watches.remove(read);
    if (owner != null) {
      unset.remove(read);
    }
    return owner;
  }

  /** The session has ended, and its watches with it. */
  void clear() {
    watches.clear();
    unset.clear();
  }
}
