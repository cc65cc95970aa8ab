package io.dmcl.lock.zookeeper.sim;

import static net.bytebuddy.matcher.ElementMatchers.named;

import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.Map;
import net.bytebuddy.ByteBuddy;
import net.bytebuddy.dynamic.ClassFileLocator;
import net.bytebuddy.dynamic.DynamicType;
import net.bytebuddy.implementation.MethodDelegation;
import net.bytebuddy.pool.TypePool;

/**
 * Loads the lock and its simulator once more, with one method of one class replaced. The classes
 * that the other tests use stay as they are.
 */
final class PlantedLoader extends ClassLoader {
  private static final String OURS = "io.dmcl.lock.zookeeper.";

  private final Map<String, byte[]> replaced = new HashMap<>();

  PlantedLoader(PlantedBug bug) {
    super(PlantedLoader.class.getClassLoader());
    ClassFileLocator files = ClassFileLocator.ForClassLoader.of(getParent());
    TypePool types = TypePool.Default.of(files);
    try (DynamicType.Unloaded<?> made =
        new ByteBuddy()
            .rebase(types.describe(bug.target).resolve(), files)
            .method(named(bug.method))
            .intercept(MethodDelegation.to(types.describe(PlantedMethod.class.getName()).resolve()))
            .make()) {
      made.getAllTypes().forEach((type, bytes) -> replaced.put(type.getName(), bytes));
    }
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    if (!name.startsWith(OURS)) {
      return super.loadClass(name, resolve);
    }
    synchronized (getClassLoadingLock(name)) {
      Class<?> loaded = findLoadedClass(name);
      if (loaded == null) {
        byte[] bytes = bytes(name);
        loaded = defineClass(name, bytes, 0, bytes.length);
      }
      return loaded;
    }
  }

  private byte[] bytes(String name) throws ClassNotFoundException {
    byte[] bytes = replaced.get(name);
    if (bytes != null) {
      return bytes;
    }
    try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
      if (in == null) {
        throw new ClassNotFoundException(name);
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new ClassNotFoundException(name, e);
    }
  }
}
