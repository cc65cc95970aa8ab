package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.LockName;
import io.dmcl.lock.LockspaceDump;
import io.dmcl.lock.LockspaceDump.LocalEntry;
import io.dmcl.lock.LockspaceDump.LockEntry;
import io.dmcl.lock.LockspaceDump.NodeEntry;
import io.dmcl.lock.LockspaceDump.QueueEntry;
import io.dmcl.lock.LockspaceDump.Use;
import io.dmcl.lock.zookeeper.cache.Grant;
import io.dmcl.lock.zookeeper.cache.LocalLock;
import io.dmcl.lock.zookeeper.protocol.Code;
import io.dmcl.lock.zookeeper.protocol.Entry;
import io.dmcl.lock.zookeeper.protocol.LockPaths;
import io.dmcl.lock.zookeeper.protocol.Look;
import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.RequestId;
import io.dmcl.lock.zookeeper.protocol.Version;
import io.dmcl.lock.zookeeper.protocol.ZnodeStat;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Reads a whole lockspace, once, on the caller's thread, a bounded number of locks at a time, and
 * never more in one reply than a packet holds, which is 1 MiB. The first read is behind a write of
 * the node's own, so that nothing is missing that anybody was told of before.
 */
final class Survey {
  private static final int CHUNK = 64;
  private static final int REPLY_BYTES = 512 * 1024;

  /** The longest name of a lock's znode, as it is in a reply. */
  private static final int LOCK_BYTES = 110;

  /** A lock's value, stats and an intent or two of the dead. */
  private static final int VERSION_BYTES = 2 * 1024;

  /** The name of an entry and that of its intent. */
  private static final int ENTRY_BYTES = 80;

  private final Node node;
  private boolean caughtUp;

  Survey(Node node) {
    this.node = node;
  }

  /** What a node's znode says: node id, host, process, and since when, in lines. */
  static byte[] nodeData(String nodeId, String host, long pid, Instant since) {
    return String.join("\n", nodeId, host, Long.toString(pid), Long.toString(since.toEpochMilli()))
        .getBytes(StandardCharsets.UTF_8);
  }

  LockspaceDump dump(String lockspace) throws InterruptedException {
    Map<String, NodeEntry> nodes = nodes();
    List<LockEntry> locks = new ArrayList<>();
    for (List<Place> chunk : chunks(places())) {
      List<Crowd> crowds = new ArrayList<>();
      List<Reply.Read> replies = read(chunk.stream().map(Place::read).toList());
      for (int i = 0; i < chunk.size(); i++) {
        ZnodeStat stat = replies.get(i).stat();
        LockName name = node.layout().name(chunk.get(i).znode, replies.get(i).data());
        if (name != null && stat != null) {
          crowds.add(new Crowd(chunk.get(i).paths, name, stat.numChildren()));
        }
      }
      for (List<Crowd> some : chunks(crowds, Crowd::replyBytes)) {
        locks.addAll(entries(some, nodes));
      }
    }
    return new LockspaceDump(
        lockspace, node.nodeId(), Instant.now(), List.copyOf(nodes.values()), locks);
  }

  int purgeUnused() throws InterruptedException {
    int purged = 0;
    for (List<Place> chunk : chunks(places())) {
      List<CompletableFuture<Boolean>> purges = new ArrayList<>();
      List<Reply.Read> replies = read(chunk.stream().map(Place::read).toList());
      for (int i = 0; i < chunk.size(); i++) {
        LockName name = node.layout().name(chunk.get(i).znode, replies.get(i).data());
        if (name != null) {
          purges.add(node.call(() -> Purge.one(node, name)).thenCompose(future -> future));
        }
      }
      for (CompletableFuture<Boolean> purge : purges) {
        purged += Futures.await(purge) ? 1 : 0;
      }
    }
    return purged;
  }

  /** A lock's znode. */
  private record Place(String znode, LockPaths paths) {
    ReadOp read() {
      return new ReadOp.Data(paths.lock());
    }
  }

  /** A lock and how many znodes are below its own. */
  private record Crowd(LockPaths paths, LockName name, int children) {
    long replyBytes() {
      return VERSION_BYTES + (long) children * ENTRY_BYTES;
    }
  }

  /** A bucket and how many locks are in it. */
  private record Bucket(String path, int locks) {
    long replyBytes() {
      return (long) locks * LOCK_BYTES;
    }
  }

  private List<Place> places() throws InterruptedException {
    List<Place> places = new ArrayList<>();
    for (List<Bucket> chunk : chunks(buckets(), Bucket::replyBytes)) {
      List<Reply.Read> replies =
          read(chunk.stream().<ReadOp>map(b -> new ReadOp.Children(b.path)).toList());
      for (int i = 0; i < chunk.size(); i++) {
        for (String znode : replies.get(i).children()) {
          places.add(new Place(znode, node.layout().at(chunk.get(i).path, znode)));
        }
      }
    }
    return places;
  }

