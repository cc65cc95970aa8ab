package io.dmcl.bench.measure;

import com.google.common.io.Closer;
import io.dmcl.bench.server.Servers;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Measures studies. All variants of a study are opened, each is run once to warm up, and then all
 * have their turn in every round, each round beginning with another one.
 */
public final class Rounds {
  private final Servers servers;
  private final int rounds;
  private final Consumer<String> progress;

  /** Measures on these servers. */
  public Rounds(Servers servers, int rounds, Consumer<String> progress) {
    this.servers = servers;
    this.rounds = rounds;
    this.progress = progress;
  }

  /** Measures one study. */
  public StudyResult measure(Study study) throws MeasurementException {
    long start = System.nanoTime();
    progress.accept(study.name() + ": " + study.title());
    List<String> skipped = new ArrayList<>();
    // Closed in the opposite order, all of them, whatever happens.
    try (Closer open = Closer.create()) {
      open.register(servers::stopOthers);
      List<Variant> variants = new ArrayList<>();
      for (Variant variant : study.variants()) {
        String program = variant.needs();
        if (program == null || Servers.isInstalled(program)) {
          open.register(() -> close(variant));
          variant.open(servers);
          variants.add(variant);
        } else {
          skipped.add(variant.name() + ": no " + program + " is installed");
        }
      }
      return new StudyResult(study, measure(study, variants), skipped);
    } catch (Exception e) {
      throw new MeasurementException(study, e);
    } finally {
      long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start);
      progress.accept("  took " + seconds + " s");
    }
  }

  private static void close(Variant variant) throws IOException {
    try {
      variant.close();
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException(e);
    }
  }

  private Map<Key, Statistics> measure(Study study, List<Variant> open) throws Exception {
    for (Variant variant : open) {
      if (variant.needsWarmUp()) {
        run(study, variant);
      }
    }
    Map<Key, List<Double>> found = new LinkedHashMap<>();
    List<Variant> order = new ArrayList<>(open);
    for (int round = 1; round <= rounds; round++) {
      progress.accept("  round " + round + " of " + rounds);
      for (Variant variant : order) {
        run(study, variant)
            .forEach((key, value) -> found.computeIfAbsent(key, k -> new ArrayList<>()).add(value));
      }
      Collections.rotate(order, 1);
    }
    Map<Key, Statistics> values = new LinkedHashMap<>();
    found.forEach(
        (key, list) ->
            values.put(
                key, Statistics.of(list.stream().mapToDouble(Double::doubleValue).toArray())));
    return values;
  }

  private Map<Key, Double> run(Study study, Variant variant) throws Exception {
    try {
      return study.isReckoned() && variant instanceof Counting counting
          ? ServerCost.reckon(counting, study.window(), servers)
          : variant.run(study.window());
    } catch (Exception e) {
      throw new IllegalStateException(variant.name(), e);
    }
  }
}
