package io.dmcl.lock.zookeeper;

import java.util.Set;
import java.util.TreeSet;
import net.bytebuddy.jar.asm.AnnotationVisitor;
import net.bytebuddy.jar.asm.ClassReader;
import net.bytebuddy.jar.asm.ClassVisitor;
import net.bytebuddy.jar.asm.ClassWriter;
import net.bytebuddy.jar.asm.FieldVisitor;
import net.bytebuddy.jar.asm.MethodVisitor;
import net.bytebuddy.jar.asm.Opcodes;
import net.bytebuddy.jar.asm.Type;
import org.jspecify.annotations.Nullable;

/** Loads the lock once more, so that it tells {@link FieldAccesses} of its objects' fields. */
final class WatchedLoader extends OwnClasses {
  private static final String LOOP = OURS + "runtime.ThreadLoop";
  private static final String GUARDED_BY =
      "Lcom/google/errorprone/annotations/concurrent/GuardedBy;";
  private static final String TOLD = Type.getInternalName(FieldAccesses.class);

  private final Set<String> volatiles = new TreeSet<>();
  private final Set<String> safe = new TreeSet<>();

  /** The fields that are volatile, of the classes that were loaded. */
  Set<String> volatiles() {
    return volatiles;
  }

  /** The fields that are final, or guarded by a lock, which the compiler checks. */
  Set<String> safe() {
    return safe;
  }

  @Override
  protected boolean isOwn(String name) {
    return super.isOwn(name) && !name.equals(FieldAccesses.class.getName());
  }

  @Override
  protected byte[] bytes(String name) throws ClassNotFoundException {
    ClassWriter writer = new ClassWriter(ClassWriter.COMPUTE_MAXS);
    new ClassReader(original(name)).accept(new Watched(name, writer), 0);
    return writer.toByteArray();
  }

  private static String field(String owner, String name) {
    return owner.substring(owner.lastIndexOf('/') + 1) + '.' + name;
  }

  private final class Watched extends ClassVisitor {
    private final String name;

    Watched(String name, ClassVisitor to) {
      super(Opcodes.ASM9, to);
      this.name = name;
    }

    @Override
    public FieldVisitor visitField(
        int access, String field, String descriptor, String signature, @Nullable Object value) {
      String id = field(name.replace('.', '/'), field);
      if ((access & Opcodes.ACC_VOLATILE) != 0) {
        volatiles.add(id);
      } else if ((access & Opcodes.ACC_FINAL) != 0) {
        safe.add(id);
      }
      return new FieldVisitor(
          Opcodes.ASM9, super.visitField(access, field, descriptor, signature, value)) {
        @Override
        public AnnotationVisitor visitAnnotation(String type, boolean visible) {
          if (type.equals(GUARDED_BY)) {
            safe.add(id);
          }
          return super.visitAnnotation(type, visible);
        }
      };
    }

    @Override
    public MethodVisitor visitMethod(
        int access, String method, String descriptor, String signature, String[] exceptions) {
      MethodVisitor to = super.visitMethod(access, method, descriptor, signature, exceptions);
      return new Telling(to, name.equals(LOOP));
    }
  }

  private static final class Telling extends MethodVisitor {
    private static final String FLAG = "java/util/concurrent/atomic/AtomicBoolean";

    private final boolean isLoop;

    Telling(MethodVisitor to, boolean isLoop) {
      super(Opcodes.ASM9, to);
      this.isLoop = isLoop;
    }

    @Override
    public void visitFieldInsn(int opcode, String owner, String name, String descriptor) {
      // Those that the compiler has made are final, and written before there is an object to tell.
      if (owner.replace('/', '.').startsWith(OURS) && name.indexOf('$') < 0) {
        if (opcode == Opcodes.GETFIELD) {
          visitInsn(Opcodes.DUP);
          tell(owner, name, false);
        } else if (opcode == Opcodes.PUTFIELD) {
          boolean isLong = Type.getType(descriptor).getSize() == 2;
          // The object is below the value: it is copied to the top.
          visitInsn(isLong ? Opcodes.DUP2_X1 : Opcodes.DUP_X1);
          visitInsn(isLong ? Opcodes.POP2 : Opcodes.POP);
          visitInsn(isLong ? Opcodes.DUP_X2 : Opcodes.DUP_X1);
          tell(owner, name, true);
        }
      }
      super.visitFieldInsn(opcode, owner, name, descriptor);
    }

    private void tell(String owner, String name, boolean write) {
      visitLdcInsn(field(owner, name));
      visitInsn(write ? Opcodes.ICONST_1 : Opcodes.ICONST_0);
      visitMethodInsn(
          Opcodes.INVOKESTATIC, TOLD, "note", "(Ljava/lang/Object;Ljava/lang/String;Z)V", false);
    }

    @Override
    public void visitMethodInsn(
        int opcode, String owner, String name, String descriptor, boolean isInterface) {
      boolean ofFlag = isLoop && owner.equals(FLAG);
      if (ofFlag && name.equals("set")) {
        super.visitMethodInsn(Opcodes.INVOKESTATIC, TOLD, "left", "()V", false);
      }
      super.visitMethodInsn(opcode, owner, name, descriptor, isInterface);
      if (ofFlag && name.equals("compareAndSet")) {
        visitInsn(Opcodes.DUP);
        visitVarInsn(Opcodes.ALOAD, 0);
        super.visitMethodInsn(
            Opcodes.INVOKESTATIC, TOLD, "entered", "(ZLjava/lang/Object;)V", false);
      }
    }
  }
}
