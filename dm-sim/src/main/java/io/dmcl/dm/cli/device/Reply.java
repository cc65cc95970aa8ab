package io.dmcl.dm.cli.device;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * What a node answers.
 *
 * @param status the exit status of the command
 * @param output for the standard output
 * @param error for the standard error; empty if all went well
 */
record Reply(int status, byte[] output, String error) {
  private static final int MAX_BYTES = 1 << 26;

  static Reply done(byte[] output) {
    return new Reply(0, output, "");
  }

  static Reply done(String output) {
    return done(output.getBytes(StandardCharsets.UTF_8));
  }

  static Reply failed(String error) {
    return new Reply(1, new byte[0], error);
  }

  String text() {
    return new String(output, StandardCharsets.UTF_8);
  }

  void write(DataOutputStream out) throws IOException {
    out.writeInt(Request.MAGIC);
    out.writeInt(status);
    Request.writeBytes(out, output);
    Request.writeBytes(out, error.getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  static Reply read(DataInputStream in) throws IOException {
    Request.checkMagic(in);
    int status = in.readInt();
    byte[] output = Request.readBytes(in, MAX_BYTES);
    return new Reply(
        status, output, new String(Request.readBytes(in, MAX_BYTES), StandardCharsets.UTF_8));
  }
}
