/** The mirror target and its dirty log. */
@NullMarked
package io.dmcl.dm.mirror;

import org.jspecify.annotations.NullMarked;
