package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockspaceDump;
import io.dmcl.lock.LockspaceDump.LocalEntry;
import io.dmcl.lock.LockspaceDump.LockEntry;
import io.dmcl.lock.LockspaceDump.NodeEntry;
import io.dmcl.lock.LockspaceDump.QueueEntry;
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
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Reads a whole lockspace, on the caller's thread, a bounded number of locks at a time. */
final class Survey {
  private static final int CHUNK = 64;

  private final Node node;

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
      List<ReadOp> reads = new ArrayList<>();
      for (Place place : chunk) {
        reads.add(new ReadOp.Data(place.paths.lock()));
        reads.addAll(Look.reads(place.paths, true));
      }
      List<Reply.Read> replies = read(reads);
      for (int i = 0; i < chunk.size(); i++) {
        List<Reply.Read> own = replies.subList(4 * i, 4 * i + 4);
        LockName name = node.layout().name(chunk.get(i).znode, own.get(0).data());
        Look look = Look.of(own.subList(1, 4));
        if (name != null && own.get(0).code() == Code.OK) {
          locks.add(entry(name, look, nodes));
        }
      }
    }
    return new LockspaceDump(
        lockspace, node.nodeId(), Instant.now(), List.copyOf(nodes.values()), locks);
  }

  int purgeUnused() throws InterruptedException {
    int purged = 0;
    for (List<Place> chunk : chunks(places())) {
      List<CompletableFuture<Boolean>> purges = new ArrayList<>();
      List<ReadOp> reads =
          chunk.stream().<ReadOp>map(p -> new ReadOp.Data(p.paths.lock())).toList();
      List<Reply.Read> replies = read(reads);
      for (int i = 0; i < chunk.size(); i++) {
        LockName name = node.layout().name(chunk.get(i).znode, replies.get(i).data());
        if (name != null) {
          purges.add(node.call(() -> Purge.one(node, name)).thenCompose(future -> future));
        }
      }
      for (CompletableFuture<Boolean> purge : purges) {
        purged += LockHandle.await(purge) ? 1 : 0;
      }
    }
    return purged;
  }

  /** A lock's znode. */
  private record Place(String znode, LockPaths paths) {}

  private List<Place> places() throws InterruptedException {
    List<Place> places = new ArrayList<>();
    List<String> buckets = node.layout().buckets();
    for (int from = 0; from < buckets.size(); from += CHUNK) {
      List<String> some = buckets.subList(from, Math.min(from + CHUNK, buckets.size()));
      List<Reply.Read> replies = read(some.stream().<ReadOp>map(ReadOp.Children::new).toList());
      for (int i = 0; i < some.size(); i++) {
        for (String znode : replies.get(i).children()) {
          places.add(new Place(znode, node.layout().at(some.get(i), znode)));
        }
      }
    }
    return places;
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

  private LockEntry entry(LockName name, Look look, Map<String, NodeEntry> nodes)
      throws InterruptedException {
    List<QueueEntry> queue = new ArrayList<>();
    for (Entry entry : look.queue().entries()) {
      queue.add(
          new QueueEntry(
              entry.id().text(),
              entry.mode(),
              entry.sequence(),
              look.queue().blockerOf(entry, null) == null,
              nodes.get(entry.id().nonce())));
    }
    Version version = look.version();
    return new LockEntry(
        name,
        queue,
        version == null ? 0 : version.mzxid(),
        version == null ? new byte[0] : version.value(),
        look.deadIntents().stream().map(RequestId::text).toList(),
        LockHandle.await(node.call(() -> new Found(local(name)))).entry);
  }

  /** Because a future's value must not be null. */
  private record Found(@Nullable LocalEntry entry) {}

  private @Nullable LocalEntry local(LockName name) {
    LockHandle handle = node.handle(name);
    if (handle == null) {
      return null;
    }
    LocalLock local = handle.local();
    Grant grant = local.fastGrant();
    LockMode granted = grant == null ? null : grant.mode();
    return new LocalEntry(
        local.toString(),
        granted,
        local.word().sharedHolds(),
        local.word().exclusiveHolds(),
        local.waiters(),
        local.demotingNanos(),
        local.stats());
  }

  private List<Reply.Read> read(List<ReadOp> reads) throws InterruptedException {
    return reads.isEmpty()
        ? List.of()
        : LockHandle.await(node.call(() -> node.read(reads)).thenCompose(future -> future));
  }

  private static <T> List<List<T>> chunks(List<T> all) {
    List<List<T>> chunks = new ArrayList<>();
    for (int from = 0; from < all.size(); from += CHUNK) {
      chunks.add(all.subList(from, Math.min(from + CHUNK, all.size())));
    }
    return chunks;
  }
}
