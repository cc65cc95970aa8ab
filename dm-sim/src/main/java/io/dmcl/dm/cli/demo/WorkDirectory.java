package io.dmcl.dm.cli.demo;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/** A temporary directory for everything that the demo writes. */
public final class WorkDirectory implements AutoCloseable {
  private static final int ATTEMPTS = 5;

  private final Path path;

  /** Makes one where temporary files are. */
  public WorkDirectory() throws IOException {
    path = Files.createTempDirectory("dmcl-demo-");
  }

  /** Makes one in a directory that is there. */
  public WorkDirectory(Path parent) throws IOException {
    path = Files.createTempDirectory(parent, "dmcl-");
  }

  /** Where it is. */
  public Path path() {
    return path;
  }

  @Override
  public void close() {
    delete(path);
  }

  /** Deletes all of it, also if another process writes or deletes there at the same time. */
  public static void delete(Path directory) {
    for (int i = 0; i < ATTEMPTS && Files.exists(directory); i++) {
      try {
        Files.walkFileTree(directory, new Deletion());
      } catch (IOException e) {
        // once more
      }
    }
  }

  private static final class Deletion extends SimpleFileVisitor<Path> {
    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
      Files.deleteIfExists(file);
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException error) throws IOException {
      if (error instanceof NoSuchFileException) {
        return FileVisitResult.CONTINUE;
      }
      throw error;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException error)
        throws IOException {
      try {
        Files.deleteIfExists(directory);
      } catch (DirectoryNotEmptyException e) {
        // the next attempt
      }
      return FileVisitResult.CONTINUE;
    }
  }
}
