package io.dmcl.bench.size;

import io.dmcl.bench.contender.Contenders;

/**
 * What a workload demands of the servers, per second, and how many there have to be: ensembles of
 * {@value #SERVERS}, to which locks are spread evenly.
 *
 * @param cost of all ensembles together
 * @param cpu processors that the busiest server would need if there were one ensemble
 * @param heapBytes of each server if there were one ensemble
 * @param ensemblesForCpu how many are needed so that none has too much to do
 * @param ensemblesForHeap how many, so that none keeps too much
 * @param sessionsPerNode so that none owns more than a server can read back
 */
record Sizing(
    Cost cost,
    double cpu,
    double heapBytes,
    long ensemblesForCpu,
    long ensemblesForHeap,
    long sessionsPerNode) {
  static final int SERVERS = 3;

  /** Grants of one session; the paths of its entries total at most 512 KiB. */
  private static final int GRANTS_PER_SESSION = 4_000;

  private static final double MICROS = 1e6;

  /**
   * What servers can be given.
   *
   * @param cpu processors of each, as fast as those that were measured
   * @param utilization the share of them that may be used on the average
   * @param heapBytes of live objects on each
   */
  record Server(double cpu, double utilization, double heapBytes) {}

  static Sizing of(Workload workload, Measurements measurements, Server server) {
    ServerModel model = ServerModel.fit(measurements.acquires());
    Cost cost = perAcquire(workload, measurements).times(workload.acquiresPerSecond());
    double renewals = workload.nodes() / workload.tickSeconds();
    cost = cost.plus(new Cost(2, 1, 0, 0).times(renewals)); // a write, and a ping in between
    double cpu = model.micros(cost) / MICROS;
    double grants = workload.cached() ? workload.locks() * (double) grantsPerLock(workload) : 0;
    double heap =
        workload.locks() * measurements.bytesPerLock() + grants * measurements.bytesPerGrant();
    return new Sizing(
        cost,
        cpu,
        heap,
        atLeastOne(cpu / (server.cpu() * server.utilization())),
        atLeastOne(heap / server.heapBytes()),
        atLeastOne(grants / workload.nodes() / GRANTS_PER_SESSION));
  }

  private static Cost perAcquire(Workload workload, Measurements measurements) {
    double exclusive = workload.exclusiveShare();
    if (!workload.cached()) {
      return measurements
          .of(Contenders.UNCACHED.name() + " exclusive", workload.parallel())
          .cost()
          .times(exclusive)
          .plus(
              measurements
                  .of(Contenders.UNCACHED.name() + " shared", workload.parallel())
                  .cost()
                  .times(1 - exclusive));
    }
    Cost handOver = measurements.of(Contenders.CACHED.name(), 100).cost();
    Measured recall = measurements.widestRecall();
    Cost perReader = recall.cost().times(1 / recall.x());
    Cost write = handOver.plus(perReader.times(Math.max(0, workload.readers() - 1)));
    return write.times(exclusive).plus(handOver.times(1 - exclusive)).times(workload.remoteShare());
  }

  private static int grantsPerLock(Workload workload) {
    return Math.max(1, workload.readers());
  }

  private static long atLeastOne(double count) {
    return Math.max(1, (long) Math.ceil(count));
  }

  /** What is needed. */
  long ensembles() {
    return Math.max(ensemblesForCpu, ensemblesForHeap);
  }

  /** What it is that more ensembles are needed for. */
  String limit() {
    if (ensembles() == 1) {
      return "availability: one would do the work";
    }
    return ensemblesForCpu >= ensemblesForHeap ? "processors" : "heap";
  }

  long servers() {
    return ensembles() * SERVERS;
  }
}
