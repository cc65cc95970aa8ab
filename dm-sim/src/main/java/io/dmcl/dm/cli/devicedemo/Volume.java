package io.dmcl.dm.cli.devicedemo;

import io.dmcl.dm.Bio;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * The disks and devices of the demo, and who writes what: each node has a home, far from the
 * others', and all share one place in which their blocks alternate.
 *
 * @param sectors of the origin
 * @param nodes how many nodes
 */
record Volume(long sectors, int nodes) {
  static final int BLOCK_SECTORS = 8;
  static final int BLOCK_BYTES = BLOCK_SECTORS * Bio.SECTOR;
  static final int MIN_SECTORS = 16 * 1024;

  static final String LOG = "log.img";
  static final List<String> LEGS = List.of("leg0.img", "leg1.img");
  static final String ORIGIN = "origin";
  static final String VOLUME = "vol";

  private static final int REGION_SECTORS = 1024;
  private static final int LOG_SECTORS = 16;

  /** In a measured phase a node keeps to so many blocks at home, and as many are shared. */
  private static final int WORKING_SET = 128;

  private static final int ELSEWHERE_PER_HUNDRED = 1;

  Volume {
    if (sectors < MIN_SECTORS || sectors % REGION_SECTORS != 0) {
      throw new IllegalArgumentException("not a size: " + sectors + " sectors");
    }
  }

  /** A snapshot. */
  enum Snapshot {
    /** Is only read. */
    SNAP1("snap1", "cow1.img", "P", 8),
    /** Is written, too. */
    SNAP2("snap2", "cow2.img", "PO", 32);

    final String device;
    final String store;
    private final String persistence;
    private final int chunkSectors;

    Snapshot(String device, String store, String persistence, int chunkSectors) {
      this.device = device;
      this.store = store;
      this.persistence = persistence;
      this.chunkSectors = chunkSectors;
    }

    static Snapshot of(String device) {
      return valueOf(device.toUpperCase(Locale.ROOT));
    }
  }

  int blocks() {
    return (int) (sectors / BLOCK_SECTORS);
  }

  int regions() {
    return (int) (sectors / REGION_SECTORS);
  }

  int regionSectors() {
    return REGION_SECTORS;
  }

  long logSectors() {
    return LOG_SECTORS;
  }

  /** A store never gets full: it has room for every chunk, the areas and the header. */
  long storeSectors() {
    return sectors + sectors / 32 + 1024;
  }

  String volumeTable() {
    return "0 "
        + sectors
        + " mirror disk 2 file:"
        + LOG
        + " "
        + REGION_SECTORS
        + " 2 file:"
        + LEGS.get(0)
        + " 0 file:"
        + LEGS.get(1)
        + " 0";
  }

  String originTable() {
    return "0 " + sectors + " snapshot-origin dev:" + VOLUME;
  }

  String snapshotTable(Snapshot snapshot) {
    return "0 "
        + sectors
        + " snapshot dev:"
        + VOLUME
        + " file:"
        + snapshot.store
        + " "
        + snapshot.persistence
        + " "
        + snapshot.chunkSectors;
  }

  String legTable(String leg) {
    return "0 " + sectors + " linear file:" + leg + " 0";
  }

  /** The first block of a node's home; of the shared place for node {@code nodes + 1}. */
  private int homeOf(int node) {
    return (int) ((long) blocks() * (node - 1) / (nodes + 1));
  }

  /** The blocks that only this node writes. */
  int[] ownBlocks(int node) {
    int shared = WORKING_SET / nodes;
    int[] own = new int[WORKING_SET + shared];
    for (int i = 0; i < WORKING_SET; i++) {
      own[i] = homeOf(node) + i;
    }
    for (int i = 0; i < shared; i++) {
      own[WORKING_SET + i] = homeOf(nodes + 1) + i * nodes + node - 1;
    }
    return own;
  }

  /** A block that the node writes next: of its home, or now and then in the shared place. */
  int blockToWrite(int node, SplittableRandom random) {
    boolean shared = random.nextInt(100) < ELSEWHERE_PER_HUNDRED;
    int[] own = ownBlocks(node);
    return shared
        ? own[WORKING_SET + random.nextInt(own.length - WORKING_SET)]
        : own[random.nextInt(WORKING_SET)];
  }

  /** A block that the node reads next: of its home, or now and then anybody's. */
  int blockToRead(int node, SplittableRandom random) {
    boolean visit = random.nextInt(100) < ELSEWHERE_PER_HUNDRED;
    int place = visit ? 1 + random.nextInt(nodes + 1) : node;
    return homeOf(place) + random.nextInt(WORKING_SET);
  }
}
