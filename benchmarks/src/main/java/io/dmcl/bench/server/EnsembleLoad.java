package io.dmcl.bench.server;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What the servers of an ensemble, or of several, have done.
 *
 * @param requests packets of clients, pings and all
 * @param transactions what was proposed to a quorum
 * @param notifications packets to clients that answer no request: watches that fired
 * @param bytes from and to clients
 * @param cpu of each server's process
 */
public record EnsembleLoad(
    long requests, long transactions, long notifications, long bytes, List<Duration> cpu) {

  /** Of what each server says of itself ({@code mntr}), and the time that each has run. */
  static EnsembleLoad of(List<Map<String, Long>> servers, List<Duration> cpu) {
    long received = sum(servers, "zk_packets_received");
    return new EnsembleLoad(
        received,
        servers.stream()
            .mapToLong(server -> server.getOrDefault("zk_proposal_count", 0L))
            .max()
            .orElseThrow(),
        sum(servers, "zk_packets_sent") - received,
        sum(servers, "zk_bytes_received_count") + sum(servers, "zk_response_bytes"),
        List.copyOf(cpu));
  }

  private static long sum(List<Map<String, Long>> servers, String name) {
    return servers.stream().mapToLong(server -> server.getOrDefault(name, 0L)).sum();
  }

  /** What another ensemble has done besides. */
  EnsembleLoad plus(EnsembleLoad other) {
    return new EnsembleLoad(
        requests + other.requests,
        transactions + other.transactions,
        notifications + other.notifications,
        bytes + other.bytes,
        Stream.concat(cpu.stream(), other.cpu.stream()).toList());
  }

  /** What was done since {@code before}. */
  public EnsembleLoad since(EnsembleLoad before) {
    List<Duration> ran = new ArrayList<>();
    for (int i = 0; i < cpu.size(); i++) {
      ran.add(cpu.get(i).minus(before.cpu.get(i)));
    }
    return new EnsembleLoad(
        requests - before.requests,
        transactions - before.transactions,
        notifications - before.notifications,
        bytes - before.bytes,
        ran);
  }

  /** Of the server that has run most. */
  public Duration busiestCpu() {
    return cpu.stream().max(Duration::compareTo).orElseThrow();
  }
}
