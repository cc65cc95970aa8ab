package io.dmcl.dm.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dmcl.lock.LockMode;
import io.dmcl.lock.StaleTokenException;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The table's gate, and what is left of a write that was not finished. */
class TableFileTest {
  private static final TableShape SHAPE = new TableShape(2, 1, 4);
  private static final byte[] FIRST = Content.of(1, 2, 1, 1);
  private static final byte[] SECOND = Content.of(1, 2, 2, 2);

  /** Thrown where a process would be killed. */
  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  @TempDir Path directory;
  private TableFile table;

  @BeforeEach
  void makeTable() throws IOException {
    Path file = directory.resolve("table");
    TableFile.create(file, SHAPE);
    table = TableFile.open(file, SHAPE);
    table.write(1, 2, FIRST, 10, () -> {});
  }

  @AfterEach
  void closeTable() throws IOException {
    table.close();
  }

  @Test
  void write_finished_isRead() throws IOException {
    byte[] image = table.read(1, LockMode.SHARED, 10);

    assertThat(Content.counter(image, 2)).isEqualTo(1);
    assertThat(Content.writer(image, 2)).isEqualTo(1);
    for (int record = 0; record < SHAPE.records(); record++) {
      assertThat(Content.isWhole(image, 1, record)).isTrue();
    }
    assertThat(table.unfinished(1)).isNegative();
  }

  @Test
  void write_killedInTheMiddle_isTornUntilRepaired() throws IOException {
    assertThatThrownBy(() -> table.write(1, 2, SECOND, 11, TableFileTest::die))
        .isInstanceOf(Killed.class);
    assertThat(Content.isWhole(table.read(1), 1, 2)).isFalse();

    assertThat(table.repair(1, 12)).hasValue(2);

    assertThat(Content.isWhole(table.read(1), 1, 2)).isTrue();
    assertThat(Content.counter(table.read(1), 2)).isEqualTo(1);
    assertThat(table.repair(1, 12)).isEmpty();
  }

  @Test
  void write_overtakenByARepair_isRefusedAndChangesNothing() throws IOException {
    assertThatThrownBy(
            () ->
                table.write(
                    1,
                    2,
                    SECOND,
                    11,
                    () -> {
                      try {
                        assertThat(table.repair(1, 12)).hasValue(2);
                      } catch (IOException e) {
                        throw new AssertionError(e);
                      }
                    }))
        .isInstanceOf(StaleTokenException.class);

    assertThat(Content.isWhole(table.read(1), 1, 2)).isTrue();
    assertThat(Content.counter(table.read(1), 2)).isEqualTo(1);
  }

  @Test
  void write_withATokenOlderThanAReaders_isRefused() throws IOException {
    table.read(1, LockMode.SHARED, 12);

    assertThatThrownBy(() -> table.write(1, 2, SECOND, 11, () -> {}))
        .isInstanceOf(StaleTokenException.class);
    assertThat(Content.counter(table.read(1), 2)).isEqualTo(1);
  }

  @Test
  void read_withATokenOlderThanAWriters_isRefusedInThatSegmentOnly() throws IOException {
    assertThatThrownBy(() -> table.read(1, LockMode.SHARED, 9))
        .isInstanceOf(StaleTokenException.class);
    assertThat(table.read(0, LockMode.SHARED, 9)).hasSize(SHAPE.records() * Content.BYTES);
  }

  private static void die() {
    throw new Killed();
  }
}
