package io.dmcl.bench.measure;

import io.dmcl.bench.server.Servers;
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
  public StudyResult measure(Study study) throws Exception {
    long start = System.nanoTime();
    progress.accept(study.name() + ": " + study.title());
    List<String> skipped = new ArrayList<>();
    List<Variant> open = new ArrayList<>();
    try {
      for (Variant variant : study.variants()) {
        String program = variant.needs();
        if (program != null && !Servers.isInstalled(program)) {
          skipped.add(variant.name() + ": no " + program + " is installed");
          continue;
        }
        open.add(variant);
        variant.open(servers);
      }
      return new StudyResult(study, measure(study, open), skipped);
    } finally {
      closeAll(open);
      servers.stopOthers();
      long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start);
      progress.accept("  took " + seconds + " s");
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

  private static Map<Key, Double> run(Study study, Variant variant) throws Exception {
    try {
      return variant.run(study.window());
    } catch (Exception e) {
      throw new IllegalStateException(study.name() + ", " + variant.name(), e);
    }
  }

  private static void closeAll(List<Variant> variants) throws Exception {
    for (Variant variant : variants) {
      variant.close();
    }
  }
}
