package io.dmcl.lock.zookeeper.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What goes together, what does not, and in which order. */
class PipelineTest implements Pipeline.Wire {
  private static final int PACKET_BYTES = 0xfffff;
  private static final WriteOp BUMP = new WriteOp.SetData("/node", new byte[0]);

  private final Pipeline pipeline = new Pipeline(this, BUMP);
  private final List<Sent> sent = new ArrayList<>();
  private boolean bumpMissed;

  /** What passed the wire, and has not been answered. */
  private record Sent(Pipeline.Batch batch, List<WriteOp> writes, List<ReadOp> reads) {
    boolean isTransaction() {
      return !writes.isEmpty();
    }
  }

  /** Whose units they are, and what it was told. */
  private static final class Owner implements Unit.Owner {
    final List<String> told = new ArrayList<>();
    int crowd;

    @Override
    public int crowd() {
      return crowd;
    }

    @Override
    public void written(Unit unit, List<Reply.Written> results, long zxid) {
      told.add("written " + zxid);
    }

    @Override
    public void refused(Unit unit, int index, Code code) {
      told.add("refused " + index + ' ' + code);
    }

    @Override
    public void settled(Unit unit) {
      told.add("settled");
    }

    @Override
    public void read(Unit unit, List<Reply.Read> replies) {
      told.add("read");
    }

    @Override
    public void readRefused(Unit unit, Code code) {
      told.add("readRefused " + code);
    }

    @Override
    public void readsSpared(Unit unit) {
      told.add("readsSpared");
    }

    @Override
    public void ended(Unit unit) {
      told.add("ended");
    }
  }

  private final Owner owner = new Owner();

  @BeforeEach
  void open() {
    pipeline.resume();
  }

  private static WriteOp write(String path) {
    return write(path, 0);
  }

  private static WriteOp write(String path, int bytes) {
    return new WriteOp.SetData(path, new byte[bytes]);
  }

  private Unit submit(Unit unit) {
    pipeline.submit(unit);
    return unit;
  }

  private Unit submit(String... paths) {
    return submit(Unit.writing(owner, Stream.of(paths).map(PipelineTest::write).toList()));
  }

  private Unit submitReading(Owner of, String path, Owner... follows) {
    List<ReadOp> reads = List.of(new ReadOp.Children(path), new ReadOp.Data(path + "/version"));
    return submit(new Unit(List.of(write(path)), reads, List.<Unit.Owner>of(follows), false, of));
  }

  private List<Sent> transactions() {
    return sent.stream().filter(Sent::isTransaction).toList();
  }

  private static List<String> paths(Sent transaction) {
    return transaction.writes().stream().map(WriteOp::path).toList();
  }

  private void answer(Sent transaction, long zxid) {
    sent.remove(transaction);
    ZnodeStat stat = new ZnodeStat(1, zxid, 1, 0, 0, 0);
    pipeline.transacted(
        transaction.batch(),
        new Reply.Transaction(
            Code.OK,
            Collections.nCopies(
                transaction.writes().size(), new Reply.Written(Code.OK, null, stat))));
    pipeline.flush();
  }

  private void refuse(Sent transaction, int culprit, Code code) {
    sent.remove(transaction);
    pipeline.transacted(
        transaction.batch(),
        new Reply.Transaction(
            code,
            IntStream.range(0, transaction.writes().size())
                .mapToObj(
                    i -> new Reply.Written(i == culprit ? code : Code.ROLLED_BACK, null, null))
                .toList()));
    pipeline.flush();
  }

  private void lose(Sent one) {
    sent.remove(one);
    if (one.isTransaction()) {
      pipeline.transacted(one.batch(), Reply.Transaction.failed(Code.CONNECTION_LOSS));
    } else {
      pipeline.wasRead(
          one.batch(),
          Collections.nCopies(one.reads().size(), Reply.Read.failed(Code.CONNECTION_LOSS)));
    }
  }

