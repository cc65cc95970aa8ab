package io.dmcl.bench.report;

import io.dmcl.bench.server.Servers;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where and with what it was measured.
 *
 * @param date in UTC
 * @param commit of the sources, or "unknown"
 * @param servers how they are set up
 * @param versions by library or program
 * @param loadAtStart the machine's load average before anything was started; negative if unknown
 */
public record Environment(
    String date,
    String commit,
    String machine,
    String system,
    String java,
    String servers,
    Map<String, String> versions,
    double loadAtStart) {
  private static final String UNKNOWN = "unknown";
  private static final long COMMAND_S = 10;
  private static final Pattern VERSION = Pattern.compile("\\d+\\.\\d+\\.\\d+");

  /** This machine, and servers that sync what they write or do not. */
  public static Environment here(boolean fsync) {
    return new Environment(
        Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
        describeCommit(),
        Runtime.getRuntime().availableProcessors() + " x " + processor() + ", " + memory(),
        System.getProperty("os.name") + " " + System.getProperty("os.version"),
        System.getProperty("java.vm.name") + " " + System.getProperty("java.runtime.version"),
        describeServers(fsync),
        findVersions(),
        ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
  }

  private static String describeServers(boolean fsync) {
    String others =
        "3 etcd, fsync on (it cannot be told otherwise); 1 Redis, append-only file, "
            + (fsync ? "fsync always" : "no fsync");
    return "3 ZooKeeper, fsync "
        + (fsync ? "on" : "off")
        + "; "
        + others
        + "; each a process of its own on the loopback interface, all clients in one process";
  }

  /** Lines for people. */
  public List<String> lines() {
    return List.of(
        "date      " + date,
        "commit    " + commit,
        "machine   " + machine + ", " + system,
        "load      "
            + (loadAtStart < 0 ? UNKNOWN : String.format("%.2f at the start", loadAtStart)),
        "java      " + java,
        "servers   " + servers,
        "versions  "
            + String.join(
                ", ",
                versions.entrySet().stream().map(e -> e.getKey() + " " + e.getValue()).toList()));
  }

  private static Map<String, String> findVersions() {
    Properties properties = new Properties();
    try (InputStream in = Environment.class.getResourceAsStream("versions.properties")) {
      if (in == null) {
        throw new IOException("versions.properties is not on the class path");
      }
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Map<String, String> versions = new TreeMap<>();
    properties.forEach((name, version) -> versions.put((String) name, (String) version));
    for (String program : List.of("etcd", "redis-server")) {
      if (Servers.isInstalled(program)) {
        String line = firstLine(List.of(program, "--version"), Path.of(""));
        Matcher version = VERSION.matcher(line);
        versions.put(program, version.find() ? version.group() : line);
      }
    }
    return versions;
  }

  private static String describeCommit() {
    try {
      Path code =
          Path.of(Environment.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      Path directory = Files.isDirectory(code) ? code : code.resolveSibling("");
      return firstLine(
          List.of("git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"),
          directory);
    } catch (URISyntaxException e) {
      return UNKNOWN;
    }
  }

  private static String processor() {
    try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse(System.getProperty("os.arch"));
    } catch (IOException e) {
      return System.getProperty("os.arch");
    }
  }

  private static String memory() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? Math.round(system.getTotalMemorySize() / (double) (1L << 30)) + " GiB"
        : UNKNOWN;
  }

  /** What a command says first; "unknown" if it fails. */
  private static String firstLine(List<String> command, Path directory) {
    try {
      ProcessBuilder builder = new ProcessBuilder(command);
      if (!directory.toString().isEmpty()) {
        builder.directory(directory.toFile());
      }
      Process process = builder.redirectError(ProcessBuilder.Redirect.DISCARD).start();
      String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      boolean good = process.waitFor(COMMAND_S, TimeUnit.SECONDS) && process.exitValue() == 0;
      return good && !text.isBlank() ? text.lines().findFirst().orElse(UNKNOWN) : UNKNOWN;
    } catch (IOException e) {
      return UNKNOWN;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return UNKNOWN;
    }
  }
}
