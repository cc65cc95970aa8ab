/** The coordination port on Curator: the only importer of Curator's and ZooKeeper's types. */
@NullMarked
package io.dmcl.lock.zookeeper.curator;

import org.jspecify.annotations.NullMarked;
