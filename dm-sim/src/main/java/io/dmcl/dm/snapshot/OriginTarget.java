package io.dmcl.dm.snapshot;

import io.dmcl.dm.Bio;
import io.dmcl.dm.BlockDevice;
import io.dmcl.dm.TableException;
import io.dmcl.dm.Target;
import io.dmcl.dm.TargetContext;
import io.dmcl.dm.TargetType;
import java.io.IOException;
import java.util.List;

/**
 * {@code snapshot-origin <dev>}: a device of which there are snapshots. Which ones, the nodes know
 * from each other: a node whose origin is written copies out to all of them, also to those that it
 * has no device for; it finds their stores by name.
 *
 * <p>Messages of ours: {@code snapshots} lists them with their states; {@code drop <store>} ends
 * one for good: its store is marked invalid, and nothing is copied out to it any more.
 */
public final class OriginTarget implements Target {
  /** The type. */
  public static final class Type implements TargetType {
    @Override
    public String name() {
      return "snapshot-origin";
    }

    @Override
    public String version() {
      return "1.9.0";
    }

    @Override
    public Target create(TargetContext context, List<String> words) throws IOException {
      if (words.size() != 1) {
        throw new TableException("incorrect number of arguments");
      }
      BlockDevice device =
          context.device(
              words.get(0), context.begin(), context.length(), "Cannot get target device");
      return new OriginTarget(Origin.share(context.node(), device), context.begin());
    }
  }

  private final Origin origin;
  private final long begin;

  private OriginTarget(Origin origin, long begin) {
    this.origin = origin;
    this.begin = begin;
  }

  @Override
  public void map(Bio bio) throws IOException {
    mapOrigin(origin, begin, bio);
  }

  static void mapOrigin(Origin origin, long begin, Bio bio) throws IOException {
    switch (bio.op()) {
      case READ -> origin.io().read(bio.at(begin + bio.sector()));
      case WRITE -> origin.io().write(bio.at(begin + bio.sector()));
      case FLUSH -> origin.io().flush(bio);
      default -> throw new IllegalArgumentException("not supported: " + bio);
    }
  }

  @Override
  public void close() throws IOException {
    origin.release();
  }

  @Override
  public String message(List<String> words) throws IOException {
    if (words.equals(List.of("snapshots"))) {
      StringBuilder text = new StringBuilder();
      for (Registry.Entry entry : origin.registry().entries()) {
        text.append(entry.store()).append(' ').append(entry.state()).append('\n');
      }
      return text.toString();
    }
    if (words.size() == 2 && words.get(0).equals("drop")) {
      drop(words.get(1));
      return "";
    }
    throw new TableException("messages are: snapshots | drop <store>");
  }

  private void drop(String store) throws IOException {
    // Marked invalid first: without copies it would soon show a mixture if it were used again.
    Registry now =
        origin.change(
            registry ->
                isDroppable(registry, store)
                    ? registry.with(store, Registry.State.INVALID)
                    : registry);
    if (now.find(store) == null) {
      throw new TableException("no snapshot with store " + store);
    }
    if (!isDroppable(now, store)) {
      throw new TableException(store + " is being merged, and the origin is not whole without it");
    }
    origin.change(registry -> registry.without(store));
  }

  private static boolean isDroppable(Registry registry, String store) {
    Registry.Entry entry = registry.find(store);
    return entry != null && entry.state() != Registry.State.MERGING;
  }

  @Override
  public String status() {
    return "";
  }

  @Override
  public String table() {
    return origin.device().name();
  }

  @Override
  public List<BlockDevice> devices() {
    return List.of(origin.device());
  }
}
