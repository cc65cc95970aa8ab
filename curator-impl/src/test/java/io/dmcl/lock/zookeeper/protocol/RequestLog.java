package io.dmcl.lock.zookeeper.protocol;

import io.dmcl.lock.LockMode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What requests send, watch and tell, for a test to read. */
final class RequestLog implements Request.Wire, Request.Listener {
  final List<Unit> sent = new ArrayList<>();
  final List<ReadOp> watches = new ArrayList<>();
  final List<String> told = new ArrayList<>();
  @Nullable Look look;

  Unit last() {
    return sent.get(sent.size() - 1);
  }

  @Override
  public void submit(Unit unit) {
    sent.add(unit);
  }

  @Override
  public void watch(WatchOwner owner, ReadOp read) {
    watches.add(read);
  }

  @Override
  public void unwatch(WatchOwner owner, ReadOp read) {}

  @Override
  public void waiting(Request of, RequestId behind) {
    told.add("waiting");
  }

  @Override
  public void granted(Request of, Look look) {
    told.add("granted");
    this.look = look;
  }

  @Override
  public void recalled(Request of, LockMode wanted) {
    told.add("recalled");
  }

  @Override
  public void clear(Request of) {
    told.add("clear");
  }

  @Override
  public void disarmed(Request of) {
    told.add("disarmed");
  }

  @Override
  public void downgraded(Request of, long zxid) {
    told.add("downgraded");
  }

  @Override
  public void gone(Request of, Request.Ending ending) {
    told.add("gone " + ending);
  }
}
