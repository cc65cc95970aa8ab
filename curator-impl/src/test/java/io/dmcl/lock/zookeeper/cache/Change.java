package io.dmcl.lock.zookeeper.cache;

import net.bytebuddy.jar.asm.MethodVisitor;
import net.bytebuddy.jar.asm.Opcodes;
import net.bytebuddy.jar.asm.Type;

/** A change of a method's byte code. */
@FunctionalInterface
interface Change {
  /** The changed method is visited instead of this one. */
  MethodVisitor of(MethodVisitor method);

  /** Every atomic update becomes a read and a write. */
  static Change inTwoSteps() {
    return method ->
        new Changed(method) {
          @Override
          public void visitMethodInsn(
              int opcode, String owner, String name, String descriptor, boolean isInterface) {
            if (!owner.equals("java/lang/invoke/VarHandle") || name.equals("getVolatile")) {
              super.visitMethodInsn(opcode, owner, name, descriptor, isInterface);
              return;
            }
            Type[] arguments = Type.getArgumentTypes(descriptor);
            StringBuilder types = new StringBuilder("(Ljava/lang/invoke/VarHandle;");
            for (Type argument : arguments) {
              boolean isWord = argument.getSort() == Type.OBJECT;
              types.append(isWord ? "Ljava/lang/Object;" : argument.getDescriptor());
            }
            types.append(')').append(Type.getReturnType(descriptor).getDescriptor());
            String steps = Type.getInternalName(TwoSteps.class);
            super.visitMethodInsn(Opcodes.INVOKESTATIC, steps, name, types.toString(), false);
          }
        };
  }

  /** One constant instead of another. */
  static Change constant(long from, long to) {
    return method ->
        new Changed(method) {
          @Override
          public void visitLdcInsn(Object value) {
            super.visitLdcInsn(value.equals(from) ? (Object) to : value);
          }
        };
  }

  /** It returns this, whatever it finds. */
  static Change always(boolean result) {
    return method ->
        new Changed(method) {
          @Override
          public void visitInsn(int opcode) {
            if (opcode == Opcodes.IRETURN) {
              super.visitInsn(Opcodes.POP);
              super.visitInsn(result ? Opcodes.ICONST_1 : Opcodes.ICONST_0);
            }
            super.visitInsn(opcode);
          }
        };
  }

  /** It enters no monitor. */
  static Change unsynchronized() {
    return method ->
        new Changed(method) {
          @Override
          public void visitInsn(int opcode) {
            boolean isMonitor = opcode == Opcodes.MONITORENTER || opcode == Opcodes.MONITOREXIT;
            super.visitInsn(isMonitor ? Opcodes.POP : opcode);
          }
        };
  }

  /** It reads the word once, and uses that again. */
  static Change readsOnce() {
    int local = 10; // free
    return method ->
        new Changed(method) {
          private boolean isRead;

          @Override
          public void visitFieldInsn(int opcode, String owner, String name, String descriptor) {
            if (opcode != Opcodes.GETFIELD || !descriptor.equals("J")) {
              super.visitFieldInsn(opcode, owner, name, descriptor);
            } else if (isRead) {
              super.visitInsn(Opcodes.POP);
              super.visitVarInsn(Opcodes.LLOAD, local);
            } else {
              isRead = true;
              super.visitFieldInsn(opcode, owner, name, descriptor);
              super.visitInsn(Opcodes.DUP2);
              super.visitVarInsn(Opcodes.LSTORE, local);
            }
          }

          @Override
          public void visitMaxs(int maxStack, int maxLocals) {
            super.visitMaxs(maxStack + 2, local + 2);
          }
        };
  }

  /** It reads a field as false. */
  static Change neverSees(String field) {
    return method ->
        new Changed(method) {
          @Override
          public void visitFieldInsn(int opcode, String owner, String name, String descriptor) {
            if (opcode == Opcodes.GETFIELD && name.equals(field)) {
              super.visitInsn(Opcodes.POP);
              super.visitInsn(Opcodes.ICONST_0);
            } else {
              super.visitFieldInsn(opcode, owner, name, descriptor);
            }
          }
        };
  }

  /** It sets a field to true as the last thing that it does, not before. */
  static Change setsLast(Class<?> type, String field) {
    return method ->
        new Changed(method) {
          @Override
          public void visitFieldInsn(int opcode, String owner, String name, String descriptor) {
            if (opcode == Opcodes.PUTFIELD && name.equals(field)) {
              super.visitInsn(Opcodes.POP2);
            } else {
              super.visitFieldInsn(opcode, owner, name, descriptor);
            }
          }

          @Override
          public void visitInsn(int opcode) {
            if (opcode == Opcodes.RETURN) {
              super.visitVarInsn(Opcodes.ALOAD, 0);
              super.visitInsn(Opcodes.ICONST_1);
              super.visitFieldInsn(Opcodes.PUTFIELD, Type.getInternalName(type), field, "Z");
            }
            super.visitInsn(opcode);
          }
        };
  }

  /** It begins by setting these bits of the word. */
  static Change first(long bits) {
    return method ->
        new Changed(method) {
          @Override
          public void visitCode() {
            super.visitCode();
            String word = Type.getInternalName(HoldWord.class);
            super.visitFieldInsn(Opcodes.GETSTATIC, word, "WORD", "Ljava/lang/invoke/VarHandle;");
            super.visitVarInsn(Opcodes.ALOAD, 0);
            super.visitLdcInsn(bits);
            super.visitMethodInsn(
                Opcodes.INVOKEVIRTUAL,
                "java/lang/invoke/VarHandle",
                "getAndBitwiseOr",
                "(L" + word + ";J)J",
                false);
            super.visitInsn(Opcodes.POP2);
          }

          @Override
          public void visitMaxs(int maxStack, int maxLocals) {
            super.visitMaxs(Math.max(maxStack, 4), maxLocals);
          }
        };
  }

  /** A method that is changed. */
  class Changed extends MethodVisitor {
    Changed(MethodVisitor method) {
      super(Opcodes.ASM9, method);
    }
  }
}