  private void answerReads(Sent read) {
    sent.remove(read);
    pipeline.wasRead(
        read.batch(),
        Collections.nCopies(read.reads().size(), Reply.Read.ofChildren(List.of(), null)));
    pipeline.flush();
  }

  // --- coalescing

  @Test
  void flush_nothingInFlight_leavesAtOnceWithTheBumpAndItsReads() {
    submitReading(owner, "/a");
    pipeline.flush();
    assertThat(sent).hasSize(2);
    assertThat(paths(sent.get(0))).containsExactly("/a", "/node");
    assertThat(sent.get(1).reads()).hasSize(2);
    answer(sent.get(0), 7);
    answerReads(sent.get(0));
    assertThat(owner.told).containsExactly("written 7", "read");
  }

  @Test
  void flush_whileTransactionsAreInFlight_gathersAndLeavesAsOne() {
    for (String path : List.of("/a", "/b", "/c", "/d", "/e")) {
      submit(path);
      pipeline.flush();
    }
    assertThat(sent).hasSize(2);
    answer(sent.get(0), 7);
    assertThat(sent).hasSize(2);
    assertThat(paths(sent.get(1))).containsExactly("/c", "/d", "/e", "/node");
  }

  @Test
  void flush_more_isBoundedInWritesAndBytes() {
    for (int i = 0; i < 2_500; i++) {
      submit("/number" + i);
    }
    for (int i = 0; i < 1_000; i++) {
      submit(Unit.writing(owner, List.of(write("/value" + i, 1_024))));
    }
    List<String> order = new ArrayList<>();
    pipeline.flush();
    while (!sent.isEmpty()) {
      Sent first = sent.get(0);
      assertThat(first.writes()).hasSizeLessThanOrEqualTo(1_001);
      int bytes = first.writes().stream().mapToInt(PipelineTest::bytes).sum();
      assertThat(bytes).isLessThan(256 * 1024);
      order.addAll(paths(first).subList(0, first.writes().size() - 1));
      answer(first, 1);
    }
    assertThat(order).hasSize(3_500).startsWith("/number0", "/number1").endsWith("/value999");
  }

  private static int bytes(WriteOp write) {
    return write.path().length() + (write instanceof WriteOp.SetData set ? set.data().length : 0);
  }

