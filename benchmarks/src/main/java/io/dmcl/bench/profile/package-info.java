/** Where the time of an acquire goes: Flight Recorder in the client and in the servers. */
@NullMarked
package io.dmcl.bench.profile;

import org.jspecify.annotations.NullMarked;
