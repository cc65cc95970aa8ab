/** Benchmarks of the cluster lock, beside Curator's recipes. */
@NullMarked
package io.dmcl.bench;

import org.jspecify.annotations.NullMarked;
