package io.dmcl.bench.size;

/**
 * What an acquire was seen to cost.
 *
 * @param series of the study
 * @param x of the study
 * @param cpuMicros of the server that had most to do
 */
record Measured(String series, double x, Cost cost, double cpuMicros) {}
