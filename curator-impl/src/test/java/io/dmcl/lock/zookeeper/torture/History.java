package io.dmcl.lock.zookeeper.torture;

import com.google.common.collect.EvictingQueue;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * All that happened, in the order in which the resources saw it: a file, and whoever listens.
 * Thread-safe; what is done to a resource and its place in the history are one step.
 */
final class History implements AutoCloseable {
  private static final int RECENT = 20_000;

  private final BufferedWriter file;
  private final Map<String, Resource> resources;
  private final List<Consumer<Event>> listeners = new ArrayList<>();
  private final EvictingQueue<Event> recent = EvictingQueue.create(RECENT);

  History(Path path, Map<String, Resource> resources) throws IOException {
    file = Files.newBufferedWriter(path);
    this.resources = resources;
  }

  /** Who is told of what happens from now on, in order. */
  synchronized void listen(Consumer<Event> listener) {
    listeners.add(listener);
  }

  /** Does what a node asks for, and returns the answer as {@code key=value ...}. */
  synchronized String ask(String who, String text) {
    Event event = Event.of(System.nanoTime(), who, text);
    Map<String, String> answer = answer(event);
    add(event.with(answer));
    StringBuilder line = new StringBuilder("answer");
    answer.forEach((key, value) -> line.append(' ').append(key).append('=').append(value));
    return line.toString();
  }

  /** Adds what happened without being asked for. */
  synchronized void tell(String who, String text) {
    add(Event.of(System.nanoTime(), who, text));
  }

  private void add(Event event) {
    try {
      file.write(event.toString());
      file.newLine();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    recent.add(event);
    listeners.forEach(listener -> listener.accept(event));
  }

  private Map<String, String> answer(Event event) {
    Map<String, String> answer = new LinkedHashMap<>();
    switch (event.what()) {
      case "had", "read", "begin", "end" -> {
        try {
          access(event, answer);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
      default -> {}
    }
    return answer;
  }

  private void access(Event event, Map<String, String> answer) throws IOException {
    Resource resource = resources.get(event.text("lock"));
    if (resource == null) {
      throw new IllegalArgumentException("no such resource: " + event);
    }
    if (event.what().equals("had") && !event.is("valid")) {
      return;
    }
    long token = event.number("token");
    boolean admitted = resource.admits(event.mode(), token);
    answer.put("ok", admitted ? "1" : "0");
    if (!admitted) {
      return;
    }
    switch (event.what()) {
      case "begin" -> resource.begin(event.number("number"), token);
      case "end" -> resource.end(event.number("number"), token);
      default -> {}
    }
    answer.put("content", Long.toString(resource.content()));
    answer.put("torn", Long.toString(resource.tornBy()));
  }

  /** What happened lately at this lock or to everybody, around a moment. */
  synchronized List<Event> around(String lock, long fromNanos, long toNanos) {
    return recent.stream()
        .filter(event -> event.nanos() >= fromNanos && event.nanos() <= toNanos)
        .filter(event -> !event.has("lock") || event.text("lock").equals(lock))
        .toList();
  }

  @Override
  public synchronized void close() throws IOException {
    file.close();
  }
}
