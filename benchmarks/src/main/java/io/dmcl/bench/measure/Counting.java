package io.dmcl.bench.measure;

/** A variant whose cost can be reckoned per acquire. */
public interface Counting extends Variant {
  /** How many acquires it has done since it was opened, those that do not count included. */
  long acquires();
}
