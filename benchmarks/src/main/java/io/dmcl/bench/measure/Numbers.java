package io.dmcl.bench.measure;

import java.math.BigDecimal;
import java.math.MathContext;

/** How numbers are written: three significant digits, and no exponent. */
public final class Numbers {
  private static final MathContext DIGITS = new MathContext(3);
  private static final double WHOLE = 100;

  private Numbers() {}

  /** The number for a program to read. */
  public static String format(double value) {
    if (!Double.isFinite(value)) {
      return Double.toString(value);
    }
    if (Math.abs(value) >= WHOLE) {
      return Long.toString(Math.round(value));
    }
    if (Math.abs(value) < 0.0005) {
      return "0"; // what a profiler's own work comes to, spread over millions
    }
    return new BigDecimal(value).round(DIGITS).stripTrailingZeros().toPlainString();
  }
}
