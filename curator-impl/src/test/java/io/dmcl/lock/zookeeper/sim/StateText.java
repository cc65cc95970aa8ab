package io.dmcl.lock.zookeeper.sim;

import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The canonical form of a node's own state: everything that can be reached from it through the
 * fields of our own classes, with times as distances from now and transaction ids as ranks. Left
 * out is what no decision depends on: counters for people, and where things lead out of the node.
 */
final class StateText {
  private static final long SHORT_NANOS = 30_000_000L;
  private static final long FIRST_ZXID = 1L << 32;
  private static final long LAST_ZXID = 1L << 40;

  private static final Set<String> LEFT_OUT =
      Set.of(
          "hits",
          "hitsBefore",
          "misses",
          "counted",
          "slowUses",
          "grants",
          "recalls",
          "reloadsAvoided",
          "waitNanos",
          "grantNanos",
          "freed",
          "useCounts",
          "idleSinceNanos",
          "usesSeen",
          "record",
          "enqueuedAtNanos",
          "lastNanos",
          "lastWallNanos",
          "sinceNanos",
          "config",
          "layout",
          "promises", // only to be told if the lockspace fails, which is a violation
          "awakeFromNanos",
          "aloneInQueue", // decides something at the end of the counter
          "callbacks",
          "loop",
          "random",
          "nodeData",
          "face",
          "past",
          "session",
          "leasedSession",
          "coordinator",
          "listeners",
          "options",
          "lease",
          "sessionLease",
          "renewalAtNanos",
          "leaseCheckAtNanos");

  /** How the objects of a class are added, found out once. */
  private static final ClassValue<Shape> SHAPES =
      new ClassValue<>() {
        @Override
        protected Shape computeValue(Class<?> type) {
          return Shape.of(type);
        }
      };

  /** What decides something only for a node that acquires again. */
  private static final Set<String> FOR_THE_NEXT = Set.of("last");

  private static final Part ELEMENT = Part.of("", null);
  private static final Part KEY = Part.of("key", null);
  private static final Part VALUE = Part.of("value", null);

  private final Fingerprint out;
  private final long nowNanos;
  private final boolean last;
  private final Map<Object, Integer> seen = new IdentityHashMap<>(128);

  /**
   * A text that is added to a fingerprint.
   *
   * @param last whether the node is not going to acquire anything more
   */
  StateText(Fingerprint out, long nowNanos, boolean last) {
    this.out = out;
    this.nowNanos = nowNanos;
    this.last = last;
  }

  /** A field, or an element of something. */
  private record Part(
      String text,
      long hash,
      boolean time,
      boolean since,
      boolean forTheNext,
      @Nullable Field field) {
    static Part of(String name, @Nullable Field field) {
      String text = "\n" + name + "=";
      boolean time = name.endsWith("AtNanos");
      boolean since = !name.equals("wakeAtNanos");
      boolean forTheNext = FOR_THE_NEXT.contains(name);
      return new Part(text, HashedFingerprint.hash(text), time, since, forTheNext, field);
    }
  }

  private enum Kind {
    /** Its text says all. */
    SCALAR,
    LONG,
    BYTES,
    FUTURE,
    MAP,
    MANY,
    ARRAY,
    /** Not ours, or of the simulator: only that it is there. */
    FOREIGN,
    OURS
  }

  private record Shape(Kind kind, String name, long hash, boolean isValue, List<Part> parts) {
    static Shape of(Class<?> type) {
      Kind kind = kindOf(type);
      String simple = type.getSimpleName();
      int lambda = simple.indexOf("$$Lambda");
      String name = lambda < 0 ? simple : simple.substring(0, lambda) + "->";
      List<Part> parts = kind == Kind.OURS ? fields(type) : List.of();
      return new Shape(kind, name, HashedFingerprint.hash(name), type.isRecord(), parts);
    }

