package io.dmcl.lock.zookeeper.cache;

import java.lang.invoke.VarHandle;

/** What {@link VarHandle} does in one step, done in two. */
@SuppressWarnings("unused") // called by changed byte code
public final class TwoSteps {
  private TwoSteps() {}

  public static boolean compareAndSet(VarHandle field, Object of, long expected, long value) {
    if ((long) field.getVolatile(of) != expected) {
      return false;
    }
    field.setVolatile(of, value);
    return true;
  }

  public static boolean compareAndSet(
      VarHandle element, long[] of, int index, long expected, long value) {
    if ((long) element.getVolatile(of, index) != expected) {
      return false;
    }
    element.setVolatile(of, index, value);
    return true;
  }

  public static long getAndBitwiseOr(VarHandle field, Object of, long bits) {
    long seen = (long) field.getVolatile(of);
    field.setVolatile(of, seen | bits);
    return seen;
  }

  public static long getAndBitwiseAnd(VarHandle field, Object of, long bits) {
    long seen = (long) field.getVolatile(of);
    field.setVolatile(of, seen & bits);
    return seen;
  }

  public static long getAndAdd(VarHandle field, Object of, long delta) {
    long seen = (long) field.getVolatile(of);
    field.setVolatile(of, seen + delta);
    return seen;
  }
}
