/** The servers that locks are measured on, in processes of their own. */
@NullMarked
package io.dmcl.bench.server;

import org.jspecify.annotations.NullMarked;
