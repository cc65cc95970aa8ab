package io.dmcl.bench.server;

import com.google.common.base.Splitter;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.zookeeper.client.FourLetterWordMain;
import org.apache.zookeeper.common.X509Exception.SSLContextException;

/** The counters of a ZooKeeper server, as its command {@code mntr} lists them. */
final class Counters {
  private Counters() {}

  /** All that are whole numbers. */
  static Map<String, Long> of(int port) throws IOException {
    String text;
    try {
      text = FourLetterWordMain.send4LetterWord("127.0.0.1", port, "mntr");
    } catch (SSLContextException e) {
      throw new IOException(e);
    }
    Map<String, Long> counters = new HashMap<>();
    for (String line : Splitter.on('\n').split(text)) {
      List<String> words = Splitter.on('\t').splitToList(line);
      if (words.size() == 2 && words.get(1).matches("-?\\d{1,18}")) {
        counters.put(words.get(0), Long.parseLong(words.get(1)));
      }
    }
    return counters;
  }
}
