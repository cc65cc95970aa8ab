package io.dmcl.dm.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That the verification finds what can go wrong. */
class VerificationTest {
  private static final TableShape SHAPE = new TableShape(2, 1, 4);

  @TempDir Path directory;
  private TableFile table;
  private final List<Journal.Entry> journal = new ArrayList<>();
  private long token;

  @BeforeEach
  void makeTable() throws IOException {
    Path file = directory.resolve("table");
    TableFile.create(file, SHAPE);
    table = TableFile.open(file, SHAPE);
  }

  @AfterEach
  void closeTable() throws IOException {
    table.close();
  }

  @Test
  void of_untouchedTable_findsNothing() throws IOException {
    assertThat(verify()).isEmpty();
  }

  @Test
  void of_acknowledgedWrites_findsNothing() throws IOException {
    write(0, 1, 1, 1);
    write(0, 1, 2, 2);
    write(1, 3, 1, 2);

    assertThat(verify()).isEmpty();
  }

  @Test
  void of_writeThatIsNotInTheTable_findsIt() throws IOException {
    write(0, 1, 1, 1);
    journal.add(new Journal.Entry(1, 0, 1, 2));

    assertThat(verify())
        .containsExactly("segment 0, record 1: is at number 1, acknowledged is number 2");
  }

  @Test
  void of_writeOnOldContent_findsIt() throws IOException {
    write(0, 1, 1, 1);
    write(0, 1, 1, 2);

    assertThat(verify()).containsExactly("segment 0, record 1: nodes 1 and 2 both wrote number 1");
  }

  @Test
  void of_writeThatNobodyAcknowledged_findsIt() throws IOException {
    write(0, 1, 1, 1);
    journal.clear();

    assertThat(verify())
        .containsExactly("segment 0, record 1: is at number 1, acknowledged is number 0");
  }

  @Test
  void of_missingNumber_findsIt() throws IOException {
    write(0, 1, 1, 1);
    write(0, 1, 3, 1);

    assertThat(verify()).contains("segment 0, record 1: nobody says to have written number 2");
  }

  @Test
  void of_wrongWriter_findsIt() throws IOException {
    write(0, 1, 1, 1);
    journal.set(0, new Journal.Entry(2, 0, 1, 1));

    assertThat(verify())
        .containsExactly("segment 0, record 1: is by node 1, acknowledged by node 2");
  }

  @Test
  void of_tornRecord_findsIt() throws IOException {
    byte[] torn = Content.of(0, 1, 1, 1);
    torn[Content.BYTES - 1]++;
    table.write(0, 1, torn, ++token, () -> {});
    journal.add(new Journal.Entry(1, 0, 1, 1));

    assertThat(verify()).containsExactly("segment 0, record 1: torn");
  }

  private void write(int segment, int record, long counter, int node) throws IOException {
    table.write(segment, record, Content.of(segment, record, counter, node), ++token, () -> {});
    journal.add(new Journal.Entry(node, segment, record, counter));
  }

  private List<String> verify() throws IOException {
    return Verification.of(table, SHAPE, journal).problems();
  }
}
