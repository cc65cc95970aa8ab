package io.dmcl.bench.size;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class SizingTest {
  private static final Sizing.Server SERVER = new Sizing.Server(2, 0.5, 1e9);

  /** A transaction is 100 us, a request nothing. */
  private static final Measurements MEASURED =
      new Measurements(
          "machine",
          List.of(
              new Measured("dmcl exclusive", 1, new Cost(6, 2, 0, 500), 200),
              new Measured("dmcl exclusive", 64, new Cost(0.1, 0.05, 0, 300), 5),
              new Measured("dmcl shared", 1, new Cost(5, 2, 0, 400), 200),
              new Measured("dmcl cached", 100, new Cost(9, 3, 1, 900), 300),
              new Measured("writer's wait", 10, new Cost(70, 20, 10, 7_000), 2_000)),
          1_000,
          2_000);

  private static Workload cached(double acquires, double remote, int readers) {
    return new Workload(100, 10_000, acquires, 1, 1, true, remote, readers, 2);
  }

  @Test
  void of_notCached_everyAcquireIsPaid() {
    Sizing sizing =
        Sizing.of(new Workload(100, 10_000, 50_000, 0.5, 1, false, 0.05, 1, 2), MEASURED, SERVER);

    assertThat(sizing.cost().transactions()).isCloseTo(2 * 50_000 + 100 / 2, within(1e-6));
    assertThat(sizing.cpu()).isCloseTo(10, within(0.1));
    assertThat(sizing.ensembles()).isEqualTo(11); // the renewals of leases are a little more
    assertThat(sizing.servers()).isEqualTo(33);
    assertThat(sizing.limit()).isEqualTo("processors");
    assertThat(sizing.heapBytes()).isEqualTo(10_000 * 1_000);
  }

  @Test
  void of_severalAtATime_shareTransactions() {
    Workload parallel = new Workload(100, 10_000, 50_000, 1, 80, false, 0, 1, 2);

    assertThat(Sizing.of(parallel, MEASURED, SERVER).cost().transactions())
        .isCloseTo(0.05 * 50_000 + 100 / 2, within(1e-6));
  }

  @Test
  void of_cached_whatStaysAtHomeIsFree() {
    Sizing home = Sizing.of(cached(1e9, 0, 1), MEASURED, SERVER);
    Sizing someRemote = Sizing.of(cached(50_000, 0.05, 1), MEASURED, SERVER);

    assertThat(home.cost().transactions()).isEqualTo(100 / 2);
    assertThat(home.ensembles()).isEqualTo(1);
    assertThat(someRemote.cost().transactions())
        .isCloseTo(3 * 50_000 * 0.05 + 100 / 2, within(1e-6));
    assertThat(someRemote.heapBytes()).isEqualTo(10_000 * 3_000);
  }

  @Test
  void of_manyReaders_eachOneMoreIsRecalled() {
    double one = Sizing.of(cached(1_000, 1, 1), MEASURED, SERVER).cost().transactions();
    double three = Sizing.of(cached(1_000, 1, 3), MEASURED, SERVER).cost().transactions();

    assertThat(three - one).isCloseTo(1_000 * 2 * 2, within(1e-6));
  }

  @Test
  void of_moreThanTheHeapTakes_moreEnsemblesAndSessions() {
    Workload millions = new Workload(100, 2_000_000, 1_000, 1, 1, true, 0.01, 1, 2);

    Sizing sizing = Sizing.of(millions, MEASURED, SERVER);

    assertThat(sizing.ensembles()).isEqualTo(6);
    assertThat(sizing.limit()).isEqualTo("heap");
    assertThat(sizing.sessionsPerNode()).isEqualTo(5);
  }

  @Test
  void read_thoseThatComeWithIt_fitTheModel() throws IOException {
    try (InputStream json = SizeCommand.class.getResourceAsStream("cost.json")) {
      assertThat(json).isNotNull();

      Measurements measurements = Measurements.read(json);

      assertThat(measurements.bytesPerLock()).isPositive();
      assertThat(measurements.bytesPerGrant()).isPositive();
      assertThat(ServerModel.fit(measurements.acquires()).microsPerTransaction()).isPositive();
    }
  }

  @Test
  void read_reportOfOtherStudies_saysHowToGetOne() {
    byte[] json = "{\"studies\": []}".getBytes(StandardCharsets.UTF_8);

    assertThatThrownBy(() -> Measurements.read(new ByteArrayInputStream(json)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("dmcl bench --full --only=cost");
  }
}
