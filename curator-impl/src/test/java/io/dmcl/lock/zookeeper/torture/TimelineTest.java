package io.dmcl.lock.zookeeper.torture;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;

class TimelineTest {
  @TempDir private Path directory;

  private final Options options = Options.parse(new String[] {"--seconds", "60"});
  private final Timeline timeline = new Timeline(options, 0);

  private void event(long millis, String who, String text) {
    timeline.accept(Event.of(TimeUnit.MILLISECONDS.toNanos(millis), who, text));
  }

  private Document picture() throws Exception {
    Path file = directory.resolve("timeline.svg");
    timeline.write(file);
    return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file.toFile());
  }

  @Test
  void write_aRun_hasALaneForEachAndSaysWhatHappened() throws Exception {
    event(0, "nemesis", "started node=n1.1");
    event(100, "n1.1", "ask hold=a lock=r0 mode=X");
    event(200, "n1.1", "had hold=a lock=r0 mode=X token=5 told=OWNER_DIED");
    event(300, "nemesis", "fault id=1 kind=PAUSE_SERVER on=s2 states=HELD");
    event(2300, "nemesis", "healed id=1");
    event(3000, "nemesis", "killed node=n1.1");
    timeline.accept(new Breach(4, Breach.Rule.EXCLUSION, "r0", "a < b & c"));

    String text = picture().getDocumentElement().getTextContent();
    assertThat(text).contains("node 1", "s2", "pause", "token=5", "EXCLUSION of r0: a < b & c");
  }

  @Test
  void write_manyShortThings_staysSmall() throws Exception {
    for (int i = 0; i < 50_000; i++) {
      event(i, "n1.1", "had hold=a" + i + " lock=r0 mode=S token=5 told=UNCHANGED");
      event(i, "n1.1", "unlock hold=a" + i + " lock=r0 mode=S token=5");
    }

    int bars = picture().getElementsByTagName("rect").getLength();
    assertThat(bars).isLessThan(2_000);
    assertThat(Files.size(directory.resolve("timeline.svg"))).isLessThan(500_000);
  }
}
