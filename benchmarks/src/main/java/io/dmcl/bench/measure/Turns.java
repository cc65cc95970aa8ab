package io.dmcl.bench.measure;

import io.dmcl.bench.contender.Contender;
import io.dmcl.bench.contender.Contender.Node;
import io.dmcl.bench.contender.Contender.Section;
import io.dmcl.bench.server.Addresses;
import io.dmcl.lock.LockMode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Nodes that use one lock in turn, never two at a time: so many of 100 acquires are by another node
 * than the one before. What a lock costs that changes hands so often, without waiting for others'
 * work.
 */
public final class Turns implements Counting {
  private final Contender contender;
  private final int nodeCount;
  private final int remotePercent;
  private final List<Node> nodes = new ArrayList<>();
  private final List<Section> sections = new ArrayList<>();
  private final SplittableRandom random = new SplittableRandom(1);
  private int turn;
  private long acquires;

  /** With so many nodes; {@code remotePercent} is reported as x. */
  public Turns(Contender contender, int nodeCount, int remotePercent) {
    this.contender = contender;
    this.nodeCount = nodeCount;
    this.remotePercent = remotePercent;
  }

  @Override
  public String name() {
    return contender.name() + " " + remotePercent + " % remote";
  }

  @Override
  public void open(Addresses servers) throws Exception {
    for (int i = 0; i < nodeCount; i++) {
      Node node = contender.open(servers.seenBy(i));
      nodes.add(node);
      sections.add(node.lock("turns-" + remotePercent, LockMode.EXCLUSIVE));
    }
  }

  @Override
  public Map<Key, Double> run(Duration window) throws Exception {
    take(window.toNanos() / LEAD_IN);
    return Map.of(Key.rate(contender.name(), remotePercent), take(window.toNanos()));
  }

  /** Takes turns for so long, and returns how many per second. */
  private double take(long nanos) throws Exception {
    long start = System.nanoTime();
    long elapsed;
    long count = 0;
    do {
      if (random.nextInt(100) < remotePercent) {
        turn = (turn + 1 + random.nextInt(nodeCount - 1)) % nodeCount;
      }
      Section section = sections.get(turn);
      section.enter();
      section.leave();
      count++;
      elapsed = System.nanoTime() - start;
    } while (elapsed < nanos);
    acquires += count;
    return count * 1e9 / elapsed;
  }

  @Override
  public long acquires() {
    return acquires;
  }

  @Override
  public void close() throws Exception {
    for (Node node : nodes) {
      node.close();
    }
    nodes.clear();
    sections.clear();
  }
}
