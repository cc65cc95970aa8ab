package io.dmcl.dm.mirror;

import io.dmcl.dm.Fence;
import java.io.IOException;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * What the first node of a mirror makes of its log, as the kernel does at each resume.
 *
 * @param clean the bits
 * @param value the value of the log's lock
 */
record LogStart(BitSet clean, LogValue value) {
  /** What a table line says about the state at the start. */
  enum Word {
    AS_LOGGED,
    SYNC,
    NOSYNC
  }

  /**
   * A log on a disk: read, and written with bits for all regions.
   *
   * @param fresh the value of a new mirror, which is out of sync
   * @param earlier the value that there was, if any
   */
  static LogStart onDisk(
      LogFormat log,
      Word word,
      int regions,
      LogValue fresh,
      @Nullable LogValue earlier,
      Fence fence)
      throws IOException {
    log.flush(fence);
    LogFormat.Contents contents = log.read();
    if (contents.magic() && !contents.supported()) {
      return new LogStart(new BitSet(), fresh.withLog('D'));
    }
    // Without its log the mirror was written unmarked.
    boolean unmarked = earlier != null && earlier.log() != 'A';
    boolean known = contents.magic() && word == Word.AS_LOGGED && !unmarked;
    int logged = known ? (int) Math.min(Math.max(0, contents.regions()), regions) : 0;
    BitSet clean = contents.clean();
    clean.set(logged, regions, word == Word.NOSYNC);
    log.write(clean, fence);
    log.flush(fence);
    BitSet outOfSync = fresh.outOfSync();
    outOfSync.andNot(clean);
    LogValue started = fresh.withOutOfSync(outOfSync);
    // The kernel would recover from leg 0. If that one had failed, the newest data are elsewhere,
    // and this value is all that knows; unless somebody else has used the mirror meanwhile.
    if (earlier != null
        && earlier.outOfSyncCount() > 0
        && earlier.endsOutOfSync().stream().noneMatch(started::inSync)) {
      started = started.withDefaultLeg(earlier.defaultLeg());
    }
    return new LogStart(clean, started);
  }

  /** A core log, whose state is in the value only. */
  static LogValue inCore(Word word, LogValue fresh, @Nullable LogValue earlier) {
    if (earlier != null && word == Word.AS_LOGGED) {
      return fresh.withOutOfSync(earlier.outOfSync()).withDefaultLeg(earlier.defaultLeg());
    }
    return word == Word.NOSYNC ? fresh.withOutOfSync(new BitSet()) : fresh;
  }
}
