/** How it is measured: variants, interleaved in rounds. */
@NullMarked
package io.dmcl.bench.measure;

import org.jspecify.annotations.NullMarked;
