package io.dmcl.lock.zookeeper.torture;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** How often each kind of fault has hit each state of the protocol. Thread-safe. */
final class Coverage {
  /** A kind of fault, and a state in which it is to hit. */
  record Cell(Fault fault, ProtocolState state) {}

  private final int[][] hits = new int[Fault.values().length][ProtocolState.values().length];
  private final int[] faults = new int[Fault.values().length];

  /** A fault of this kind hit these states. */
  synchronized void hit(Fault fault, Set<ProtocolState> states) {
    faults[fault.ordinal()]++;
    for (ProtocolState state : states) {
      hits[fault.ordinal()][state.ordinal()]++;
    }
  }

  synchronized int hits(Fault fault, ProtocolState state) {
    return hits[fault.ordinal()][state.ordinal()];
  }

  synchronized int count(Fault fault) {
    return faults[fault.ordinal()];
  }

  synchronized int total() {
    int total = 0;
    for (int count : faults) {
      total += count;
    }
    return total;
  }

  /** Those of the cells that were hit less often than so. */
  List<Cell> below(int least) {
    List<Cell> cells = new ArrayList<>();
    for (Fault fault : Fault.values()) {
      for (ProtocolState state : ProtocolState.values()) {
        if (hits(fault, state) < least) {
          cells.add(new Cell(fault, state));
        }
      }
    }
    return cells;
  }

  /** The cells of these faults, those that were hit least often first; equal ones in any order. */
  List<Cell> leastFirst(Set<Fault> faults, Random random) {
    List<Cell> cells = below(Integer.MAX_VALUE);
    cells.removeIf(cell -> !faults.contains(cell.fault));
    Collections.shuffle(cells, random);
    cells.sort(Comparator.comparingInt(cell -> hits(cell.fault, cell.state)));
    return cells;
  }
}
