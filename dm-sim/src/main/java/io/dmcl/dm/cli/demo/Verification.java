package io.dmcl.dm.cli.demo;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Holds the table against the journals. Each write of a record increments its counter, so if no
 * write was lost and none was done on old content, the acknowledged counters of a record are 1, 2,
 * 3, … each once, and the record is what the last of them wrote, to the byte.
 */
final class Verification {
  private static final int PROBLEMS_SHOWN = 10;

  private final TableShape shape;
  private final List<String> problems = new ArrayList<>();
  private long problemCount;
  private long writes;
  private long recordsWritten;

  private Verification(TableShape shape) {
    this.shape = shape;
  }

  static Verification of(TableFile table, TableShape shape, Collection<Journal.Entry> journal)
      throws IOException {
    Verification result = new Verification(shape);
    Map<Integer, List<Journal.Entry>> byRecord = new HashMap<>();
    for (Journal.Entry entry : journal) {
      byRecord
          .computeIfAbsent(result.key(entry.segment(), entry.record()), key -> new ArrayList<>())
          .add(entry);
    }
    for (int segment = 0; segment < shape.segments(); segment++) {
      if (table.unfinished(segment) >= 0) {
        result.problem(segment, table.unfinished(segment), "a write was begun and not finished");
      }
      byte[] image = table.read(segment);
      for (int record = 0; record < shape.records(); record++) {
        result.check(
            image, segment, record, byRecord.getOrDefault(result.key(segment, record), List.of()));
      }
    }
    return result;
  }

  private int key(int segment, int record) {
    return segment * shape.records() + record;
  }

  private void check(byte[] image, int segment, int record, List<Journal.Entry> entries) {
    writes += entries.size();
    recordsWritten += entries.isEmpty() ? 0 : 1;
    Map<Long, Integer> writers = new HashMap<>();
    for (Journal.Entry entry : entries) {
      Integer other = writers.put(entry.counter(), entry.node());
      if (other != null) {
        problem(
            segment,
            record,
            "nodes " + other + " and " + entry.node() + " both wrote number " + entry.counter());
      }
    }
    for (long counter = 1; counter <= writers.size(); counter++) {
      if (!writers.containsKey(counter)) {
        problem(segment, record, "nobody says to have written number " + counter);
      }
    }
    long last = writers.keySet().stream().mapToLong(Long::longValue).max().orElse(0);
    long found = Content.counter(image, record);
    if (!Content.isWhole(image, segment, record)) {
      problem(segment, record, "torn");
    } else if (found != last) {
      problem(segment, record, "is at number " + found + ", acknowledged is number " + last);
    } else if (Content.writer(image, record) != writers.getOrDefault(last, 0)) {
      problem(
          segment,
          record,
          "is by node "
              + Content.writer(image, record)
              + ", acknowledged by node "
              + writers.getOrDefault(last, 0));
    }
  }

  private void problem(int segment, int record, String what) {
    problemCount++;
    if (problems.size() < PROBLEMS_SHOWN) {
      problems.add("segment " + segment + ", record " + record + ": " + what);
    }
  }

  /** What is wrong; the first few. */
  List<String> problems() {
    return problems;
  }

  long problemCount() {
    return problemCount;
  }

  /** How many writes were acknowledged. */
  long writes() {
    return writes;
  }

  long recordsWritten() {
    return recordsWritten;
  }
}
