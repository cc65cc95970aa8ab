/** What is made of the measurements: text, JSON, HTML, charts. */
@NullMarked
package io.dmcl.bench.report;

import org.jspecify.annotations.NullMarked;