  private List<Bucket> buckets() throws InterruptedException {
    List<Bucket> buckets = new ArrayList<>();
    for (List<String> chunk : chunks(node.layout().buckets())) {
      List<Reply.Read> replies = read(chunk.stream().<ReadOp>map(ReadOp.Data::new).toList());
      for (int i = 0; i < chunk.size(); i++) {
        ZnodeStat stat = replies.get(i).stat();
        buckets.add(new Bucket(chunk.get(i), stat == null ? 0 : stat.numChildren()));
      }
    }
    return buckets;
  }

  private Map<String, NodeEntry> nodes() throws InterruptedException {
    String parent = node.layout().nodes();
    Map<String, NodeEntry> nodes = new LinkedHashMap<>();
    List<String> names = read(List.of(new ReadOp.Children(parent))).get(0).children();
    for (List<String> chunk : chunks(names)) {
      List<Reply.Read> replies =
          read(chunk.stream().<ReadOp>map(n -> new ReadOp.Data(node.layout().node(n))).toList());
      for (int i = 0; i < chunk.size(); i++) {
        NodeEntry entry = nodeEntry(chunk.get(i), replies.get(i));
        if (entry != null) {
          nodes.put(chunk.get(i), entry);
        }
      }
    }
    return nodes;
  }

  private static @Nullable NodeEntry nodeEntry(String nonce, Reply.Read reply) {
    String[] lines = new String(reply.data(), StandardCharsets.UTF_8).split("\n", -1);
    if (reply.code() != Code.OK || lines.length != 4) {
      return null;
    }
    try {
      return new NodeEntry(
          nonce,
          lines[0],
          lines[1],
          Long.parseLong(lines[2]),
          Instant.ofEpochMilli(Long.parseLong(lines[3])));
    } catch (NumberFormatException e) {
      return null; // not written by us
    }
  }

  private List<LockEntry> entries(List<Crowd> locks, Map<String, NodeEntry> nodes)
      throws InterruptedException {
    List<ReadOp> reads = new ArrayList<>();
    locks.forEach(lock -> reads.addAll(Look.reads(lock.paths, true)));
    List<Reply.Read> replies = read(reads);
    int each = reads.size() / locks.size();
    List<LockEntry> entries = new ArrayList<>();
    for (int i = 0; i < locks.size(); i++) {
      Look look = Look.of(replies.subList(each * i, each * (i + 1)));
      entries.add(entry(locks.get(i).name, look, nodes));
    }
    return entries;
  }

  private LockEntry entry(LockName name, Look look, Map<String, NodeEntry> nodes)
      throws InterruptedException {
    Own own = Futures.await(node.call(() -> own(name)));
    List<QueueEntry> queue = new ArrayList<>();
    for (Entry entry : look.queue().entries()) {
      boolean granted = look.queue().blockerOf(entry, null) == null;
      queue.add(
          new QueueEntry(
              entry.id().text(),
              entry.mode(),
              entry.sequence(),
              granted,
              granted ? own.useOf(entry.id()) : Use.WAITS,
              nodes.get(entry.id().nonce())));
    }
    Version version = look.version();
    return new LockEntry(
        name,
        queue,
        version == null ? 0 : version.mzxid(),
        version == null ? new byte[0] : version.value(),
        look.deadIntents().stream().map(RequestId::text).toList(),
        own.entry);
  }

  /** What this node knows of a lock, and the request behind its grant. */
  private record Own(@Nullable LocalEntry entry, @Nullable RequestId grant) {
    Use useOf(RequestId id) {
      if (entry == null || !id.equals(grant)) {
        return Use.UNKNOWN;
      }
      return entry.cached() ? Use.CACHED : Use.HELD;
    }
  }

  private Own own(LockName name) {
    LockHandle handle = node.handle(name);
    if (handle == null) {
      return new Own(null, null);
    }
    LocalLock local = handle.local();
    Grant grant = local.fastGrant();
    LocalEntry entry =
        new LocalEntry(
            local.toString(),
            grant == null ? null : grant.mode(),
            local.word().sharedHolds(),
            local.word().exclusiveHolds(),
            local.waiters(),
            local.demotingNanos(),
            local.stats());
    return new Own(entry, grant == null ? null : grant.requestId());
  }

  private List<Reply.Read> read(List<ReadOp> reads) throws InterruptedException {
    if (reads.isEmpty()) {
      return List.of();
    }
    boolean now = !caughtUp;
    caughtUp = true;
    return Futures.await(
        node.call(() -> now ? node.side().readNow(reads) : node.side().read(reads))
            .thenCompose(future -> future));
  }

  private static <T> List<List<T>> chunks(List<T> all) {
    return chunks(all, one -> 0);
  }

  /** Few enough to be read at a time; one that is too much by itself is by itself. */
  private static <T> List<List<T>> chunks(List<T> all, ToLongFunction<T> replyBytes) {
    List<List<T>> chunks = new ArrayList<>();
    int from = 0;
    long bytes = 0;
    for (int i = 0; i < all.size(); i++) {
      long more = replyBytes.applyAsLong(all.get(i));
      if (i > from && (i - from == CHUNK || bytes + more > REPLY_BYTES)) {
        chunks.add(all.subList(from, i));
        from = i;
        bytes = 0;
      }
      bytes += more;
    }
    if (from < all.size()) {
      chunks.add(all.subList(from, all.size()));
    }
    return chunks;
  }
}
