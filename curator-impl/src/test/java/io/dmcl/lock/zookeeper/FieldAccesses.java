package io.dmcl.lock.zookeeper;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Who reads and writes the fields of objects, told by the classes of a {@link WatchedLoader}, and
 * which fields need to be volatile: those that were written since a second thread has come, and not
 * always by who was the same event loop. (Savage et al., Eraser, 1997, with the loop as the lock.)
 * Public for the sake of the watched classes.
 */
public final class FieldAccesses {
  private static final ThreadLocal<Object> loop = new ThreadLocal<>();

  @GuardedBy("FieldAccesses.class")
  private static final Map<Object, Accessed> accessed = new IdentityHashMap<>();

  @GuardedBy("FieldAccesses.class")
  private static final Set<String> shared = new TreeSet<>();

  private FieldAccesses() {}

  /** An object. Until a second thread has come, it is the first one's. */
  private static final class Accessed {
    final Thread first = Thread.currentThread();
    final Map<String, Access> fields = new HashMap<>();
  }

  /** A field of it, since then. */
  private static final class Access {
    @Nullable Object underLoop = loop.get();
    boolean written;
  }

  /** This thread is the loop from now on, if it has won that. */
  public static void entered(boolean won, Object entered) {
    if (won) {
      loop.set(entered);
    }
  }

  /** It is not any more. */
  public static void left() {
    loop.remove();
  }

  /** A field is read or written. */
  public static synchronized void note(Object owner, String field, boolean write) {
    Accessed object = accessed.computeIfAbsent(owner, of -> new Accessed());
    Access access = object.fields.get(field);
    if (access == null) {
      if (object.first == Thread.currentThread()) {
        return;
      }
      access = new Access();
      object.fields.put(field, access);
    }
    if (access.underLoop != loop.get()) {
      access.underLoop = null;
    }
    access.written |= write;
    if (access.underLoop == null && access.written) {
      shared.add(field);
    }
  }

  /** The fields that need to be volatile, or something of the kind. */
  static synchronized Set<String> shared() {
    return new TreeSet<>(shared);
  }
}
