package io.dmcl.lock.zookeeper.curator;

import io.dmcl.lock.zookeeper.protocol.Code;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.client.ZKClientConfig;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What has to be true of a handle before a session is opened on it: the watches survive a
 * reconnection, the servers know multi-reads, and the namespace is there. Waits for replies, so it
 * runs on a thread of its own.
 */
final class Opening {
  private static final Logger log = LoggerFactory.getLogger(Opening.class);

  static final String AUTHENTICATION_REFUSED =
      "the authentication of this client was refused: give a new client the right credentials";

  /** Why a handle cannot be used. */
  static final class UnusableException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Why, and what to do. */
    final String reason;

    /** Whether the same handle may become usable by waiting. */
    final boolean retryable;

    UnusableException(String reason, boolean retryable) {
      super(reason);
      this.reason = reason;
      this.retryable = retryable;
    }
  }

  private final ZooKeeper zooKeeper;
  private final ClientView view;
  private final long timeoutNanos;

  Opening(ZooKeeper zooKeeper, ClientView view, long timeoutNanos) {
    this.zooKeeper = zooKeeper;
    this.view = view;
    this.timeoutNanos = timeoutNanos;
  }

  void prepare() throws UnusableException, InterruptedException {
    requireWatchReset();
    requireMultiRead();
    makeNamespace();
  }

  private void requireWatchReset() throws UnusableException {
    if (zooKeeper.getClientConfig().getBoolean(ZKClientConfig.DISABLE_AUTO_WATCH_RESET)) {
      throw new UnusableException(
          "The ZooKeeper client is configured with "
              + ZKClientConfig.DISABLE_AUTO_WATCH_RESET
              + "=true: watches would be lost with the connection. Set it to false",
          false);
    }
  }

  private void requireMultiRead() throws UnusableException, InterruptedException {
    CompletableFuture<Integer> reply = new CompletableFuture<>();
    String path = view.handlePath("/");
    zooKeeper.multi(
        List.of(Op.getData(path)),
        (rc, p, context, results) ->
            // A result for the member, even an error, shows that the server knows the request.
            reply.complete(results != null && results.size() == 1 ? 0 : rc),
        null);
    int rc = await(reply);
    if (rc == KeeperException.Code.UNIMPLEMENTED.intValue()) {
      throw new UnusableException(
          "The ZooKeeper server is too old: it does not know multi-reads. Version 3.6 or later is"
              + " needed on every server",
          false);
    }
    require(rc, "The ZooKeeper server did not answer a multi-read");
  }

  /** Curator makes a namespace's parents at the first use of the namespace; so do we. */
  private void makeNamespace() throws UnusableException, InterruptedException {
    String namespace = view.namespacePath();
    for (int end = namespace.indexOf('/', 1); ; end = namespace.indexOf('/', end + 1)) {
      String path = end < 0 ? namespace : namespace.substring(0, end);
      if (!path.isEmpty()) {
        make(path);
      }
      if (end < 0) {
        return;
      }
    }
  }

  private void make(String path) throws UnusableException, InterruptedException {
    CompletableFuture<Integer> exists = new CompletableFuture<>();
    zooKeeper.exists(path, false, (rc, p, context, stat) -> exists.complete(rc), null);
    int rc = await(exists);
    if (rc == KeeperException.Code.NONODE.intValue()) {
      CompletableFuture<Integer> created = new CompletableFuture<>();
      zooKeeper.create(
          path,
          new byte[0],
          view.aclOf(path),
          CreateMode.PERSISTENT,
          (createRc, p, context, name) -> created.complete(createRc),
          null);
      rc = await(created);
    }
    if (rc != KeeperException.Code.NODEEXISTS.intValue()) {
      require(rc, "The namespace's znode " + path + " cannot be made");
    }
  }

  private int await(CompletableFuture<Integer> reply)
      throws UnusableException, InterruptedException {
    try {
      return reply.get(timeoutNanos, TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw new UnusableException(
          "ZooKeeper has not answered for "
              + TimeUnit.NANOSECONDS.toSeconds(timeoutNanos)
              + " s, although there is a connection",
          true);
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Throws unless the code is OK. */
  static void require(int rc, String what) throws UnusableException {
    if (rc == KeeperException.Code.OK.intValue()) {
      return;
    }
    KeeperException.Code code = KeeperException.Code.get(rc);
    log.debug("{}: {}", what, code);
    throw new UnusableException(what + ": " + explain(rc, code), true);
  }

  private static String explain(int rc, KeeperException.@Nullable Code code) {
    if (code == KeeperException.Code.SESSIONCLOSEDREQUIRESASLAUTH) {
      return "the servers require authentication by SASL, and this client has none";
    }
    if (code == KeeperException.Code.AUTHFAILED) {
      return AUTHENTICATION_REFUSED;
    }
    Code ours = Replies.failure(rc);
    return switch (ours) {
      case NO_AUTH ->
          "access denied. Give this client the credentials that the access control list asks for";
      case CONNECTION_LOSS -> "the connection was lost";
      case SESSION_ENDED -> "the session has ended (" + code + ")";
      default -> "ZooKeeper answered " + code + " (" + rc + ")";
    };
  }
}
