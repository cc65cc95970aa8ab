package io.dmcl.dm.cli.devicedemo;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

/**
 * What is left behind with {@code --keep}: the disks, and {@code manifest.json}, which says how to
 * make devices of them and what these must show.
 */
final class Manifest {
  private final List<String> files = new ArrayList<>();
  private final List<String> devices = new ArrayList<>();

  /** Copies the disks there. */
  Manifest(Path from, Path to) throws IOException {
    files.addAll(Volume.LEGS);
    files.add(Volume.LOG);
    for (Volume.Snapshot snapshot : Volume.Snapshot.values()) {
      files.add(snapshot.store);
    }
    Files.createDirectories(to);
    for (String file : files) {
      Files.copy(from.resolve(file), to.resolve(file), StandardCopyOption.REPLACE_EXISTING);
    }
  }

  /**
   * A device that can be created when those before it have been.
   *
   * @param afterSync whether the digest is true only when the mirror has synchronised
   */
  Manifest device(String name, String table, boolean afterSync, String sha256) {
    devices.add(
        "    {\"name\": "
            + quoted(name)
            + ", \"table\": ["
            + quoted(table)
            + "]"
            + (afterSync ? ", \"afterSync\": true" : "")
            + ", \"sha256\": "
            + quoted(sha256)
            + "}");
    return this;
  }

  void write(Path directory) throws IOException {
    String text =
        "{\n  \"files\": ["
            + String.join(", ", files.stream().map(Manifest::quoted).toList())
            + "],\n  \"devices\": [\n"
            + String.join(",\n", devices)
            + "\n  ]\n}\n";
    Files.writeString(directory.resolve("manifest.json"), text, StandardCharsets.UTF_8);
  }

  /** The names and tables have nothing that JSON would have escaped. */
  private static String quoted(String text) {
    return '"' + text + '"';
  }
}
