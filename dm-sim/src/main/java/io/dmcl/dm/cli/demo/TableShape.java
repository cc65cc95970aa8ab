package io.dmcl.dm.cli.demo;

/**
 * How large the table is. Each segment has a lock of its own; each node is at home in some.
 *
 * @param nodes how many nodes work on it, numbered from 1
 * @param segmentsPerNode how many segments each node is at home in
 * @param records how many records a segment has
 */
record TableShape(int nodes, int segmentsPerNode, int records) {
  int segments() {
    return nodes * segmentsPerNode;
  }

  int firstSegmentOf(int node) {
    return (node - 1) * segmentsPerNode;
  }

  boolean isHome(int node, int segment) {
    return segment / segmentsPerNode == node - 1;
  }

  String lockName(int segment) {
    return "segment-" + segment;
  }
}
