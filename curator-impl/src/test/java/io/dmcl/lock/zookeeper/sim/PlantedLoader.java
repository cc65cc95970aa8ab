package io.dmcl.lock.zookeeper.sim;

import static net.bytebuddy.matcher.ElementMatchers.named;

import io.dmcl.lock.zookeeper.OwnClasses;
import java.util.HashMap;
import java.util.Map;
import net.bytebuddy.ByteBuddy;
import net.bytebuddy.dynamic.ClassFileLocator;
import net.bytebuddy.dynamic.DynamicType;
import net.bytebuddy.implementation.MethodDelegation;
import net.bytebuddy.pool.TypePool;

/** Loads the lock and its simulator once more, with one method of one class replaced. */
final class PlantedLoader extends OwnClasses {
  private final Map<String, byte[]> replaced = new HashMap<>();

  PlantedLoader(PlantedBug bug) {
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
  protected byte[] bytes(String name) throws ClassNotFoundException {
    byte[] bytes = replaced.get(name);
    return bytes == null ? original(name) : bytes;
  }
}
