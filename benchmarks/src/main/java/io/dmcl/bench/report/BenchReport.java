package io.dmcl.bench.report;

import io.dmcl.bench.measure.Ratio;
import io.dmcl.bench.measure.StudyResult;
import java.util.List;

/**
 * All that came out of a run.
 *
 * @param method how it was measured, for people
 */
public record BenchReport(
    Environment environment, String method, List<StudyResult> studies, List<Ratio.Result> ratios) {}
