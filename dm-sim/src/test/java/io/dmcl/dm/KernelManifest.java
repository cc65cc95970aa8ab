package io.dmcl.dm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** What {@code .ci/kernel-check} is to do with the disks of a directory. */
final class KernelManifest {
  private final List<String> files = new ArrayList<>();
  private final List<String> script = new ArrayList<>();
  private final List<String> devices = new ArrayList<>();
  private boolean crash;

  KernelManifest files(List<String> names) {
    files.addAll(names);
    return this;
  }

  KernelManifest script(List<String> commands) {
    script.addAll(commands);
    return this;
  }

  /** All is left as it is after the script. */
  KernelManifest crash() {
    crash = true;
    return this;
  }

  /** A device of one line of which nothing is expected. */
  KernelManifest device(String name, String table, String... more) {
    List<String> fields = new ArrayList<>();
    fields.add("\"name\": " + quoted(name));
    fields.add("\"table\": " + array(List.of(table)));
    fields.addAll(List.of(more));
    devices.add("{" + String.join(", ", fields) + "}");
    return this;
  }

  void write(Path directory) throws IOException {
    List<String> fields = new ArrayList<>();
    fields.add("\"files\": " + array(files));
    if (!script.isEmpty()) {
      fields.add("\"script\": [\n  " + joined(script, ",\n  ") + "]");
    }
    fields.add("\"devices\": [\n  " + String.join(",\n  ", devices) + "]");
    if (crash) {
      fields.add("\"crash\": true");
    }
    Files.writeString(
        directory.resolve("manifest.json"), "{" + String.join(",\n ", fields) + "}\n");
  }

  static String field(String key, List<String> lines) {
    return quoted(key) + ": " + array(lines);
  }

  static String field(String key, String value) {
    return quoted(key) + ": " + quoted(value);
  }

  static String field(String key, boolean value) {
    return quoted(key) + ": " + value;
  }

  private static String array(List<String> words) {
    return "[" + joined(words, ", ") + "]";
  }

  private static String joined(List<String> words, String separator) {
    return words.stream().map(KernelManifest::quoted).collect(Collectors.joining(separator));
  }

  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
