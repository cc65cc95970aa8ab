package io.dmcl.lock.zookeeper.sim;

import java.util.Set;

/**
 * What a simulated ensemble is like.
 *
 * @param servers how many; number 0 leads at first
 * @param tickNanos the tick: sessions end at multiples of it, the leader pings every half of it
 * @param packetLimitBytes requests and replies above it break the connection
 * @param direct whether the leader has a forwarded message in the moment in which it is sent, if
 *     the link is up; fewer steps, for explorations that do not care about touches
 * @param mutations the rules that are switched to wrong ones
 */
public record Settings(
    int servers, long tickNanos, int packetLimitBytes, boolean direct, Set<Mutation> mutations) {
  private static final int DEFAULT_PACKET_LIMIT_BYTES = 0xfffff;
  private static final long DEFAULT_TICK_NANOS = 2_000_000_000L;

  /** ZooKeeper's defaults. */
  public static Settings of(int servers) {
    return new Settings(servers, DEFAULT_TICK_NANOS, DEFAULT_PACKET_LIMIT_BYTES, false, Set.of());
  }

  /** The same, with fewer steps. */
  public Settings directly() {
    return new Settings(servers, tickNanos, packetLimitBytes, true, mutations);
  }

  /** The same with another tick. */
  public Settings withTickNanos(long nanos) {
    return new Settings(servers, nanos, packetLimitBytes, direct, mutations);
  }

  /** The same with another limit. */
  public Settings withPacketLimitBytes(int bytes) {
    return new Settings(servers, tickNanos, bytes, direct, mutations);
  }

  /** The same with wrong rules. */
  public Settings with(Set<Mutation> wrong) {
    return new Settings(servers, tickNanos, packetLimitBytes, direct, Set.copyOf(wrong));
  }

  boolean has(Mutation mutation) {
    return mutations.contains(mutation);
  }
}
