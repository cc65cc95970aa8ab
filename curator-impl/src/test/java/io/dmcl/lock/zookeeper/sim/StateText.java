package io.dmcl.lock.zookeeper.sim;

import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The canonical text of a node's own state: everything that can be reached from it through the
 * fields of our own classes, with times as distances from now and transaction ids as ranks. Left
 * out is what no decision depends on: counters for people, and where things lead out of the node.
 */
final class StateText {
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
          "demotingSinceNanos",
          "config",
          "layout",
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

  private static final Map<Class<?>, List<Field>> FIELDS = new ConcurrentHashMap<>();

  private final Fingerprint out;
  private final long nowNanos;
  private final Map<Object, Integer> seen = new IdentityHashMap<>();

  StateText(Fingerprint out, long nowNanos) {
    this.out = out;
    this.nowNanos = nowNanos;
  }

  void add(String name, @Nullable Object value) {
    out.text("\n").text(name).text("=");
    if (value == null) {
      out.text("null");
    } else if (value instanceof Long number) {
      addLong(name, number);
    } else if (value instanceof String
        || value instanceof Number
        || value instanceof Boolean
        || value instanceof Enum<?>) {
      out.text(value.toString());
    } else if (value instanceof byte[] bytes) {
      out.bytes(bytes);
    } else if (value instanceof CompletableFuture<?> future) {
      out.text(future.isDone() ? "done" : "open");
    } else {
      Integer number = seen.get(value);
      if (number != null) {
        out.text("@").number(number);
      } else {
        seen.put(value, seen.size());
        addObject(name, value);
      }
    }
  }

  private void addLong(String name, long number) {
    if (name.endsWith("Nanos")) {
      // Only whether it is over, and for short times when, decides anything.
      long left = number - nowNanos;
      out.number(Math.max(-30_000_000, Math.min(30_000_000, left)));
    } else if (number >= FIRST_ZXID && number < LAST_ZXID) {
      out.zxid(number);
    } else {
      out.number(number);
    }
  }

  private void addObject(String name, Object value) {
    if (value instanceof Map<?, ?> map) {
      out.text("{");
      map.forEach(
          (key, one) -> {
            add("key", key);
            add("value", one);
          });
      out.text("}");
    } else if (value instanceof Iterable<?> many && !value.getClass().isRecord()) {
      out.text("[");
      many.forEach(one -> add("", one));
      out.text("]");
    } else if (value.getClass().isArray()) {
      for (int i = 0; i < Array.getLength(value); i++) {
        add("", Array.get(value, i));
      }
    } else if (value.getClass().getName().startsWith("io.dmcl.lock.zookeeper.sim.")
        || value.getClass().getName().startsWith("java.")) {
      out.text(value.getClass().getSimpleName());
    } else {
      String type = value.getClass().getSimpleName();
      int lambda = type.indexOf("$$Lambda");
      out.text(lambda < 0 ? type : type.substring(0, lambda) + "->");
      for (Field field : fields(value.getClass())) {
        try {
          add(field.getName(), field.get(value));
        } catch (IllegalAccessException e) {
          throw new IllegalStateException(name, e);
        }
      }
    }
  }

  private static List<Field> fields(Class<?> type) {
    return FIELDS.computeIfAbsent(
        type,
        of -> {
          List<Field> fields = new ArrayList<>();
          for (Class<?> one = of; one != null && one != Object.class; one = one.getSuperclass()) {
            if (one.getName().startsWith("java.")) {
              continue;
            }
            for (Field field : one.getDeclaredFields()) {
              if (!Modifier.isStatic(field.getModifiers()) && !LEFT_OUT.contains(field.getName())) {
                field.setAccessible(true);
                fields.add(field);
              }
            }
          }
          return fields;
        });
  }
}
