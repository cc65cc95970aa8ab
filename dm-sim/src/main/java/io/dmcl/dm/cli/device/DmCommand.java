package io.dmcl.dm.cli.device;

import io.dmcl.dm.Bio;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command {@code dm}: dmsetup's commands, for the devices of a node process. */
@Command(
    name = "dm",
    mixinStandardHelpOptions = true,
    description = {
      "Commands in dmsetup's syntax for the devices of a node process (dm node), which --run-dir"
          + " says.",
      "A device in a table line is file:NAME, a disk, or dev:NAME, another device of the node."
    },
    exitCodeListHeading = "Exit status:%n",
    exitCodeList = {"0:done", "1:failed", "2:misused"},
    subcommands = {NodeCommand.class, MapCommand.class})
// picocli sets the fields.
@SuppressWarnings("NullAway.Init")
public final class DmCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Option(
      names = "--run-dir",
      paramLabel = "DIR",
      defaultValue = "${env:DMCL_RUN_DIR}",
      scope = ScopeType.INHERIT,
      description = "Where the node's socket is. Default: $$DMCL_RUN_DIR.")
  private @Nullable Path runDirectory;

  private final InputStream in;
  private final PrintStream out;
  private final PrintStream err;

  /** On the process's own streams. */
  public DmCommand() {
    this(System.in, System.out, System.err);
  }

  DmCommand(InputStream in, PrintStream out, PrintStream err) {
    this.in = in;
    this.out = out;
    this.err = err;
  }

  @Override
  public void run() {
    throw misused("Missing command");
  }

  @Command(description = "Creates a device with a table, from --table, FILE or standard input.")
  int create(
      @Parameters(paramLabel = "NAME") String name,
      @Parameters(paramLabel = "FILE", arity = "0..1") @Nullable Path file,
      @Option(names = "--table", paramLabel = "TABLE") @Nullable String table)
      throws IOException {
    return print("create", name, table(table, file));
  }

  @Command(description = "Removes devices from this node.")
  int remove(@Parameters(paramLabel = "NAME", arity = "1..*") List<String> names)
      throws IOException {
    int status = 0;
    for (String name : names) {
      status = Math.max(status, print("remove", name));
    }
    return status;
  }

  @Command(description = "Suspends a device: bios wait.")
  int suspend(
      @Parameters(paramLabel = "NAME") String name,
      @Option(
              names = "--noflush",
              description = "Bios that a mirror holds because a leg failed wait as well.")
          boolean noflush)
      throws IOException {
    return noflush ? print("suspend", name, "--noflush") : print("suspend", name);
  }

  @Command(description = "Resumes a device, with the table loaded last.")
  int resume(@Parameters(paramLabel = "NAME") String name) throws IOException {
    return print("resume", name);
  }

  @Command(aliases = "load", description = "Loads a table, to be used from the next resume on.")
  int reload(
      @Parameters(paramLabel = "NAME") String name,
      @Parameters(paramLabel = "FILE", arity = "0..1") @Nullable Path file,
      @Option(names = "--table", paramLabel = "TABLE") @Nullable String table)
      throws IOException {
    return print("reload", name, table(table, file));
  }

  @Command(description = "Prints the table of a device, or of all.")
  int table(@Parameters(paramLabel = "NAME", arity = "0..1") @Nullable String name)
      throws IOException {
    return name == null ? print("table") : print("table", name);
  }

  @Command(description = "Prints the status of a device, or of all.")
  int status(@Parameters(paramLabel = "NAME", arity = "0..1") @Nullable String name)
      throws IOException {
    return name == null ? print("status") : print("status", name);
  }

  @Command(description = "Sends a message to the target at a sector.")
  int message(
      @Parameters(paramLabel = "NAME") String name,
      @Parameters(paramLabel = "SECTOR") String sector,
      @Parameters(paramLabel = "WORD", arity = "1..*") List<String> words)
      throws IOException {
    List<String> all = new ArrayList<>(List.of("message", name, sector));
    all.addAll(words);
    return print(all.toArray(new String[0]));
  }

  @Command(description = "Lists the devices.")
  int ls() throws IOException {
    return print("ls");
  }

  @Command(description = "Lists the target types.")
  int targets() throws IOException {
    return print("targets");
  }

  @Command(description = "Makes what was written to a device durable.")
  int flush(@Parameters(paramLabel = "NAME") String name) throws IOException {
    return print("flush", name);
  }

  @Command(description = "Copies bytes of a device to standard output.")
  int read(
      @Parameters(paramLabel = "DEVICE") String name,
      @Option(names = "--offset", defaultValue = "0", paramLabel = "BYTES") long offset,
      @Option(names = "--length", paramLabel = "BYTES") @Nullable Long length)
      throws IOException {
    Reply size = call(Request.of("size", name));
    if (size.status() != 0) {
      return print(size);
    }
    long bytes = length == null ? Long.parseLong(size.text()) - offset : length;
    if (offset < 0 || bytes < 0) {
      throw misused("--offset and --length: not negative, and not beyond the end");
    }
    for (long done = 0; done < bytes; ) {
      // Aligned, so that no sector is read twice.
      long count = Math.min(bytes - done, Request.MAX_DATA - (offset + done) % Bio.SECTOR);
      Reply reply =
          call(Request.of("read", name, Long.toString(offset + done), Long.toString(count)));
      if (print(reply) != 0) {
        return reply.status();
      }
      done += count;
    }
    return 0;
  }

  @Command(description = "Copies standard input, whole sectors, to a device.")
  int write(
      @Parameters(paramLabel = "DEVICE") String name,
      @Option(names = "--offset", defaultValue = "0", paramLabel = "BYTES") long offset,
      @Option(names = "--length", paramLabel = "BYTES") @Nullable Long length,
      @Option(names = "--fua", description = "Durable when done.") boolean fua)
      throws IOException {
    long done = 0;
    while (length == null || done < length) {
      long most = length == null ? Request.MAX_DATA : Math.min(Request.MAX_DATA, length - done);
      byte[] data = in.readNBytes((int) most);
      if (data.length == 0) {
        break;
      }
      List<String> words =
          Arrays.asList("write", name, Long.toString(offset + done), fua ? "fua" : "cached");
      Reply reply = call(new Request(words, data));
      if (print(reply) != 0) {
        return reply.status();
      }
      done += data.length;
    }
    if (length != null && done < length) {
      err.println("write: standard input ended after " + done + " bytes");
      return 1;
    }
    return 0;
  }

  private String table(@Nullable String table, @Nullable Path file) throws IOException {
    if (table != null && file != null) {
      throw misused("a table comes from --table or from a file");
    } else if (table != null) {
      return table;
    }
    return file != null
        ? Files.readString(file)
        : new String(in.readAllBytes(), StandardCharsets.UTF_8);
  }

  private int print(String... words) throws IOException {
    return print(call(Request.of(words)));
  }

  private int print(Reply reply) throws IOException {
    out.write(reply.output());
    out.flush();
    if (!reply.error().isEmpty()) {
      err.println(reply.error());
    }
    return reply.status();
  }

  /** Asks the node; that it cannot be reached is an answer too. */
  Reply call(Request request) throws IOException {
    RunDirectory directory = runDirectory();
    try {
      return directory.call(request);
    } catch (RunDirectory.UnreachableException e) {
      return Reply.failed("dmcl dm: " + e.getMessage());
    }
  }

  RunDirectory runDirectory() {
    Path directory = runDirectory;
    if (directory == null) {
      throw misused("--run-dir or $DMCL_RUN_DIR must say where the node is");
    }
    return new RunDirectory(directory);
  }

  PrintStream out() {
    return out;
  }

  PrintStream err() {
    return err;
  }

  private ParameterException misused(String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
