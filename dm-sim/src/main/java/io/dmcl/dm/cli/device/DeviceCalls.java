package io.dmcl.dm.cli.device;

import io.dmcl.dm.Bio;
import io.dmcl.dm.BioException;
import io.dmcl.dm.DeviceMapper;
import io.dmcl.dm.MappedDevice;
import io.dmcl.dm.TableException;
import io.dmcl.lock.LockException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Function;

/** Does on a node what requests ask for, and answers as dmsetup would. */
final class DeviceCalls implements Function<Request, Reply> {
  private static final String FAILED = "Command failed.";

  private final DeviceMapper node;

  DeviceCalls(DeviceMapper node) {
    this.node = node;
  }

  @Override
  public Reply apply(Request request) {
    try {
      return answer(request.command(), request.words(), request.data());
    } catch (BioException e) {
      return Reply.failed(request.command() + ": " + word(e.status()) + ": " + e.getMessage());
    } catch (IOException | LockException e) {
      return Reply.failed(refusal(request.words(), String.valueOf(e.getMessage())));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Reply.failed("interrupted");
    } catch (RuntimeException e) {
      return Reply.failed(request.command() + ": " + e);
    }
  }

  private Reply answer(String command, List<String> words, byte[] data)
      throws IOException, InterruptedException {
    switch (command) {
      case "create" -> node.create(word(words, 1), word(words, 2));
      case "remove" -> node.remove(word(words, 1));
      case "suspend" -> {
        if (words.contains("--noflush")) {
          node.suspendWithoutFlush(word(words, 1));
        } else {
          node.suspend(word(words, 1));
        }
      }
      case "resume" -> node.resume(word(words, 1));
      case "reload" -> node.reload(word(words, 1), word(words, 2));
      case "table" -> {
        return lines(words, MappedDevice::table);
      }
      case "status" -> {
        return lines(words, MappedDevice::status);
      }
      case "message" -> {
        String[] message = words.subList(3, words.size()).toArray(new String[0]);
        String answer = node.message(word(words, 1), number(word(words, 2)), message);
        return Reply.done(answer.isEmpty() || answer.endsWith("\n") ? answer : answer + "\n");
      }
      case "ls" -> {
        List<String> names = node.ls();
        return Reply.done(names.isEmpty() ? "No devices found\n" : text(names));
      }
      case "targets" -> {
        return Reply.done(text(node.targets()));
      }
      case "size" -> {
        long bytes = node.device(word(words, 1)).sectors() * Bio.SECTOR;
        return Reply.done(Long.toString(bytes));
      }
      case "read" -> {
        return read(word(words, 1), number(word(words, 2)), number(word(words, 3)));
      }
      case "write" -> write(word(words, 1), number(word(words, 2)), data, words.contains("fua"));
      case "flush" -> node.device(word(words, 1)).flush();
      case "map" -> {
        return Reply.done(DeviceMap.of(node, word(words, 1)).encode());
      }
      default -> throw new TableException("Unknown command: " + command);
    }
    return Reply.done("");
  }

  private Reply lines(List<String> words, Function<MappedDevice, List<String>> lines)
      throws IOException {
    if (words.size() > 1) {
      return Reply.done(text(lines.apply(node.device(word(words, 1)))));
    }
    StringBuilder all = new StringBuilder();
    for (String name : node.ls()) {
      for (String line : lines.apply(node.device(name))) {
        all.append(name).append(": ").append(line).append('\n');
      }
    }
    return Reply.done(all.length() == 0 ? "No devices found\n" : all.toString());
  }

  private Reply read(String name, long offset, long length) throws IOException {
    if (length > Request.MAX_DATA) {
      throw new TableException("a read of more than " + Request.MAX_DATA + " bytes");
    }
    long first = offset / Bio.SECTOR;
    int skipped = (int) (offset % Bio.SECTOR);
    int sectors = (int) ((skipped + length + Bio.SECTOR - 1) / Bio.SECTOR);
    byte[] bytes = node.device(name).read(first, sectors);
    byte[] wanted = new byte[(int) length];
    System.arraycopy(bytes, skipped, wanted, 0, wanted.length);
    return Reply.done(wanted);
  }

  private void write(String name, long offset, byte[] data, boolean fua) throws IOException {
    if (offset % Bio.SECTOR != 0 || data.length % Bio.SECTOR != 0) {
      throw new TableException(
          "offset and length of a write are multiples of " + Bio.SECTOR + " bytes");
    }
    Bio bio = Bio.write(offset / Bio.SECTOR, ByteBuffer.wrap(data));
    node.device(name).submit(fua ? bio.withFua() : bio);
  }

  private static String text(List<String> lines) {
    return lines.isEmpty() ? "" : String.join("\n", lines) + "\n";
  }

  private static String word(List<String> words, int index) throws TableException {
    if (index >= words.size()) {
      throw new TableException("Incorrect number of arguments");
    }
    return words.get(index);
  }

  private static long number(String word) throws TableException {
    try {
      long number = Long.parseLong(word);
      if (number >= 0) {
        return number;
      }
    } catch (NumberFormatException e) {
      // refused below
    }
    throw new TableException("Not a number: " + word);
  }

  private static String word(BioException.Status status) {
    return switch (status) {
      case IO_ERROR -> "Input/output error";
      case NOT_SUPPORTED -> "Operation not supported";
      case OUT_OF_RANGE -> "No such device or address";
      case FENCED -> "Invalid exchange";
    };
  }

  /** As dmsetup says it, with the reason that the kernel would put into its log. */
  private static String refusal(List<String> words, String reason) {
    if (reason.startsWith("Device ") && reason.endsWith(" not found")) {
      return reason + "\n" + FAILED;
    }
    String name = words.size() > 1 ? " on " + words.get(1) : "";
    return "device-mapper: "
        + words.get(0)
        + " ioctl"
        + name
        + " failed: "
        + reason.replaceFirst("^" + words.get(0) + " of \\S+ failed: ", "")
        + "\n"
        + FAILED;
  }
}
