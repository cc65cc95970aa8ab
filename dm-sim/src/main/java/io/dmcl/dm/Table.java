package io.dmcl.dm;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The targets of a device, side by side without a gap. Immutable. */
final class Table {
  record Entry(TargetType type, TargetContext context, Target target) {
    long begin() {
      return context.begin();
    }

    long end() {
      return context.begin() + context.length();
    }

    String line(String rest) {
      String head = begin() + " " + context.length() + " " + type.name();
      return rest.isEmpty() ? head : head + " " + rest;
    }
  }

  private final List<Entry> entries;

  private Table(List<Entry> entries) {
    this.entries = entries;
  }

  /** Parses a table and makes its targets; if one is refused, those before it are closed again. */
  static Table load(DeviceMapper node, String deviceName, String text) throws IOException {
    List<Entry> entries = new ArrayList<>();
    try {
      for (String line : text.split("\n", -1)) {
        String trimmed = line.strip();
        if (!trimmed.isEmpty() && !trimmed.startsWith("#")) {
          addLine(node, deviceName, entries, trimmed);
        }
      }
      if (entries.isEmpty()) {
        throw new TableException("the table has no targets");
      }
    } catch (IOException | RuntimeException e) {
      new Table(entries).close();
      throw e;
    }
    return new Table(List.copyOf(entries));
  }

  private static void addLine(
      DeviceMapper node, String deviceName, List<Entry> entries, String line) throws IOException {
    List<String> words = Arrays.asList(line.split("\\s+"));
    if (words.size() < 3) {
      throw new TableException("Invalid format on line: " + line);
    }
    long begin = TargetContext.number(words.get(0), "Invalid format: not a start sector");
    long length = TargetContext.number(words.get(1), "Invalid format: not a length");
    if (length == 0) {
      throw new TableException("zero-length target");
    }
    long previousEnd = entries.isEmpty() ? 0 : entries.get(entries.size() - 1).end();
    if (begin != previousEnd) {
      throw new TableException(
          "Gap in table: a target ends at " + previousEnd + ", the next begins at " + begin);
    }
    TargetType type = node.targetType(words.get(2));
    TargetContext context = new TargetContext(node, deviceName, begin, length);
    try {
      entries.add(new Entry(type, context, type.create(context, words.subList(3, words.size()))));
    } catch (TableException e) {
      context.releaseDevices();
      throw new TableException(type.name() + ": " + e.getMessage(), e);
    } catch (IOException | RuntimeException e) {
      context.releaseDevices();
      throw e;
    }
  }

  List<Entry> entries() {
    return entries;
  }

  long sectors() {
    return entries.get(entries.size() - 1).end();
  }

  Entry find(long sector) {
    int low = 0;
    int high = entries.size() - 1;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (entries.get(middle).end() <= sector) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return entries.get(low);
  }

  void resume() throws IOException {
    int resumed = 0;
    try {
      for (Entry entry : entries) {
        entry.target.resume();
        resumed++;
      }
    } catch (IOException | RuntimeException e) {
      for (Entry entry : entries.subList(0, resumed)) {
        try {
          entry.target.suspend();
        } catch (IOException suspendFailed) {
          e.addSuppressed(suspendFailed);
        }
      }
      throw e;
    }
  }

  void presuspend(boolean requeue) {
    entries.forEach(entry -> entry.target.presuspend(requeue));
  }

  void suspend() throws IOException {
    FirstFailure failure = new FirstFailure();
    for (Entry entry : entries) {
      failure.run(entry.target::suspend);
    }
    failure.rethrow();
  }

  void close() throws IOException {
    FirstFailure failure = new FirstFailure();
    for (Entry entry : entries) {
      failure.run(entry.target::close);
      failure.run(entry.context::releaseDevices);
    }
    failure.rethrow();
  }
}
