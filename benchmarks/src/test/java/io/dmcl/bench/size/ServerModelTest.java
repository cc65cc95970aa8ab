package io.dmcl.bench.size;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class ServerModelTest {
  private static Measured measured(
      double requests, double transactions, double events, double kib, double us) {
    return new Measured("acquire", 1, new Cost(requests, transactions, events, 1_024 * kib), us);
  }

  @Test
  void fit_sumOfItsParts_findsThem() {
    ServerModel model =
        ServerModel.fit(
            List.of(
                measured(1, 0, 0, 0, 3),
                measured(3, 2, 0, 1, 3 * 3 + 2 * 10 + 7),
                measured(5, 2, 4, 1, 5 * 3 + 2 * 10 + 4 * 0.5 + 7),
                measured(2, 1, 1, 1, 2 * 3 + 10 + 0.5 + 7),
                measured(9, 1, 0, 5, 9 * 3 + 10 + 5 * 7)));

    assertThat(model.microsPerRequest()).isCloseTo(3, within(1e-9));
    assertThat(model.microsPerTransaction()).isCloseTo(10, within(1e-9));
    assertThat(model.microsPerNotification()).isCloseTo(0.5, within(1e-9));
    assertThat(model.microsPerKib()).isCloseTo(7, within(1e-9));
  }

  @Test
  void fit_partThatSeemsToSaveTime_isTakenAsFree() {
    List<Measured> measured =
        List.of(
            measured(1, 0, 0, 0, 10),
            measured(1, 1, 0, 0, 30),
            measured(1, 1, 1, 0, 20),
            measured(1, 1, 1, 1, 25));

    ServerModel model = ServerModel.fit(measured);

    assertThat(model.microsPerNotification()).isZero();
    assertThat(model.microsPerRequest()).isPositive();
    assertThat(model.microsPerTransaction()).isPositive();
  }

  @Test
  void error_halfOfWhatWasMeasured_isMinusOneHalf() {
    assertThat(new ServerModel(1, 0, 0, 0).error(measured(5, 0, 0, 0, 10))).isEqualTo(-0.5);
  }
}
