/** The locks that are measured, each used as its own documentation says. */
@NullMarked
package io.dmcl.bench.contender;

import org.jspecify.annotations.NullMarked;
