package io.dmcl.lock.zookeeper.curator;

import io.dmcl.lock.zookeeper.protocol.Code;
import java.util.function.Consumer;
import java.util.function.Function;

/** A request of a session, which is answered once. Guarded by the outlet's lock. */
final class Request<T> {
  private final Consumer<T> callback;
  private final Function<Code, T> failure;
  private final Runnable unanswered;
  private boolean answered;

  /**
   * @param failure makes the reply that has only a code
   * @param unanswered is run if ZooKeeper's own reply is not waited for
   */
  Request(Consumer<T> callback, Function<Code, T> failure, Runnable unanswered) {
    this.callback = callback;
    this.failure = failure;
    this.unanswered = unanswered;
  }

  boolean isAnswered() {
    return answered;
  }

  void reply(T reply) {
    answered = true;
    callback.accept(reply);
  }

  /** It was not sent. */
  void answer(Code code) {
    reply(failure.apply(code));
  }

  /** It was sent, or may have been, and its own reply is not waited for. */
  void fail(Code code) {
    unanswered.run();
    answer(code);
  }
}
