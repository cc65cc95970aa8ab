package io.dmcl.bench.measure;

import com.google.common.io.Closer;
import io.dmcl.bench.server.Servers;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Measures studies. All variants of a study are opened and warmed up, in turn, until what each
 * finds has settled, or for so many turns at most; then all have their turn in every round, each
 * round beginning with another one.
 */
public final class Rounds {
  private final Servers servers;
  private final int rounds;
  private final int mostWarmUps;
  private final Consumer<String> progress;

  /** What is this factor outside of all that was found before has not settled. */
  private static final double CHANGE = 1.1;

  private static final int CALM_TURNS = 2;

  /** Measures on these servers. */
  public Rounds(Servers servers, int rounds, int mostWarmUps, Consumer<String> progress) {
    this.servers = servers;
    this.rounds = rounds;
    this.mostWarmUps = mostWarmUps;
    this.progress = progress;
  }

  /** Warms up only: servers that have just been started are many times slower than later. */
  public void warmUp(Study study) throws MeasurementException {
    var unused = measure(study, 0);
  }

  /** Measures one study. */
  public StudyResult measure(Study study) throws MeasurementException {
    return measure(study, rounds);
  }

  private StudyResult measure(Study study, int times) throws MeasurementException {
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
      return new StudyResult(study, measure(study, variants, times), skipped);
    } catch (Exception e) {
      keepInterrupt(e);
      throw new MeasurementException(study, e);
    } finally {
      long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start);
      progress.accept("  took " + seconds + " s");
    }
  }

  /** Closes a variant, for those who close many. */
  public static void close(Variant variant) throws IOException {
    try {
      variant.close();
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      keepInterrupt(e);
      throw new IOException(e);
    }
  }

  /** Or the next study would go on as if nobody had asked to stop. */
  private static void keepInterrupt(Exception thrown) {
    if (thrown instanceof InterruptedException) {
      Thread.currentThread().interrupt();
    }
  }

  /** What a variant has found while it warms up. */
  private static final class Trend {
    private double least = Double.MAX_VALUE;
    private double most;
    private int calm;

    boolean settlesWith(double found) {
      boolean moves = found > most * CHANGE || found < least / CHANGE;
      calm = moves ? 0 : calm + 1;
      least = Math.min(least, found);
      most = Math.max(most, found);
      return calm == CALM_TURNS;
    }
  }

  private void warmUp(Study study, List<Variant> open) throws Exception {
    List<Variant> unsettled = new ArrayList<>(open);
    unsettled.removeIf(variant -> !variant.needsWarmUp());
    Map<Variant, Trend> trends = new IdentityHashMap<>();
    for (int turn = 0; turn < mostWarmUps && !unsettled.isEmpty(); turn++) {
      for (Variant variant : List.copyOf(unsettled)) {
        double now = run(study, variant).values().iterator().next();
        if (trends.computeIfAbsent(variant, v -> new Trend()).settlesWith(now)) {
          unsettled.remove(variant);
        }
      }
    }
  }

  private Map<Key, Statistics> measure(Study study, List<Variant> open, int times)
      throws Exception {
    warmUp(study, open);
    Map<Key, List<Double>> found = new LinkedHashMap<>();
    List<Variant> order = new ArrayList<>(open);
    for (int round = 1; round <= times; round++) {
      progress.accept("  round " + round + " of " + times);
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
      keepInterrupt(e);
      throw new IllegalStateException(variant.name(), e);
    }
  }
}
