package io.dmcl.dm.cli.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dmcl.dm.DeviceMapper;
import io.dmcl.dm.Settings;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.contract.InMemoryCluster;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The commands, over a socket, to nodes in this process. */
class DmCommandTest {
  private static final int SECTORS = 2048;
  private static final String MIRROR =
      "0 2048 mirror disk 3 file:log.img 128 nosync 2 file:leg0.img 0 file:leg1.img 0";
  private static final String SNAPSHOT = "0 2048 snapshot dev:vol file:cow.img P 8";

  @TempDir Path directory;

  private final InMemoryCluster locks = new InMemoryCluster();
  private final List<AutoCloseable> toClose = new ArrayList<>();
  private final byte[] original = new byte[SECTORS * 512];
  private final byte[] nothing = new byte[0];

  private record Result(int status, byte[] output, String error) {
    String text() {
      return new String(output, StandardCharsets.UTF_8);
    }
  }

  @BeforeEach
  void startNodes() throws IOException {
    new Random(1).nextBytes(original);
    image("leg0.img", original);
    image("leg1.img", original);
    image("log.img", new byte[4096]);
    image("cow.img", new byte[SECTORS * 1024]);
    startNode("a");
    startNode("b");
  }

  private void image(String name, byte[] content) throws IOException {
    Files.write(directory.resolve(name), content);
  }

  private void startNode(String name) throws IOException {
    Lockspace lockspace = locks.open("test");
    toClose.add(lockspace);
    DeviceMapper devices =
        new DeviceMapper(lockspace, directory, Settings.DEFAULT.withBackground(false));
    toClose.add(devices);
    toClose.add(DeviceServer.start(runDirectory(name), new DeviceCalls(devices)));
  }

  private RunDirectory runDirectory(String name) {
    return new RunDirectory(directory.resolve(name));
  }

  @AfterEach
  void stopNodes() throws Exception {
    for (int i = toClose.size() - 1; i >= 0; i--) {
      toClose.get(i).close();
    }
  }

