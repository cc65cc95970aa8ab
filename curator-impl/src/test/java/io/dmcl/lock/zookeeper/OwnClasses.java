package io.dmcl.lock.zookeeper;

import java.io.IOException;
import java.io.InputStream;

/** Loads the lock once more, changed. The classes that the other tests use stay as they are. */
public abstract class OwnClasses extends ClassLoader {
  protected static final String OURS = "io.dmcl.lock.zookeeper.";

  protected OwnClasses() {
    super(OwnClasses.class.getClassLoader());
  }

  /** Whether a class is loaded here, and not shared with the other tests. */
  protected boolean isOwn(String name) {
    return name.startsWith(OURS);
  }

  /** What a class is to be. */
  protected abstract byte[] bytes(String name) throws ClassNotFoundException;

  /** What a class is. */
  protected final byte[] original(String name) throws ClassNotFoundException {
    try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
      if (in == null) {
        throw new ClassNotFoundException(name);
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new ClassNotFoundException(name, e);
    }
  }

  @Override
  protected final Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    if (!isOwn(name)) {
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
}
