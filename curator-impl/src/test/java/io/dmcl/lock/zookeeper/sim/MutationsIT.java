package io.dmcl.lock.zookeeper.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/**
 * Every rule of the simulated ensemble, switched to a wrong one, is found: by conformance with the
 * real ensemble, or by its scenario where the real one cannot be driven ({@code ScenariosTest}).
 */
class MutationsIT {
  private static final int SEQUENCES = 100;
  private static final long SEED = 1;

  /** What the real ensemble did in one case, and how to do it again. */
  private record Case(String name, List<String> real, Function<Player, List<String>> again) {
    Optional<String> difference(Set<Mutation> mutations) {
      try {
        List<String> simulated = again.apply(new SimPlayer(Settings.of(1).with(mutations)));
        return Conformance.difference(List.of(), real, simulated);
      } catch (RuntimeException e) {
        return Optional.of("breaks down: " + e);
      }
    }
  }

  @Test
  void mutation_each_isFound() throws Exception {
    List<Case> cases = new ArrayList<>();
    try (RealPlayer real = new RealPlayer(RealPlayer.Through.HANDLE)) {
      for (long seed = SEED; seed < SEED + SEQUENCES; seed++) {
        String root = Conformance.rootOf(seed);
        Conformance.Transcript transcript = Conformance.record(real, seed, root);
        cases.add(
            new Case(
                "seed " + seed,
                transcript.lines(),
                player -> Conformance.replay(player, transcript.actions(), root)));
      }
      special(real, cases);
    }
    for (Case one : cases) {
      assertThat(one.difference(Set.of())).as(one.name()).isEmpty();
    }
    List<Mutation> missed = new ArrayList<>();
    for (Mutation mutation : Mutation.values()) {
      Optional<Case> finder =
          cases.stream()
              .filter(one -> one.difference(EnumSet.of(mutation)).isPresent())
              .findFirst();
      boolean scenario = Scenarios.BY_MUTATION.containsKey(mutation);
      System.out.printf(
          "%-32s %s%n",
          mutation, finder.map(Case::name).orElse(scenario ? "(scenario)" : "NOT FOUND"));
      if (finder.isEmpty() && !scenario) {
        missed.add(mutation);
      }
    }
    assertThat(missed).isEmpty();
  }

  private static void special(RealPlayer real, List<Case> cases) {
    for (long seed = 1; seed <= 2; seed++) {
      long number = seed;
      String root = "/reconnect" + seed;
      add(real, cases, "reconnect " + seed, player -> Conformance.reconnect(player, number, root));
    }
    add(
        real,
        cases,
        "unwatch",
        player ->
            new Conformance.Transcript(
                List.of(), Conformance.replay(player, Special.unwatch("/unwatch"), "/unwatch")));
    add(real, cases, "counter", player -> Conformance.counter(player, "/counter"));
    add(
        real,
        cases,
        "large reply",
        player -> Conformance.large(player, Special.largeReply("/reply"), "/reply"));
    add(
        real,
        cases,
        "large request",
        player -> Conformance.large(player, Special.largeRequest("/request"), "/request"));
  }

  private static void add(
      RealPlayer real,
      List<Case> cases,
      String name,
      Function<Player, Conformance.Transcript> play) {
    List<String> lines = play.apply(real).lines();
    cases.add(new Case(name, lines, player -> play.apply(player).lines()));
  }
}
