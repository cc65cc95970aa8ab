/**
 * The lock demo: several processes work on one file through cluster locks, one of them is killed in
 * the middle of a write, and at the end every record is held against what the processes say they
 * wrote.
 *
 * <p>{@link DemoCommand} runs in the process of the caller and starts the others, each a {@link
 * NodeCommand}; they talk in lines ({@link NodeProcess}).
 */
@NullMarked
package io.dmcl.dm.cli.demo;

import org.jspecify.annotations.NullMarked;
