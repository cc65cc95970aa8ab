package io.dmcl.dm;

import io.dmcl.dm.mirror.MirrorTarget;
import io.dmcl.dm.snapshot.MergeTarget;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the kernel must make of disks: what our own recovery makes of a copy. */
final class KernelExpectations {
  private KernelExpectations() {}

  /**
   * Writes the manifest of a directory with disks.
   *
   * @param views the devices in order, with their tables
   * @param references what some of them must read
   * @return what the mirrors say before they recover, for people
   */
  static String write(
      String name, Path directory, Map<String, String> views, Map<String, Reference> references)
      throws IOException {
    Path copy = Files.createDirectories(directory.resolve("copy"));
    KernelManifest manifest = new KernelManifest();
    List<String> names = new ArrayList<>();
    for (Path image : KernelDisks.images(directory)) {
      names.add(image.getFileName().toString());
      Files.copy(image, copy.resolve(image.getFileName().toString()));
    }
    manifest.files(names);
    StringBuilder said = new StringBuilder();
    try (DeviceMapper dm = KernelDisks.open(copy)) {
      for (Map.Entry<String, String> view : views.entrySet()) {
        MappedDevice device = dm.create(view.getKey(), view.getValue());
        List<String> fields = new ArrayList<>();
        Target target = device.targets().get(0);
        fields.add(
            KernelManifest.field(
                "afterSync", target instanceof MirrorTarget || target instanceof MergeTarget));
        if (target instanceof MirrorTarget) {
          fields.add(KernelManifest.field("before", device.status()));
          said.append(" before: ").append(device.status());
        }
        KernelDisks.settle(device);
        String sha256 = contents(name, view.getKey(), device, references.get(view.getKey()));
        fields.add(
            sha256 == null
                ? KernelManifest.field("expectError", true)
                : KernelManifest.field("sha256", sha256));
        fields.add(KernelManifest.field("status", device.status()));
        fields.add(KernelManifest.field("shown", device.table()));
        manifest.device(view.getKey(), view.getValue(), fields.toArray(new String[0]));
      }
    }
    manifest.write(directory);
    try (DirectoryStream<Path> files = Files.newDirectoryStream(copy)) {
      for (Path file : files) {
        Files.delete(file);
      }
    }
    Files.delete(copy);
    return said.toString();
  }

  private static @Nullable String contents(
      String name, String view, MappedDevice device, @Nullable Reference reference)
      throws IOException {
    try {
      if (reference != null) {
        reference.checkAll(name + ", " + view, device);
      }
      return KernelDisks.sha256(device);
    } catch (BioException e) {
      return null;
    }
  }
}
