package io.dmcl.lock.zookeeper.torture;

import io.dmcl.lock.LockMode;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A line of the history: when, who, what, and the rest as {@code key=value}, without spaces.
 *
 * @param nanos when the resources' process heard of it, by the machine's monotonic clock
 * @param who the node and its incarnation, such as {@code n1.3}, or {@code nemesis}
 * @param what a word
 * @param fields the rest, in order
 */
record Event(long nanos, String who, String what, Map<String, String> fields) {
  Event {
    fields = Collections.unmodifiableMap(new LinkedHashMap<>(fields));
  }

  /** An event from its word and fields as one text. */
  static Event of(long nanos, String who, String text) {
    Map<String, String> fields = new LinkedHashMap<>();
    String[] words = text.split(" ", -1);
    for (int i = 1; i < words.length; i++) {
      int equals = words[i].indexOf('=');
      if (equals < 0) {
        throw new IllegalArgumentException("not key=value: \"" + words[i] + "\" in " + text);
      }
      fields.put(words[i].substring(0, equals), words[i].substring(equals + 1));
    }
    return new Event(nanos, who, words[0], fields);
  }

  /** An event from its line. */
  static Event parse(String line) {
    String[] parts = line.split(" ", 3);
    return of(Long.parseLong(parts[0]), parts[1], parts[2]);
  }

  /** The same, and more. */
  Event with(Map<String, String> more) {
    Map<String, String> all = new LinkedHashMap<>(fields);
    all.putAll(more);
    return new Event(nanos, who, what, all);
  }

  boolean has(String key) {
    return fields.containsKey(key);
  }

  String text(String key) {
    String value = fields.get(key);
    if (value == null) {
      throw new IllegalArgumentException("no " + key + " in: " + this);
    }
    return value;
  }

  long number(String key) {
    return Long.parseLong(text(key));
  }

  /** Whether the field is 1. */
  boolean is(String key) {
    return "1".equals(fields.get(key));
  }

  LockMode mode() {
    return text("mode").equals("X") ? LockMode.EXCLUSIVE : LockMode.SHARED;
  }

  @Override
  public String toString() {
    StringBuilder line = new StringBuilder().append(nanos).append(' ').append(who).append(' ');
    line.append(what);
    fields.forEach((key, value) -> line.append(' ').append(key).append('=').append(value));
    return line.toString();
  }
}
