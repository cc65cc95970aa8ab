package io.dmcl.lock.zookeeper.sim;

/** A set of many numbers that are spread evenly: open addressing, eight bytes for each place. */
final class Numbers {
  private long[] places = new long[1 << 10];
  private int size;
  private boolean hasZero;

  /** Adds a number; false if it was there. */
  boolean add(long number) {
    if (number == 0) { // marks a free place
      boolean added = !hasZero;
      hasZero = true;
      return added;
    }
    if (!insert(number)) {
      return false;
    }
    if (++size > places.length / 2) {
      long[] old = places;
      places = new long[2 * old.length];
      for (long one : old) {
        if (one != 0) {
          boolean unused = insert(one);
        }
      }
    }
    return true;
  }

  private boolean insert(long number) {
    int mask = places.length - 1;
    int place = (int) (number ^ number >>> 32) & mask;
    while (places[place] != 0) {
      if (places[place] == number) {
        return false;
      }
      place = place + 1 & mask;
    }
    places[place] = number;
    return true;
  }

  int size() {
    return size + (hasZero ? 1 : 0);
  }
}
