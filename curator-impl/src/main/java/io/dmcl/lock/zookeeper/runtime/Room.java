package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.LimitExceededException;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.zookeeper.cache.AcquireAll;
import io.dmcl.lock.zookeeper.cache.LocalLock;
import io.dmcl.lock.zookeeper.cache.Placement;
import io.dmcl.lock.zookeeper.cache.SessionLease;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where requests find room among a node's sessions, each of which carries only so many; and who
 * waits for room. Event loop only.
 */
final class Room {
  private final Loop loop;
  private final NodeConfig config;
  private final List<Lane> lanes;
  private final Handles locks;
  private final IdleGrants idle;

  private final Set<LocalLock> wanting = new LinkedHashSet<>();
  private final Set<AcquireAll> setsWanting = new LinkedHashSet<>();
  private boolean making;

  /**
   * Nobody waits yet.
   *
   * @param lanes the sessions, in the order in which they are filled
   */
  Room(Loop loop, NodeConfig config, List<Lane> lanes, Handles locks, IdleGrants idle) {
    this.loop = loop;
    this.config = config;
    this.lanes = lanes;
    this.locks = locks;
    this.idle = idle;
  }

  /** See {@link LocalLock.Host#place}. An upgrade stays on its session, or is not made. */
  @Nullable Placement place(LocalLock lock, LockMode mode, @Nullable Placement upgradeFrom) {
    for (Lane lane : lanes) {
      SessionLease lease = lane.lease();
      if (lease == null || (upgradeFrom != null && upgradeFrom.lease() != lease)) {
        continue;
      }
      Placement placement =
          new Placement(
              lease,
              lane,
              lock,
              lock.paths(),
              lane.nextId(),
              mode,
              lock.lockExists(),
              upgradeFrom == null ? null : upgradeFrom.entry());
      if (lane.hasRoom(placement.entryBytes() + lane.pathOverhead())) {
        lane.add(placement);
        return placement;
      }
    }
    if (upgradeFrom == null) {
      wanting.add(lock);
      makeSoon();
    }
    return null;
  }

  /** See {@link AcquireAll.Host#placeAll}. */
  @Nullable List<Placement> placeAll(
      AcquireAll set, List<LocalLock> members, List<LockMode> modes) {
    int bytes = 0;
    for (LocalLock member : members) {
      bytes += member.paths().lock().length() + 48;
    }
    for (Lane lane : lanes) {
      SessionLease lease = lane.lease();
      if (lease == null || !lane.hasRoom(bytes + members.size() * lane.pathOverhead())) {
        continue;
      }
      List<Placement> placements = new ArrayList<>();
      for (int i = 0; i < members.size(); i++) {
        LocalLock member = members.get(i);
        Placement placement =
            new Placement(
                lease, lane, member, member.paths(), lane.nextId(), modes.get(i), true, null);
        lane.add(placement);
        placements.add(placement);
      }
      return placements;
    }
    setsWanting.add(set);
    makeSoon();
    return null;
  }

  /** A placement's request has ended. */
  void vacated(Placement placement) {
    for (Lane lane : lanes) {
      if (lane.lease() == placement.lease()) {
        lane.remove(placement);
      }
    }
    if (!wanting.isEmpty() || !setsWanting.isEmpty()) {
      loop.execute(this::mayBe);
    }
  }

  /** The lock does not want room any more. */
  void forget(LocalLock lock) {
    wanting.remove(lock);
  }

  /** There may be room now: whoever waits tries again. */
  void mayBe() {
    takeWanting().forEach(LocalLock::advance);
    takeSetsWanting().forEach(AcquireAll::roomMayBe);
  }

  private List<LocalLock> takeWanting() {
    List<LocalLock> all = List.copyOf(wanting);
    wanting.clear();
    return all;
  }

  private List<AcquireAll> takeSetsWanting() {
    List<AcquireAll> all = List.copyOf(setsWanting);
    setsWanting.clear();
    return all;
  }

  /** Sees to it that there will be room, once for all that want some just now. */
  private void makeSoon() {
    if (!making) {
      making = true;
      loop.execute(this::make);
    }
  }

  /**
   * Gives back the least recently used idle grants; says so if there is nothing to give, and no
   * further session to come either.
   */
  private void make() {
    making = false;
    int wanted = wanting.size() + setsWanting.size();
    if (wanted == 0 || lanes.stream().noneMatch(Lane::hasSession)) {
      return; // room comes with a session
    }
    if (!idle.reclaimFor(wanted)
        && lanes.stream().allMatch(Lane::hasSession)
        && locks.locals().stream().noneMatch(LocalLock::isLeaving)) {
      refuse();
    }
  }

  private void refuse() {
    LimitExceededException error =
        new LimitExceededException(
            "this node's "
                + lanes.size()
                + " session(s) carry as many requests as they may ("
                + config.maxSessionBytes()
                + " bytes of paths each), and none is idle: open the lockspace with more"
                + " sessions, or hold fewer locks at once");
    takeWanting().forEach(lock -> lock.fail(error));
    takeSetsWanting().forEach(set -> set.fail(error));
  }
}