  private Result run(byte[] input, String... words) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    PrintStream errors = new PrintStream(err, true, StandardCharsets.UTF_8);
    DmCommand command =
        new DmCommand(
            new ByteArrayInputStream(input),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            errors);
    CommandLine line = new CommandLine(command);
    line.setErr(new PrintWriter(errors, true));
    int status = line.execute(words);
    return new Result(status, out.toByteArray(), err.toString(StandardCharsets.UTF_8));
  }

  /** On a node; {@code words} are separated by single spaces, quoted with {@code '}. */
  private Result on(String node, String words) {
    return on(node, nothing, words);
  }

  private Result on(String node, byte[] input, String words) {
    List<String> all = new ArrayList<>(List.of("--run-dir", runDirectory(node).path().toString()));
    String[] parts = words.split("'", -1);
    for (int i = 0; i < parts.length; i++) {
      if (i % 2 == 1) {
        all.add(parts[i]);
      } else if (!parts[i].isBlank()) {
        all.addAll(Arrays.asList(parts[i].strip().split(" ")));
      }
    }
    return run(input, all.toArray(new String[0]));
  }

  private void done(String node, String words) {
    Result result = on(node, words);
    assertThat(result.status()).as(result.error()).isZero();
  }

  private void createAll(String node) {
    done(node, "create vol --table '" + MIRROR + "'");
    done(node, "create origin --table '0 2048 snapshot-origin dev:vol'");
    done(node, "create snap --table '" + SNAPSHOT + "'");
  }

  @Test
  void create_fromOptionFileAndStandardInput_isThere() throws IOException {
    Path file = Files.writeString(directory.resolve("table"), "0 8 error\n8 8 error\n");

    done("a", "create one --table '0 64 linear file:leg0.img 8'");
    done("a", "create two " + file);
    Result three = on("a", "0 16 error".getBytes(StandardCharsets.UTF_8), "create three");

    assertThat(three.status()).isZero();
    assertThat(on("a", "ls").text()).isEqualTo("one\ntwo\nthree\n");
    assertThat(on("a", "table one").text()).isEqualTo("0 64 linear file:leg0.img 8\n");
    assertThat(on("a", "table").text())
        .isEqualTo(
            "one: 0 64 linear file:leg0.img 8\n"
                + "two: 0 8 error\n"
                + "two: 8 8 error\n"
                + "three: 0 16 error\n");
    assertThat(on("b", "ls").text()).isEqualTo("No devices found\n");
  }

  @Test
  void create_tableThatIsRefused_saysWhyAndLeavesNothing() {
    Result result = on("a", "create vol --table '0 2048 mirror disk 2 file:log.img 100 2 x 0 y 0'");

    assertThat(result.status()).isEqualTo(1);
    assertThat(result.error())
        .startsWith("device-mapper: create ioctl on vol failed: mirror: ")
        .endsWith("Command failed.\n");
    assertThat(on("a", "ls").text()).isEqualTo("No devices found\n");
  }

  @Test
  void remove_unknownAndBusyDevice_isRefused() {
    createAll("a");

    assertThat(on("a", "remove nix").error()).isEqualTo("Device nix not found\nCommand failed.\n");
    Result busy = on("a", "remove vol");
    assertThat(busy.status()).isEqualTo(1);
    assertThat(busy.error())
        .isEqualTo(
            "device-mapper: remove ioctl on vol failed: Device or resource busy\n"
                + "Command failed.\n");
    done("a", "remove snap origin vol");
  }

  @Test
  void reload_thenResume_usesTheNewTable() {
    done("a", "create dev --table '0 64 linear file:leg0.img 0'");
    done("a", "suspend dev");
    done("a", "reload dev --table '0 64 linear file:leg0.img 64'");
    assertThat(on("a", "table dev").text()).isEqualTo("0 64 linear file:leg0.img 0\n");

    done("a", "resume dev");

    assertThat(on("a", "table dev").text()).isEqualTo("0 64 linear file:leg0.img 64\n");
    assertThat(on("a", "read dev --length 512").output())
        .isEqualTo(Arrays.copyOfRange(original, 64 * 512, 65 * 512));
  }

  @Test
  void writeOnOneNode_readOnTheOther_andTheSnapshotKeepsTheOldBytes() {
    createAll("a");
    createAll("b");
    byte[] written = new byte[96 * 1024];
    new Random(2).nextBytes(written);

    assertThat(on("a", written, "write origin --offset 4096").status()).isZero();

    assertThat(on("b", "read origin --offset 4096 --length 98304").output()).isEqualTo(written);
    assertThat(on("b", "read snap").output()).isEqualTo(original);
    assertThat(on("b", "read origin --offset 4099 --length 1000").output())
        .isEqualTo(Arrays.copyOfRange(written, 3, 1003));
    assertThat(on("b", "status snap").text())
        .isEqualTo("0 2048 snapshot " + (24 + 2) * 8 + "/4096 16\n");
    assertThat(on("b", "message origin 0 snapshots").text()).isEqualTo("file:cow.img ACTIVE\n");
  }

  @Test
  void write_notWholeSectors_isRefused() {
    done("a", "create dev --table '0 64 linear file:leg0.img 0'");

    Result result = on("a", new byte[100], "write dev");

    assertThat(result.status()).isEqualTo(1);
    assertThat(result.error()).contains("multiples of 512 bytes");
  }

  @Test
  void read_errorTargetAndBeyondTheEnd_fails() {
    done("a", "create dev --table '0 64 error'");

    assertThat(on("a", "read dev").error()).startsWith("read: Input/output error");
    assertThat(on("a", "read dev --offset 32768 --length 512").error())
        .startsWith("read: No such device or address");
  }

  @Test
  void call_noNodeOrNoDirectory_saysSo() {
    assertThat(on("c", "ls").status()).isEqualTo(1);
    assertThat(on("c", "ls").error()).startsWith("dmcl dm: no node is running in ");
    assertThat(on("a", "nonsense").status()).isEqualTo(2);
  }

  @Test
  void start_secondNodeInTheSameDirectory_isRefused() {
    assertThatThrownBy(
            () -> DeviceServer.start(runDirectory("a"), request -> Reply.failed("never")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("is running");
    assertThat(on("a", "ls").status()).isZero();
  }

  @Test
  void map_mirrorSnapshotAndOrigin_drawStatesAndHolders() throws IOException {
    createAll("a");
    createAll("b");
    on("a", new byte[4096], "write origin --offset 8192");
    on("b", new byte[4096], "write snap --offset 1044480");

    String snapshot = on("a", "map snap").text();
    assertThat(snapshot).contains("           0  ..#....", "lock \"dm/store/file:cow.img\": ");
    assertThat(snapshot.lines().filter(line -> line.startsWith("        1536  ")).findFirst())
        .hasValueSatisfying(line -> assertThat(line).endsWith(".#"));
    assertThat(on("a", "map vol").text()).containsPattern("           0  \\*\\.{15}\n {14}[AB]");
    assertThat(on("b", "map vol").text()).contains("           0  +...............");
    assertThat(on("a", "map origin").text()).contains("snapshot file:cow.img ACTIVE");

    Path svg = directory.resolve("map.svg");
    Path png = directory.resolve("map.png");
    done("a", "map snap --out " + svg);
    done("a", "map vol --out " + png);
    assertThat(Files.readString(svg))
        .startsWith("<svg ")
        .contains("0 2048 snapshot ")
        .endsWith("</svg>\n");
    assertThat(ImageIO.read(png.toFile()).getWidth()).isGreaterThan(500);
    assertThat(on("a", "map vol --out map.gif").status()).isEqualTo(2);
  }

  @Test
  void targets_listsTheTypes() {
    assertThat(on("a", "targets").text()).contains("mirror ", "snapshot-origin", "linear ");
  }
}
