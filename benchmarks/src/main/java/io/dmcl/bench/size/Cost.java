package io.dmcl.bench.size;

/**
 * What something costs the servers of an ensemble.
 *
 * @param requests of clients
 * @param transactions through the quorum: every server does each
 * @param notifications watches that fire
 * @param bytes between clients and servers
 */
record Cost(double requests, double transactions, double notifications, double bytes) {
  static final Cost NONE = new Cost(0, 0, 0, 0);

  Cost times(double factor) {
    return new Cost(
        requests * factor, transactions * factor, notifications * factor, bytes * factor);
  }

  Cost plus(Cost other) {
    return new Cost(
        requests + other.requests,
        transactions + other.transactions,
        notifications + other.notifications,
        bytes + other.bytes);
  }
}