    private static Kind kindOf(Class<?> type) {
      if (type == Long.class) {
        return Kind.LONG;
      } else if (type == String.class
          || Number.class.isAssignableFrom(type)
          || type == Boolean.class
          || Enum.class.isAssignableFrom(type)) {
        return Kind.SCALAR;
      } else if (type == byte[].class) {
        return Kind.BYTES;
      } else if (CompletableFuture.class.isAssignableFrom(type)) {
        return Kind.FUTURE;
      } else if (Map.class.isAssignableFrom(type)) {
        return Kind.MAP;
      } else if (Iterable.class.isAssignableFrom(type) && !type.isRecord()) {
        return Kind.MANY;
      } else if (type.isArray()) {
        return Kind.ARRAY;
      }
      boolean foreign =
          type.getName().startsWith("io.dmcl.lock.zookeeper.sim.")
              || type.getName().startsWith("java.");
      return foreign ? Kind.FOREIGN : Kind.OURS;
    }

    private static List<Part> fields(Class<?> type) {
      List<Part> fields = new ArrayList<>();
      for (Class<?> one = type; one != null && one != Object.class; one = one.getSuperclass()) {
        if (one.getName().startsWith("java.")) {
          continue;
        }
        for (Field field : one.getDeclaredFields()) {
          if (!Modifier.isStatic(field.getModifiers()) && !LEFT_OUT.contains(field.getName())) {
            field.setAccessible(true);
            fields.add(Part.of(field.getName(), field));
          }
        }
      }
      return fields;
    }
  }

  void add(String name, @Nullable Object value) {
    add(Part.of(name, null), value);
  }

  private void add(Part part, @Nullable Object value) {
    out.text(part.text(), part.hash());
    if (value == null) {
      out.text("null", 0);
      return;
    }
    Shape shape = SHAPES.get(value.getClass());
    switch (shape.kind()) {
      case LONG -> addLong(part, (Long) value);
      case SCALAR -> out.text(value.toString());
      case BYTES -> out.bytes((byte[]) value);
      case FUTURE -> out.text(((CompletableFuture<?>) value).isDone() ? "done" : "open");
      default -> {
        // Which of several equal values it is does not matter; of objects with a state it does.
        boolean named = shape.kind() == Kind.OURS && !shape.isValue();
        Integer number = named ? seen.putIfAbsent(value, seen.size()) : null;
        if (number != null) {
          out.text("@", 1).number(number);
        } else {
          addObject(shape, value);
        }
      }
    }
  }

  private void addLong(Part part, long number) {
    if (part.time()) {
      // Only whether it is over, and for short times when, decides anything.
      long left = number - nowNanos;
      out.number(Math.max(part.since() ? -SHORT_NANOS : 0, Math.min(SHORT_NANOS, left)));
    } else if (number >= FIRST_ZXID && number < LAST_ZXID) {
      out.zxid(number);
    } else {
      out.number(number);
    }
  }

  private void addObject(Shape shape, Object value) {
    out.text(shape.name(), shape.hash());
    switch (shape.kind()) {
      case MAP -> {
        ((Map<?, ?>) value)
            .forEach(
                (key, one) -> {
                  add(KEY, key);
                  add(VALUE, one);
                });
        out.text("}", 2);
      }
      case MANY -> {
        ((Iterable<?>) value).forEach(one -> add(ELEMENT, one));
        out.text("]", 3);
      }
      case ARRAY -> {
        for (int i = 0; i < Array.getLength(value); i++) {
          add(ELEMENT, Array.get(value, i));
        }
        out.text("]", 3);
      }
      default -> {
        for (Part part : shape.parts()) {
          if (!last || !part.forTheNext()) {
            addField(part, value);
          }
        }
      }
    }
  }

  private void addField(Part part, Object of) {
    Field field = Objects.requireNonNull(part.field());
    try {
      Class<?> type = field.getType();
      if (type == boolean.class) {
        out.text(part.text(), part.hash()).number(field.getBoolean(of) ? 1 : 0);
      } else if (type == int.class) {
        out.text(part.text(), part.hash()).number(field.getInt(of));
      } else if (type == long.class) {
        out.text(part.text(), part.hash());
        addLong(part, field.getLong(of));
      } else {
        add(part, field.get(of));
      }
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(part.text(), e);
    }
  }
}
