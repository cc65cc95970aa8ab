package io.dmcl.dm.cli.device;

import io.dmcl.dm.DeviceMapper;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockspaceDump;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A dump of the locks, with a letter for each node that appears in it. */
final class LockView {
  private final Map<LockName, LockspaceDump.LockEntry> locks = new HashMap<>();
  private final Map<String, Character> letters = new LinkedHashMap<>();
  private final List<String> nodes = new ArrayList<>();

  LockView(LockspaceDump dump) {
    for (LockspaceDump.LockEntry lock : dump.locks()) {
      locks.put(lock.name(), lock);
    }
    for (LockspaceDump.NodeEntry node : dump.nodes()) {
      if (!letters.containsKey(node.nodeId())) {
        char letter = letters.size() < 26 ? (char) ('A' + letters.size()) : '?';
        letters.put(node.nodeId(), letter);
        boolean here = node.nodeId().equals(dump.nodeId());
        nodes.add(letter + " " + DeviceMap.describe(node) + (here ? ", this node" : ""));
      }
    }
  }

  /** The letters, each with the node it stands for. */
  List<String> nodes() {
    return nodes;
  }

  private char letter(LockspaceDump.QueueEntry entry) {
    LockspaceDump.NodeEntry node = entry.node();
    Character letter = node == null ? null : letters.get(node.nodeId());
    char known = letter == null ? '?' : letter;
    return entry.mode() == LockMode.EXCLUSIVE ? known : Character.toLowerCase(known);
  }

  private LockspaceDump.@Nullable LockEntry find(String kind, String device, String part) {
    return locks.get(DeviceMapper.lockName(kind, device, part));
  }

  /** Who has the lock, as one character. */
  char holders(String kind, String device, String part) {
    LockspaceDump.LockEntry lock = find(kind, device, part);
    char found = DeviceMap.NOBODY;
    if (lock != null) {
      for (LockspaceDump.QueueEntry entry : lock.queue()) {
        if (entry.granted()) {
          found = found == DeviceMap.NOBODY ? letter(entry) : DeviceMap.SEVERAL;
        }
      }
    }
    return found;
  }

  /** The lock in words: one line, or none if nobody ever used it. */
  List<String> lines(String kind, String device) {
    LockspaceDump.LockEntry lock = find(kind, device, "");
    return lock == null ? List.of() : List.of(line(lock));
  }

  /** All locks of a device. */
  List<String> ofDevice(String device) {
    List<String> lines = new ArrayList<>();
    for (String kind : List.of("origin", "store", "merge", "mirror-log", "mirror-active")) {
      lines.addAll(lines(kind, device));
    }
    return lines;
  }

  private String line(LockspaceDump.LockEntry lock) {
    StringBuilder granted = new StringBuilder();
    StringBuilder waiting = new StringBuilder();
    for (LockspaceDump.QueueEntry entry : lock.queue()) {
      (entry.granted() ? granted : waiting).append(' ').append(letter(entry));
    }
    StringBuilder text = new StringBuilder("lock " + lock.name() + ": ");
    text.append(granted.length() == 0 ? "nobody" : granted.substring(1));
    if (waiting.length() > 0) {
      text.append(", waiting:").append(waiting);
    }
    if (!lock.deadIntents().isEmpty()) {
      text.append(", ").append(lock.deadIntents().size()).append(" died with it");
    }
    return text.append(", version ").append(lock.version()).toString();
  }
}
