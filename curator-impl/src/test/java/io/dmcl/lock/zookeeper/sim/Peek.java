package io.dmcl.lock.zookeeper.sim;

import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import org.jspecify.annotations.Nullable;

/** Into what is private, for wrong rules and for the canonical form of states. */
final class Peek {
  private Peek() {}

  /** A field's value. */
  @SuppressWarnings("NullAway") // the caller knows
  static Object get(Object of, String field) {
    try {
      return field(of, field).get(of);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Sets a field. */
  static void set(Object of, String field, @Nullable Object value) {
    try {
      field(of, field).set(of, value);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Calls the method of that name and number of arguments. */
  static @Nullable Object call(Object of, String name, @Nullable Object... args) {
    try {
      return method(of, name, args.length).invoke(of, args);
    } catch (InvocationTargetException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Field field(Object of, String name) throws NoSuchFieldException {
    for (Class<?> type = of.getClass(); type != null; type = type.getSuperclass()) {
      for (Field field : type.getDeclaredFields()) {
        if (field.getName().equals(name)) {
          field.setAccessible(true);
          return field;
        }
      }
    }
    throw new NoSuchFieldException(of.getClass() + "." + name);
  }

  private static Method method(Object of, String name, int arguments) throws NoSuchMethodException {
    for (Class<?> type = of.getClass(); type != null; type = type.getSuperclass()) {
      for (Method method : type.getDeclaredMethods()) {
        if (method.getName().equals(name) && method.getParameterCount() == arguments) {
          method.setAccessible(true);
          return method;
        }
      }
    }
    throw new NoSuchMethodException(of.getClass() + "." + name);
  }
}
