package io.dmcl.lock.zookeeper.torture;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.EnumSet;
import java.util.Set;

/**
 * What a node is about, in memory that it shares with the nemesis: it can be read at any moment,
 * also when the node is paused or dead.
 */
final class StateBoard {
  private static final int STATES = ProtocolState.values().length;
  private static final VarHandle COUNTS =
      MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.nativeOrder());

  private final ByteBuffer counts;
  private final int locks;

  private StateBoard(ByteBuffer counts, int locks) {
    this.counts = counts;
    this.locks = locks;
  }

  /** The board in this file, which is made, all zero, if it is not there. */
  static StateBoard at(Path file, int locks) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      long size = (long) locks * STATES * Integer.BYTES;
      return new StateBoard(channel.map(MapMode.READ_WRITE, 0, size), locks);
    }
  }

  void enter(int lock, ProtocolState state) {
    COUNTS.getAndAdd(counts, index(lock, state), 1);
  }

  void leave(int lock, ProtocolState state) {
    COUNTS.getAndAdd(counts, index(lock, state), -1);
  }

  void set(int lock, ProtocolState state, boolean on) {
    COUNTS.setVolatile(counts, index(lock, state), on ? 1 : 0);
  }

  private boolean isIn(int lock, ProtocolState state) {
    return (int) COUNTS.getVolatile(counts, index(lock, state)) > 0;
  }

  private static int index(int lock, ProtocolState state) {
    return (lock * STATES + state.ordinal()) * Integer.BYTES;
  }

  /** What the node is about with any of its locks. */
  Set<ProtocolState> states() {
    Set<ProtocolState> states = EnumSet.noneOf(ProtocolState.class);
    for (int lock = 0; lock < locks; lock++) {
      for (ProtocolState state : ProtocolState.values()) {
        if (isIn(lock, state)
            && (state != ProtocolState.CACHED || !isIn(lock, ProtocolState.HELD))) {
          states.add(state);
        }
      }
    }
    return states;
  }
}
