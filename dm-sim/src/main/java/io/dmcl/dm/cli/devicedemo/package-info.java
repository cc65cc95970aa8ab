/**
 * The demo with devices: several processes write and read a mirror with snapshots, one is killed in
 * the middle of a write, one is paused for longer than its session lives, and at the end every
 * block of every device and disk is held against what it must be.
 *
 * <p>{@link DeviceDemoCommand} runs in the process of the caller and starts the others, each a
 * {@link DeviceNodeCommand}. Each block has one node that writes it, so that what it must be is
 * known exactly: before a write the node counts it in a {@link Board}, a file that all have mapped,
 * and after the write once more.
 */
@NullMarked
package io.dmcl.dm.cli.devicedemo;

import org.jspecify.annotations.NullMarked;
