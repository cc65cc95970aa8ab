package io.dmcl.dm.mirror;

import io.dmcl.dm.Bio;
import io.dmcl.dm.BlockDevice;
import io.dmcl.dm.Fence;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The legs of a mirror, in the order of the table line. Immutable. */
final class Legs {
  /**
   * A leg.
   *
   * @param offset where the mirror begins on the device
   */
  record Leg(BlockDevice device, long offset) {}

  private final List<Leg> legs;

  Legs(List<Leg> legs) {
    this.legs = List.copyOf(legs);
  }

  int count() {
    return legs.size();
  }

  /** Passes a bio, whose sector is the mirror's, on to a leg. */
  void submit(int leg, Bio bio, @Nullable Fence fence) throws IOException {
    Leg to = legs.get(leg);
    Bio there = bio.op() == Bio.Op.FLUSH ? bio : bio.at(to.offset + bio.sector());
    to.device.submit(there.withFence(fence));
  }

  /**
   * Flushes all legs, and raises their gates.
   *
   * @return those that could not be flushed
   */
  List<Integer> flush(@Nullable Fence fence) throws IOException {
    List<Integer> failed = new ArrayList<>();
    for (int leg = 0; leg < legs.size(); leg++) {
      try {
        submit(leg, Bio.flush(), fence);
      } catch (IOException e) {
        if (DirtyLog.isOurs(e)) {
          throw e;
        }
        failed.add(leg);
      }
    }
    return failed;
  }
}
