/** How many servers a number of nodes and locks needs. */
@NullMarked
package io.dmcl.bench.size;

import org.jspecify.annotations.NullMarked;
