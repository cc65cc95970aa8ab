package io.dmcl.bench.measure;

/**
 * What a number is of: a series of a study, at one value of what the study varies, in this unit.
 */
public record Key(String series, double x, String unit) {
  /** The unit of throughput: acquires, each with its unlock. */
  public static final String PER_SECOND = "acquires/s";

  /** Throughput. */
  public static Key rate(String series, double x) {
    return new Key(series, x, PER_SECOND);
  }
}
