package io.dmcl.bench.measure;

import java.util.List;
import java.util.Map;

/**
 * What was found.
 *
 * @param values by what they are of, in the order of the study
 * @param skipped what could not be measured here, a line each
 */
public record StudyResult(Study study, Map<Key, Statistics> values, List<String> skipped) {}
