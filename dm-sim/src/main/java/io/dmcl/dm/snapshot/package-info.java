/** The snapshot target and its exception store. */
@NullMarked
package io.dmcl.dm.snapshot;

import org.jspecify.annotations.NullMarked;
