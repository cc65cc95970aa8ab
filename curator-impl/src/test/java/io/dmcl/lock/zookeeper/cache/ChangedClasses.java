package io.dmcl.lock.zookeeper.cache;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import net.bytebuddy.jar.asm.ClassReader;
import net.bytebuddy.jar.asm.ClassVisitor;
import net.bytebuddy.jar.asm.ClassWriter;
import net.bytebuddy.jar.asm.MethodVisitor;
import net.bytebuddy.jar.asm.Opcodes;
import net.bytebuddy.jar.asm.Type;
import net.bytebuddy.jar.asm.commons.ClassRemapper;
import net.bytebuddy.jar.asm.commons.SimpleRemapper;

/**
 * Copies of the word and the lease and of what threads do with them, under names of their own, with
 * one method changed. Lincheck knows classes by their names, so another class loader would not do.
 */
final class ChangedClasses {
  /** Superclasses first. */
  private static final List<Class<?>> COPIED =
      List.of(
          ReadIndicator.class,
          HoldWord.class,
          HoldWordOperations.class,
          HoldWordOperations.Sharing.class,
          HoldWordOperations.Excluding.class,
          HoldWordOperations.Spreading.class,
          SessionLease.class,
          LeaseOperations.class);

  private ChangedClasses() {}

  /** The copy of the race's operations, over the copy of a word that is wrong. */
  static Class<?> operations(WrongFastPath wrong) {
    Map<String, String> names = new HashMap<>();
    for (Class<?> type : COPIED) {
      String name = Type.getInternalName(type);
      names.put(name, name.replaceFirst("(\\w+)(\\$\\w+)?$", "$1_" + wrong + "$2"));
    }
    Map<Class<?>, Class<?>> copies = new HashMap<>();
    for (Class<?> type : COPIED) {
      try {
        copies.put(type, MethodHandles.lookup().defineClass(copy(type, wrong, names)));
      } catch (IllegalAccessException e) {
        throw new IllegalStateException(e);
      }
    }
    return Objects.requireNonNull(copies.get(wrong.race.kind.operations));
  }

  private static byte[] copy(Class<?> type, WrongFastPath wrong, Map<String, String> names) {
    String file = '/' + Type.getInternalName(type) + ".class";
    try (InputStream in = Objects.requireNonNull(ChangedClasses.class.getResourceAsStream(file))) {
      ClassWriter writer = new ClassWriter(0);
      ClassVisitor renaming = new ClassRemapper(writer, new SimpleRemapper(Opcodes.ASM9, names));
      boolean isWrong = type == wrong.target;
      new ClassReader(in).accept(isWrong ? changing(renaming, wrong) : renaming, 0);
      return writer.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static ClassVisitor changing(ClassVisitor to, WrongFastPath wrong) {
    return new ClassVisitor(Opcodes.ASM9, to) {
      @Override
      public MethodVisitor visitMethod(
          int access, String name, String descriptor, String signature, String[] exceptions) {
        MethodVisitor method = super.visitMethod(access, name, descriptor, signature, exceptions);
        return name.equals(wrong.method) ? wrong.change.of(method) : method;
      }
    };
  }
}
