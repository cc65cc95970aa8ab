package io.dmcl.dm;

import java.io.IOException;
import java.util.List;

/** A kind of target, found by {@link java.util.ServiceLoader} as the kernel finds its modules. */
public interface TargetType {
  /** The word in the table line. */
  String name();

  /** The version whose table line and status it speaks, as {@code dmsetup targets} shows it. */
  String version();

  /**
   * Makes a target from the words behind the type.
   *
   * @throws TableException if the kernel would refuse them, with its kind of reason
   * @throws IOException if a device cannot be read
   */
  Target create(TargetContext context, List<String> arguments) throws IOException;
}
