package io.dmcl.dm;

import java.util.List;

/** {@code error}: every bio fails. */
public final class ErrorTarget implements Target {
  /** The type. */
  public static final class Type implements TargetType {
    @Override
    public String name() {
      return "error";
    }

    @Override
    public String version() {
      return "1.5.0";
    }

    @Override
    public Target create(TargetContext context, List<String> words) {
      // The kernel ignores arguments here.
      return new ErrorTarget();
    }
  }

  @Override
  public void map(Bio bio) throws BioException {
    throw BioException.ioError("error target: " + bio);
  }

  @Override
  public boolean supports(Bio.Op op) {
    return true;
  }

  @Override
  public String status() {
    return "";
  }

  @Override
  public String table() {
    return "";
  }

  @Override
  public List<BlockDevice> devices() {
    return List.of();
  }
}
