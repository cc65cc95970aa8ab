package io.dmcl.dm.cli.device;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What a node is asked to do: words, the first of which is the command, and bytes. One request goes
 * over a connection, and one {@link Reply} comes back.
 *
 * <pre>
 *   request: "dmc1", number of words (int), each word (length, UTF-8), length, bytes
 *   reply:   "dmc1", status (int), length, bytes, length, message in UTF-8
 * </pre>
 */
record Request(List<String> words, byte[] data) {
  static final int MAGIC = 0x646d6331;
  static final int MAX_DATA = 1 << 20;

  private static final int MAX_WORDS = 256;
  private static final int MAX_WORD = 1 << 20;

  Request {
    words = List.copyOf(words);
  }

  /** Without bytes. */
  static Request of(String... words) {
    return new Request(List.of(words), new byte[0]);
  }

  String command() {
    return words.get(0);
  }

  void write(DataOutputStream out) throws IOException {
    out.writeInt(MAGIC);
    out.writeInt(words.size());
    for (String word : words) {
      writeBytes(out, word.getBytes(StandardCharsets.UTF_8));
    }
    writeBytes(out, data);
    out.flush();
  }

  static Request read(DataInputStream in) throws IOException {
    checkMagic(in);
    int count = in.readInt();
    if (count < 1 || count > MAX_WORDS) {
      throw new IOException("a request of " + count + " words");
    }
    List<String> words = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      words.add(new String(readBytes(in, MAX_WORD), StandardCharsets.UTF_8));
    }
    return new Request(words, readBytes(in, MAX_DATA));
  }

  static void checkMagic(DataInputStream in) throws IOException {
    if (in.readInt() != MAGIC) {
      throw new IOException("the other end does not speak this protocol");
    }
  }

  static void writeBytes(DataOutputStream out, byte[] bytes) throws IOException {
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  static byte[] readBytes(DataInputStream in, int limit) throws IOException {
    int length = in.readInt();
    if (length < 0 || length > limit) {
      throw new IOException("a length of " + length + ", more than " + limit);
    }
    byte[] bytes = new byte[length];
    in.readFully(bytes);
    return bytes;
  }
}
