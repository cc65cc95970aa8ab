package io.dmcl.lock.zookeeper.curator;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import io.dmcl.lock.zookeeper.runtime.Coordinator;
import io.dmcl.lock.zookeeper.runtime.Session;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** A listener that keeps everything that it was told, in order, and knows that it was in order. */
class Recorder implements Coordinator.Listener {
  private static final long PATIENCE_SECONDS = 30;

  private final BlockingQueue<Session> opened = new LinkedBlockingQueue<>();
  private final List<String> events = new ArrayList<>();
  private final List<String> reasons = new ArrayList<>();
  private final AtomicInteger inside = new AtomicInteger();

  /** Starts a coordinator and waits for its session. */
  Session open(Coordinator coordinator) throws InterruptedException {
    coordinator.start(this);
    return nextSession();
  }

  Session nextSession() throws InterruptedException {
    Session session = opened.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
    assertThat(session).as("a session within %s s; had %s", PATIENCE_SECONDS, events()).isNotNull();
    return session;
  }

  /**
   * What was told and answered so far; without {@code unavailable}, which a slow connection may
   * bring at any time that there is none.
   */
  List<String> events() {
    synchronized (events) {
      return events.stream().filter(event -> !event.equals("unavailable")).toList();
    }
  }

  /** Why there was no session. */
  List<String> reasons() {
    synchronized (events) {
      return List.copyOf(reasons);
    }
  }

  /** Waits until an event of this name has been told. */
  void await(String event) throws InterruptedException {
    await(event, 1);
  }

  void await(String event, int times) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    synchronized (events) {
      while (events.stream().filter(event::equals).count() < times) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        assertThat(left).as("%s among %s", event, events).isPositive();
        events.wait(left);
      }
    }
  }

  /** Adds an event of the test's own, or a reply, to the sequence. */
  void record(String event) {
    assertThat(inside.getAndIncrement()).as("calls come one after the other").isZero();
    add(event);
    inside.decrementAndGet();
  }

  private void add(String event) {
    synchronized (events) {
      events.add(event);
      events.notifyAll();
    }
  }

  @Override
  public void opened(Session session) {
    record("opened");
    opened.add(session);
  }

  @Override
  public void disconnected(Session session) {
    record("disconnected");
  }

  @Override
  public void reconnected(Session session) {
    record("reconnected");
  }

  @Override
  public void ended(Session session) {
    record("ended");
  }

  @Override
  public void closing(Session session) {
    add("closing");
  }

  @Override
  public void watchFired(Session session, String path, Coordinator.WatchKind kind) {
    record("fired " + kind + " " + path);
  }

  @Override
  public void unavailable(String reason) {
    synchronized (events) {
      reasons.add(reason);
    }
    record("unavailable");
  }

  static Reply.Transaction write(Session session, WriteOp... writes) throws Exception {
    return reply(callback -> session.transact(List.of(writes), callback));
  }

  static List<Reply.Read> read(Session session, ReadOp... reads) throws Exception {
    return reply(callback -> session.read(List.of(reads), callback));
  }

  static Reply.Read watch(Session session, ReadOp read) throws Exception {
    return reply(callback -> session.watch(read, callback));
  }

  private static <T> T reply(Consumer<Consumer<T>> call) throws Exception {
    CompletableFuture<T> reply = new CompletableFuture<>();
    call.accept(reply::complete);
    return reply.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  static WriteOp.Create persistent(String path) {
    return create(path, WriteOp.Kind.PERSISTENT);
  }

  static WriteOp.Create create(String path, WriteOp.Kind kind) {
    return new WriteOp.Create(path, new byte[] {1}, kind);
  }

  static WriteOp.SetData set(String path) {
    return new WriteOp.SetData(path, new byte[] {2});
  }
}
