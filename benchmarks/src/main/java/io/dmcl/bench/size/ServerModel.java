package io.dmcl.bench.size;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.hipparchus.stat.regression.OLSMultipleLinearRegression;

/**
 * The time of the busiest server, as a sum of what it does: fitted by least squares to what was
 * measured, so that all are about equally wrong in proportion. What the fit would make negative is
 * taken as free.
 *
 * @param microsPerRequest for one request of a client to the ensemble
 * @param microsPerTransaction besides, for each transaction
 * @param microsPerNotification for each watch that fires
 * @param microsPerKib for each 1,024 bytes between clients and servers: what is in a transaction
 */
record ServerModel(
    double microsPerRequest,
    double microsPerTransaction,
    double microsPerNotification,
    double microsPerKib) {
  private static final int TERMS = 4;
  private static final double KIB = 1_024;

  /** Fits it to this. */
  static ServerModel fit(List<Measured> measured) {
    List<Integer> terms = new ArrayList<>();
    for (int term = 0; term < TERMS; term++) {
      terms.add(term);
    }
    while (true) {
      double[] found = fit(measured, terms);
      int least = terms.stream().min(Comparator.comparingDouble(term -> found[term])).orElseThrow();
      if (found[least] >= 0) {
        return new ServerModel(found[0], found[1], found[2], found[3]);
      }
      terms.remove(Integer.valueOf(least));
    }
  }

  private static double[] fit(List<Measured> measured, List<Integer> terms) {
    double[][] x = new double[measured.size()][terms.size()];
    double[] y = new double[measured.size()];
    for (int row = 0; row < y.length; row++) {
      Measured each = measured.get(row);
      double[] counts = counts(each.cost());
      for (int column = 0; column < terms.size(); column++) {
        x[row][column] = counts[terms.get(column)] / each.cpuMicros();
      }
      y[row] = 1;
    }
    OLSMultipleLinearRegression regression = new OLSMultipleLinearRegression();
    regression.setNoIntercept(true);
    regression.newSampleData(y, x);
    double[] parameters = regression.estimateRegressionParameters();
    double[] found = new double[TERMS];
    for (int column = 0; column < terms.size(); column++) {
      found[terms.get(column)] = parameters[column];
    }
    return found;
  }

  private static double[] counts(Cost cost) {
    return new double[] {
      cost.requests(), cost.transactions(), cost.notifications(), cost.bytes() / KIB
    };
  }

  /** The time of the busiest server for this. */
  double micros(Cost cost) {
    return cost.requests() * microsPerRequest
        + cost.transactions() * microsPerTransaction
        + cost.notifications() * microsPerNotification
        + cost.bytes() / KIB * microsPerKib;
  }

  /** By how much it is wrong, as a share of what was measured; positive if it says too much. */
  double error(Measured measured) {
    return micros(measured.cost()) / measured.cpuMicros() - 1;
  }
}