  @Test
  void flush_manyReads_areBoundedByValuesAndByWhatIsKnownOfTheQueues() {
    int crowd = 2_000;
    List<Owner> crowded = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      submit(Unit.reading(owner, List.of(new ReadOp.Data("/version" + i))));
    }
    for (int i = 0; i < 20; i++) {
      Owner one = new Owner();
      one.crowd = crowd;
      crowded.add(one);
      submit(Unit.reading(one, List.of(new ReadOp.Children("/" + i))));
    }
    int batches = 0;
    pipeline.flush();
    while (!sent.isEmpty()) {
      List<ReadOp> reads = sent.get(0).reads();
      long queues = reads.stream().filter(ReadOp.Children.class::isInstance).count();
      assertThat((reads.size() - queues) * 1_024 + queues * crowd * 50).isLessThan(PACKET_BYTES);
      answerReads(sent.get(0));
      batches++;
    }
    assertThat(batches).isBetween(4, 15);
    assertThat(owner.told).hasSize(1_000).containsOnly("read");
    assertThat(crowded).allSatisfy(one -> assertThat(one.told).containsExactly("read"));
  }

  @Test
  void lost_aMultiRead_isHalvedAndInTheEndAloneAndRefused() {
    List<Owner> owners = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      owners.add(new Owner());
      submit(Unit.reading(owners.get(i), List.of(new ReadOp.Data("/" + i))));
    }
    ReadOp guilty = new ReadOp.Data("/77");
    int breaks = 0;
    pipeline.flush();
    while (!sent.isEmpty()) {
      Sent read = sent.get(0);
      if (read.reads().contains(guilty)) {
        lose(read);
        new ArrayList<>(sent).forEach(this::lose);
        assertThat(++breaks).isLessThan(50);
        pipeline.resume();
        pipeline.flush();
      } else {
        answerReads(read);
      }
    }
    assertThat(breaks).isBetween(8, 20);
    assertThat(owners.get(77).told).containsExactly("readRefused UNREADABLE");
    owners.remove(77);
    assertThat(owners).allSatisfy(each -> assertThat(each.told).containsExactly("read"));
  }

  @Test
  void flush_unitInABatch_isNeverTakenApart() {
    String[] most = IntStream.range(0, 600).mapToObj(i -> "/most" + i).toArray(String[]::new);
    submit(most);
    submit(most);
    pipeline.flush();
    assertThat(transactions()).extracting(one -> one.writes().size()).containsExactly(601, 601);
  }

  // --- reads that are not needed

  @Test
  void flush_behindAllWhomItFollows_readsAreSpared() {
    Owner one = new Owner();
    Owner other = new Owner();
    submit(Unit.writing(one, List.of(write("/a"))));
    submit(Unit.writing(other, List.of(write("/b"))));
    submitReading(owner, "/c", one, other);
    pipeline.flush();
    assertThat(sent).singleElement().extracting(PipelineTest::paths).asList().contains("/a", "/c");
    answer(sent.get(0), 7);
    assertThat(owner.told).containsExactly("written 7", "readsSpared");
    assertThat(pipeline.isIdle()).isTrue();
  }

  @Test
  void flush_oneWhomItFollowsIsNotThere_isRead() {
    Owner one = new Owner();
    submit(Unit.writing(one, List.of(write("/a"))));
    submitReading(owner, "/c", one, new Owner());
    pipeline.flush();
    assertThat(sent).hasSize(2);
    answer(sent.get(0), 7);
    answerReads(sent.get(0));
    assertThat(owner.told).containsExactly("written 7", "read");
  }

  @Test
  void flush_whomItFollowsIsInAnEarlierTransaction_isRead() {
    Owner one = new Owner();
    submit(Unit.writing(one, List.of(write("/a"))));
    pipeline.flush();
    submitReading(owner, "/c", one);
    pipeline.flush();
    assertThat(sent).extracting(Sent::isTransaction).containsExactly(true, true, false);
  }

  @Test
  void flush_whomItFollowsComesLater_isRead() {
    Owner one = new Owner();
    submitReading(owner, "/c", one);
    submit(Unit.writing(one, List.of(write("/a"))));
    pipeline.flush();
    assertThat(sent).extracting(Sent::isTransaction).containsExactly(true, false);
  }

  @Test
  void refused_whomItFollows_isReadWhenItGoesWithoutThat() {
    Owner one = new Owner();
    submit(Unit.writing(one, List.of(write("/a"))));
    submitReading(owner, "/c", one);
    pipeline.flush();
    refuse(sent.get(0), 0, Code.NO_NODE);
    assertThat(sent).extracting(Sent::isTransaction).containsExactly(true, false);
    answer(sent.get(0), 8);
    answerReads(sent.get(0));
    assertThat(owner.told).containsExactly("written 8", "read");
  }

  // --- failures

  @Test
  void refused_becauseOfOne_thatIsToldAndTheOthersGoAgainInTheirOrder() {
    Owner guilty = new Owner();
    submit("/a");
    submit(Unit.writing(guilty, List.of(write("/b"), write("/c"))));
    submit("/d");
    submit("/e");
    pipeline.flush();
    Sent all = sent.get(0);
    submit("/f");
    pipeline.flush();
    submit("/g");
    refuse(all, 2, Code.NO_NODE);
    assertThat(guilty.told).containsExactly("refused 1 NO_NODE");
    assertThat(owner.told).isEmpty();
    assertThat(paths(sent.get(1))).containsExactly("/a", "/d", "/e", "/g", "/node");
  }

  @Test
  void refused_itsReads_meanNothing() {
    Owner innocent = new Owner();
    submitReading(owner, "/a");
    submitReading(innocent, "/b");
    pipeline.flush();
    Sent reads = sent.get(1);
    refuse(sent.get(0), 0, Code.NODE_EXISTS);
    answerReads(reads);
    assertThat(owner.told).containsExactly("refused 0 NODE_EXISTS");
    assertThat(innocent.told).isEmpty();
    answer(transactions().get(0), 7);
    answerReads(sent.get(0));
    assertThat(innocent.told).containsExactly("written 7", "read");
  }

  @Test
  void refused_locksThatWereNeverUsed_areToldAllAtOnce() {
    List<Owner> owners = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      owners.add(new Owner());
      submit(new Unit(List.of(write("/" + i)), List.of(), i % 2 == 0, owners.get(i)));
    }
    pipeline.flush();
    refuse(sent.get(0), 0, Code.NO_NODE);
    for (int i = 0; i < 50; i += 2) {
      assertThat(owners.get(i).told).containsExactly("refused 0 NO_NODE");
      assertThat(owners.get(i + 1).told).isEmpty();
    }
    assertThat(sent.get(0).writes()).hasSize(26);
  }

  @Test
  void refused_nobodyKnowsWhy_eachGoesAlone() {
    submit("/a");
    submit("/b");
    submit("/c");
    pipeline.flush();
    refuse(sent.get(0), -1, Code.REFUSED);
    assertThat(owner.told).isEmpty();
    assertThat(paths(sent.get(0))).containsExactly("/a", "/node");
    refuse(sent.get(0), -1, Code.REFUSED);
    assertThat(owner.told).containsExactly("refused -1 REFUSED");
  }

  @Test
  void refused_nodeIsMissing_itIsMadeAgainAndNobodyIsTold() {
    submit("/a");
    submit("/b");
    pipeline.flush();
    refuse(sent.get(0), 2, Code.NO_NODE);
    assertThat(bumpMissed).isTrue();
    assertThat(sent).isEmpty();
    assertThat(owner.told).isEmpty();
    pipeline.resume();
    pipeline.flush();
    assertThat(paths(sent.get(0))).containsExactly("/a", "/b", "/node");
  }

  // --- doubt

  @Test
  void lost_nothingIsSentBeforeTheSettlingBumpWasAnswered() {
    submit("/a");
    pipeline.flush();
    lose(sent.get(0));
    submit("/b");
    pipeline.flush();
    assertThat(sent).isEmpty();
    assertThat(owner.told).isEmpty();

    Pipeline.Batch bump = pipeline.sendBump();
    pipeline.flush();
    assertThat(sent).extracting(Sent::batch).containsExactly(bump);
    answer(sent.get(0), 7);
    assertThat(owner.told).isEmpty();
    pipeline.resume();
    assertThat(owner.told).containsExactly("settled");
    pipeline.flush();
    assertThat(paths(sent.get(0))).containsExactly("/b", "/node");
  }

  @Test
  void end_everyUnit_isToldOnce() {
    List<Owner> owners = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      owners.add(new Owner());
      submitReading(owners.get(i), "/" + i);
      pipeline.flush();
    }
    lose(sent.get(0));
    pipeline.end();
    assertThat(owners).allSatisfy(each -> assertThat(each.told).containsExactly("ended"));
    Owner late = new Owner();
    submitReading(late, "/late");
    assertThat(late.told).containsExactly("ended");
  }

  // --- Pipeline.Wire

  @Override
  public void transact(Pipeline.Batch batch, List<WriteOp> writes) {
    sent.add(new Sent(batch, List.copyOf(writes), List.of()));
  }

  @Override
  public void read(Pipeline.Batch batch, List<ReadOp> reads) {
    sent.add(new Sent(batch, List.of(), List.copyOf(reads)));
  }

  @Override
  public void bumpMissed() {
    bumpMissed = true;
  }
}
