package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import io.dmcl.lock.zookeeper.protocol.ZnodeStat;
import org.jspecify.annotations.Nullable;

/** Adds requests and messages to fingerprints. */
final class Canonical {
  private Canonical() {}

  static void add(Fingerprint out, Request request) {
    out.text(request.getClass().getSimpleName());
    if (request instanceof Request.Write write) {
      for (WriteOp op : write.writes()) {
        out.text(" ").text(op.getClass().getSimpleName()).text(op.path());
        if (op instanceof WriteOp.Create create) {
          out.text(create.kind().name()).bytes(create.data());
        } else if (op instanceof WriteOp.SetData set) {
          out.text("=").bytes(set.data());
        }
      }
    } else if (request instanceof Request.Read read) {
      for (ReadOp op : read.reads()) {
        add(out, op);
      }
    } else if (request instanceof Request.Watch watch) {
      add(out, watch.read());
    } else if (request instanceof Request.Unwatch unwatch) {
      add(out, unwatch.read());
    } else if (request instanceof Request.SetWatches again) {
      out.text(again.data().toString()).text(again.children().toString());
      out.zxid(again.lastZxid());
    } else if (request instanceof Request.Connect connect) {
      out.number(connect.session()).zxid(connect.lastZxid());
    }
  }

  private static void add(Fingerprint out, ReadOp read) {
    out.text(read.getClass().getSimpleName()).text(read.path());
  }

  static void add(Fingerprint out, Message message, int client) {
    if (message instanceof Message.Event event) {
      out.text(event.type().name()).text(event.path());
    } else if (message instanceof Message.Connected connected) {
      out.text("connected ").number(connected.session());
    } else if (message instanceof Message.Answer answer) {
      add(out.progressOf(client, answer.zxid()), answer.request());
      if (answer.written() != null) {
        out.text(answer.written().code().name());
        for (Reply.Written written : answer.written().results()) {
          out.text(" ").text(written.code().name()).text(String.valueOf(written.createdPath()));
          add(out, written.stat());
        }
      }
      for (Reply.Read read : answer.reads()) {
        out.text(" ").text(read.code().name());
        out.number(read.children().size());
        read.children().stream().sorted().forEach(out::text);
        add(out.bytes(read.data()), read.stat());
      }
    } else {
      out.text("closed");
    }
  }

  static void add(Fingerprint out, Txn txn) {
    out.zxid(txn.zxid()).text(txn.kind().name()).number(txn.session());
    for (Change change : txn.changes()) {
      out.text(change.getClass().getSimpleName()).text(change.path());
      if (change instanceof Change.Created created) {
        out.text(" ").number(created.owner()).bytes(created.data());
      } else if (change instanceof Change.Set set) {
        out.text("=").bytes(set.data());
      }
    }
  }

  private static void add(Fingerprint out, @Nullable ZnodeStat stat) {
    if (stat != null) {
      out.zxid(stat.czxid()).zxid(stat.mzxid()).progress(stat.pzxid());
      out.text(" ").number(stat.numChildren());
    }
  }
}
