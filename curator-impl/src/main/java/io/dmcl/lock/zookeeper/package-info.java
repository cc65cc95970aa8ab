/** The public face: opening a lockspace on a CuratorFramework, and its configuration. */
@NullMarked
package io.dmcl.lock.zookeeper;

import org.jspecify.annotations.NullMarked;
