package io.dmcl.lock.zookeeper.curator;

import io.dmcl.lock.CoordinatorUnavailableException;
import java.lang.reflect.Field;
import org.apache.curator.CuratorZookeeperClient;
import org.apache.curator.ensemble.EnsembleProvider;
import org.apache.curator.ensemble.fixed.FixedEnsembleProvider;
import org.apache.curator.framework.CuratorFramework;
import org.jspecify.annotations.Nullable;

/**
 * Checks that Curator will not close a handle whose session is alive, on its own and without
 * telling anybody before.
 *
 * <p>It does so when its {@link EnsembleProvider} has a new connection string and answers false to
 * {@code updateServerListEnabled()}. (With true it gives the new list to the handle, whose session
 * goes on.) Accepted are therefore providers that answer true, and a {@link FixedEnsembleProvider}
 * that answers false but is never given a new string: Curator gives it one if the client was built
 * with an ensemble tracker, as is the default, so without it. What a user does to the provider by
 * hand is, like {@code CuratorZookeeperClient.reset()}, the user's doing: see {@link
 * CuratorCoordinator}.
 *
 * <p>Curator has no accessor for the provider, so its fields are read.
 */
final class StableHandles {
  private StableHandles() {}

  static void require(CuratorFramework root) {
    EnsembleProvider provider = providerOf(root.getZookeeperClient());
    if (provider.updateServerListEnabled()) {
      return;
    }
    boolean fixed = provider.getClass() == FixedEnsembleProvider.class;
    // Without an ensemble tracker there is no configuration, not even an empty one.
    boolean tracked = root.getCurrentConfig() != null;
    if (!fixed || tracked) {
      throw new CoordinatorUnavailableException(
          "The client's EnsembleProvider ("
              + provider.getClass().getName()
              + ") has updateServerListEnabled() == false: whenever the list of servers changes,"
              + " Curator closes the ZooKeeper session, and every lock of this node would be lost"
              + " without notice. Use a provider that answers true"
              + (fixed
                  ? ", as new FixedEnsembleProvider(connectString) does, or build the client with"
                      + " ensembleTracker(false)"
                  : ""));
    }
  }

  private static EnsembleProvider providerOf(CuratorZookeeperClient client) {
    try {
      Object state = read(CuratorZookeeperClient.class, "state", client);
      if (state != null
          && read(state.getClass(), "ensembleProvider", state) instanceof EnsembleProvider found) {
        return found;
      }
    } catch (ReflectiveOperationException | RuntimeException e) {
      throw unknown(e);
    }
    throw unknown(null);
  }

  private static @Nullable Object read(Class<?> type, String name, Object object)
      throws ReflectiveOperationException {
    Field field = type.getDeclaredField(name);
    field.setAccessible(true);
    return field.get(object);
  }

  private static CoordinatorUnavailableException unknown(@Nullable Exception cause) {
    String message =
        "The client's EnsembleProvider cannot be seen (another version of Curator?), so it is not"
            + " known whether Curator may close the ZooKeeper session on its own. Open the lockspace"
            + " by connection string, or with a version of Curator that this library is made for";
    return cause == null
        ? new CoordinatorUnavailableException(message)
        : new CoordinatorUnavailableException(message, cause);
  }
}
