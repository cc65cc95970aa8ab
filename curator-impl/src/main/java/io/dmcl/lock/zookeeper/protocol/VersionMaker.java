package io.dmcl.lock.zookeeper.protocol;

import java.util.List;
import java.util.function.Consumer;

/**
 * Makes a version znode anew that somebody has deleted by hand. Whatever comes of it, the next look
 * tells; unless it may not be made.
 */
final class VersionMaker implements Unit.Owner {
  private final Runnable lookAgain;
  private final Consumer<Code> failed;

  VersionMaker(Runnable lookAgain, Consumer<Code> failed) {
    this.lookAgain = lookAgain;
    this.failed = failed;
  }

  @Override
  public void written(Unit unit, List<Reply.Written> results, long zxid) {
    lookAgain.run();
  }

  @Override
  public void refused(Unit unit, int index, Code code) {
    if (code == Code.NODE_EXISTS) {
      lookAgain.run();
    } else {
      failed.accept(code);
    }
  }

  @Override
  public void settled(Unit unit) {
    lookAgain.run();
  }

  @Override
  public void read(Unit unit, List<Reply.Read> replies) {}

  @Override
  public void readRefused(Unit unit, Code code) {}

  @Override
  public void ended(Unit unit) {}
}
