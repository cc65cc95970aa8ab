package io.dmcl.lock.zookeeper.torture;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.zookeeper.sim.Change;
import io.dmcl.lock.zookeeper.sim.Txn;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.jute.BinaryOutputArchive;
import org.apache.jute.Record;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooDefs.OpCode;
import org.apache.zookeeper.server.Request;
import org.apache.zookeeper.server.persistence.FileTxnLog;
import org.apache.zookeeper.txn.CloseSessionTxn;
import org.apache.zookeeper.txn.CreateTxn;
import org.apache.zookeeper.txn.ErrorTxn;
import org.apache.zookeeper.txn.MultiTxn;
import org.apache.zookeeper.txn.TxnHeader;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TransactionLogTest {
  private static final long SESSION = 7;

  @TempDir private Path directory;

  private final List<Path> homes = new ArrayList<>();
  private final List<FileTxnLog> logs = new ArrayList<>();

  @BeforeEach
  void makeLogs() throws IOException {
    for (int i = 0; i < 3; i++) {
      Path home = directory.resolve("server-" + i);
      homes.add(home);
      logs.add(new FileTxnLog(Files.createDirectories(home.resolve("version-2")).toFile()));
    }
  }

  private void append(long zxid, int type, @Nullable Record txn, int... servers)
      throws IOException {
    for (int server : servers) {
      TxnHeader header = new TxnHeader(SESSION, 1, zxid, 1000 + zxid, type);
      logs.get(server).append(new Request(SESSION, 1, type, header, txn, zxid));
      logs.get(server).commit();
    }
  }

  private static CreateTxn create(String path, boolean ephemeral) {
    return new CreateTxn(path, new byte[0], Ids.OPEN_ACL_UNSAFE, ephemeral, 1);
  }

  private static org.apache.zookeeper.txn.Txn member(int type, Record record) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    record.serialize(BinaryOutputArchive.getArchive(bytes), "txn");
    return new org.apache.zookeeper.txn.Txn(type, bytes.toByteArray());
  }

  private List<TransactionLog.Logged> read(TransactionLog log) throws IOException {
    for (FileTxnLog written : logs) {
      written.close();
    }
    List<TransactionLog.Logged> read = new ArrayList<>();
    log.read(homes, read::add);
    return read;
  }

  private static List<String> paths(List<TransactionLog.Logged> read) {
    return read.stream()
        .flatMap(logged -> logged.txn().changes().stream())
        .map(Change::path)
        .toList();
  }

  @Test
  void read_onlyOneHasItAtTheEndOfAnEpoch_wasNotCommitted() throws IOException {
    append(1, OpCode.create, create("/l/a", false), 0, 1);
    append(2, OpCode.create, create("/l/b", false), 2);
    append((1L << 32) + 1, OpCode.create, create("/l/c", false), 0, 1, 2);

    assertThat(paths(read(new TransactionLog("/l")))).containsExactly("/l/a", "/l/c");
  }

  @Test
  void read_onlyOneHasItAndTwoHaveLaterOnes_wasCommitted() throws IOException {
    append(1, OpCode.create, create("/l/a", false), 0);
    append(2, OpCode.create, create("/l/b", false), 0, 2);

    TransactionLog log = new TransactionLog("/l");
    assertThat(paths(read(log))).containsExactly("/l/a", "/l/b");
    assertThat(log.gaps()).isZero();
  }

  @Test
  void read_missing_isAGap() throws IOException {
    append(1, OpCode.create, create("/l/a", false), 0, 1);
    append(3, OpCode.create, create("/l/b", false), 0, 1);

    TransactionLog log = new TransactionLog("/l");
    assertThat(paths(read(log))).containsExactly("/l/a", "/l/b");
    assertThat(log.gaps()).isEqualTo(1);
  }

  @Test
  void read_multiThatFailed_didNothing() throws IOException {
    append(
        1,
        OpCode.multi,
        new MultiTxn(
            List.of(
                member(OpCode.error, new ErrorTxn(0)), member(OpCode.error, new ErrorTxn(-101)))),
        0,
        1);
    append(
        2, OpCode.multi, new MultiTxn(List.of(member(OpCode.create, create("/l/a", false)))), 0, 1);

    assertThat(paths(read(new TransactionLog("/l")))).containsExactly("/l/a");
  }

  @Test
  void read_closedSession_takesItsEphemerals() throws IOException {
    append(1, OpCode.create, create("/l/a", true), 0, 1);
    append(2, OpCode.create, create("/l/b", false), 0, 1);
    append(3, OpCode.create, create("/other", true), 0, 1);
    append(4, OpCode.closeSession, new CloseSessionTxn(List.of("/l/a", "/other")), 0, 1);

    List<TransactionLog.Logged> read = read(new TransactionLog("/l"));
    assertThat(paths(read)).containsExactly("/l/a", "/l/b", "/l/a");
    TransactionLog.Logged last = read.get(2);
    assertThat(last.txn().kind()).isEqualTo(Txn.Kind.CLOSE_SESSION);
    assertThat(last.txn().session()).isEqualTo(SESSION);
    assertThat(last.timeMillis()).isEqualTo(1004);
  }
}
