package io.dmcl.dm.cli.demo;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Who died in the middle of which write, and who was told. Thread-safe. */
final class Deaths {
  private final List<String> problems = new ArrayList<>();
  private int segment = -1;
  private int record = -1;
  private long diedNanos;
  private @Nullable Repair repair;

  /** That a node was told and has repaired what the dead one left. */
  record Repair(int node, int segment, int record, double seconds) {}

  /** A node is about to be killed while it writes this record. */
  synchronized void expect(int inSegment, int ofRecord) {
    segment = inSegment;
    record = ofRecord;
    diedNanos = System.nanoTime();
  }

  /**
   * A node was told OWNER_DIED.
   *
   * @param ofRecord what it put back; -1 if nothing was torn
   * @return the seconds since the death, if this is the one expected; otherwise negative
   */
  synchronized double repaired(int node, int inSegment, int ofRecord) {
    if (inSegment != segment || ofRecord != record) {
      return -1; // a hold that was lost, or the dead node's other cached grants
    }
    double seconds = (System.nanoTime() - diedNanos) / 1e9;
    if (repair == null) {
      repair = new Repair(node, inSegment, ofRecord, seconds);
      notifyAll();
    }
    return seconds;
  }

  /** Waits for the repair; null if nobody was told. */
  synchronized @Nullable Repair awaitRepair(Duration patience) throws InterruptedException {
    long end = System.nanoTime() + patience.toNanos();
    while (repair == null) {
      long leftMs = (end - System.nanoTime()) / 1_000_000;
      if (leftMs <= 0) {
        problems.add("a node died in the middle of a write, and nobody put its record back");
        return null;
      }
      wait(leftMs);
    }
    return repair;
  }

  synchronized List<String> problems() {
    return List.copyOf(problems);
  }
}
