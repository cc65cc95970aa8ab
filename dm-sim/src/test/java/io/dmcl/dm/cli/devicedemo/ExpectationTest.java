package io.dmcl.dm.cli.devicedemo;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.dm.Bio;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the demo lets pass, and what not. */
class ExpectationTest {
  private static final int BLOCK = 7;
  private static final int BLOCKS = 16;

  @TempDir Path directory;

  private Board board;
  private Expectation origin;

  @BeforeEach
  void open() throws IOException {
    board = Board.open(directory, "origin", BLOCKS);
    origin = Expectation.ofOrigin("origin", board);
  }

  private @Nullable String check(Expectation expected, byte[] bytes) {
    return expected.check(BLOCK, bytes, 0, expected.oldest(BLOCK));
  }

  private static byte[] mixed(byte[] first, byte[] second) {
    byte[] bytes = first.clone();
    int half = bytes.length / 2;
    System.arraycopy(second, half, bytes, half, half);
    return bytes;
  }

  @Test
  void check_versionThatIsDone_passesAndOthersDoNot() {
    board.begin(BLOCK, 3);
    board.finish(BLOCK, 3);

    assertThat(check(origin, Stamp.block(Stamp.ORIGIN, BLOCK, 3))).isNull();
    assertThat(check(origin, Stamp.block(Stamp.ORIGIN, BLOCK, 2))).contains("block 7, sector 56");
    assertThat(check(origin, Stamp.block(Stamp.ORIGIN, BLOCK, 4))).contains("has version 4");
    assertThat(check(origin, Stamp.block(Stamp.ORIGIN, BLOCK + 1, 3))).contains("not what anybody");
    assertThat(check(origin, Stamp.block(Stamp.SNAPSHOT, BLOCK, 3))).contains("another device");
  }

  @Test
  void check_writeThatIsUnderWay_bothVersionsPassInEachSector() {
    board.begin(BLOCK, 2);
    board.finish(BLOCK, 1);
    byte[] older = Stamp.block(Stamp.ORIGIN, BLOCK, 1);
    byte[] newer = Stamp.block(Stamp.ORIGIN, BLOCK, 2);

    assertThat(check(origin, older)).isNull();
    assertThat(check(origin, newer)).isNull();
    assertThat(check(origin, mixed(newer, older))).isNull();
  }

  @Test
  void check_oneByteChanged_isFound() {
    for (int at = 0; at < Bio.SECTOR; at++) {
      byte[] bytes = Stamp.block(Stamp.ORIGIN, BLOCK, 0);
      bytes[Bio.SECTOR + at] ^= 1;
      assertThat(check(origin, bytes)).contains("sector 57");
    }
  }

  @Test
  void check_snapshot_showsWhatWasThereAndWhatWasWrittenToIt() throws Exception {
    board.begin(BLOCK, 5);
    board.finish(BLOCK, 5);
    Bounds.around(board, BLOCKS, () -> board.begin(BLOCK, 6)).save(directory, "snap2");
    board.finish(BLOCK, 6);
    Board written = Board.open(directory, "snap2", BLOCKS);
    Expectation snapshot =
        Expectation.ofSnapshot("snap2", written, Bounds.load(directory, "snap2"));

    assertThat(check(snapshot, Stamp.block(Stamp.ORIGIN, BLOCK, 5))).isNull();
    assertThat(check(snapshot, Stamp.block(Stamp.ORIGIN, BLOCK, 6))).isNull();
    assertThat(check(snapshot, Stamp.block(Stamp.ORIGIN, BLOCK, 7))).contains("must be 5 to 6");
    assertThat(check(snapshot, Stamp.block(Stamp.ORIGIN, BLOCK, 4))).contains("must be 5 to 6");

    written.begin(BLOCK, 1);
    written.finish(BLOCK, 1);
    assertThat(check(snapshot, Stamp.block(Stamp.SNAPSHOT, BLOCK, 1))).isNull();
    assertThat(check(snapshot, Stamp.block(Stamp.ORIGIN, BLOCK, 5))).contains("lacks");
  }

  @Test
  void board_openedTwice_isTheSame() throws IOException {
    board.begin(BLOCK, 9);

    assertThat(Board.open(directory, "origin", BLOCKS).begun(BLOCK)).isEqualTo(9);
    assertThat(Board.open(directory, "origin", BLOCKS).done(BLOCK)).isZero();
  }
}
