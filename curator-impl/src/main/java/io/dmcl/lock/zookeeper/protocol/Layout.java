package io.dmcl.lock.zookeeper.protocol;

import com.google.common.hash.Hashing;
import com.google.common.net.PercentEscaper;
import io.dmcl.lock.LockName;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Where a lockspace keeps what, in the coordination service:
 *
 * <pre>
 * &lt;root&gt;/&lt;lockspace&gt;/nodes/&lt;nonce&gt;             ephemeral, one per session of a node
 * &lt;root&gt;/&lt;lockspace&gt;/locks/&lt;bucket&gt;/&lt;lock&gt;    see {@link LockPaths}
 * </pre>
 *
 * <p>A lock's znode is called {@code n} and the escaped name, {@code i} and the number in base 36,
 * or, where the escaped name is longer than 100 bytes, {@code h} and a hash of the name, which is
 * then the znode's data. So names and numbers never collide. The 256 buckets keep every listing
 * small.
 */
public final class Layout {
  private static final int MAX_ESCAPED_LENGTH = 100;
  private static final int BUCKETS = 256;
  private static final byte[] NO_DATA = new byte[0];
  private static final PercentEscaper ESCAPER = new PercentEscaper("-_~", false);

  private final String root;
  private final String lockspace;

  /** The layout of a lockspace under a root path such as {@code /dmcl}. */
  public Layout(String root, String lockspace) {
    this.root = root;
    this.lockspace = root + '/' + ESCAPER.escape(lockspace);
  }

  /**
   * What has to be there before the lockspace is used, in steps; each is done if it was done
   * before. The parent of the nodes comes last, so that a node's znode can only be made when all is
   * there.
   *
   * @param spread the data of the parent of the nodes: of a lockspace over several ensembles, which
   *     they are, so that a node with another list is found out; otherwise empty
   */
  public List<List<WriteOp>> skeleton(byte[] spread) {
    List<List<WriteOp>> steps = new ArrayList<>();
    for (int slash = root.indexOf('/', 1); slash > 0; slash = root.indexOf('/', slash + 1)) {
      steps.add(List.of(persistent(root.substring(0, slash))));
    }
    if (!root.isEmpty()) {
      steps.add(List.of(persistent(root)));
    }
    steps.add(List.of(persistent(lockspace)));
    steps.add(List.of(persistent(locks())));
    steps.add(
        IntStream.range(0, BUCKETS).mapToObj(i -> persistent(locks() + '/' + hex(i))).toList());
    steps.add(List.of(new WriteOp.Create(nodes(), spread, WriteOp.Kind.PERSISTENT)));
    return steps;
  }

  private static WriteOp persistent(String path) {
    return new WriteOp.Create(path, NO_DATA, WriteOp.Kind.PERSISTENT);
  }

  /** The paths of the buckets. */
  public List<String> buckets() {
    return IntStream.range(0, BUCKETS).mapToObj(i -> locks() + '/' + hex(i)).toList();
  }

  /** The znodes of the lock at a child of a bucket. */
  public LockPaths at(String bucket, String znode) {
    return new LockPaths(bucket + '/' + znode, NO_DATA);
  }

  /** The parent of the nodes' znodes. */
  public String nodes() {
    return lockspace + "/nodes";
  }

  /** A node's znode. */
  public String node(String nonce) {
    return nodes() + '/' + nonce;
  }

  /** The parent of the buckets. */
  public String locks() {
    return lockspace + "/locks";
  }

  /** The znodes of a lock. */
  public LockPaths lock(LockName name) {
    String znode;
    byte[] data = NO_DATA;
    if (name.isNumber()) {
      znode = 'i' + Long.toUnsignedString(name.number(), Character.MAX_RADIX);
    } else {
      String escaped = ESCAPER.escape(name.name());
      if (escaped.length() <= MAX_ESCAPED_LENGTH) {
        znode = 'n' + escaped;
      } else {
        data = name.name().getBytes(StandardCharsets.UTF_8);
        znode = 'h' + Hashing.sha256().hashBytes(data).toString();
      }
    }
    return new LockPaths(bucketOf(znode) + '/' + znode, data);
  }

  /**
   * The name of the lock at a child of a bucket.
   *
   * @param data the lock's znode's data
   * @return null if it is not a lock of ours
   */
  public @Nullable LockName name(String znode, byte[] data) {
    try {
      switch (znode.charAt(0)) {
        case 'i':
          return LockName.of(Long.parseUnsignedLong(znode.substring(1), Character.MAX_RADIX));
        case 'n':
          return LockName.of(URLDecoder.decode(znode.substring(1), StandardCharsets.UTF_8));
        case 'h':
          return LockName.of(new String(data, StandardCharsets.UTF_8));
        default:
          return null;
      }
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  private String bucketOf(String znode) {
    // Spreads consecutive numbers too; String.hashCode is specified, so that all versions agree.
    return locks() + '/' + hex((znode.hashCode() * 0x9E3779B9) >>> 24);
  }

  private static String hex(int bucket) {
    return (bucket < 16 ? "0" : "") + Integer.toHexString(bucket);
  }
}
