package io.dmcl.lock.zookeeper;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaType;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.Random;
import java.util.UUID;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.apache.curator.framework.CuratorFramework;

/** Who may see whom. */
@AnalyzeClasses(
    packages = ArchitectureTest.FACE,
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  static final String FACE = "io.dmcl.lock.zookeeper";
  private static final String PROTOCOL = FACE + ".protocol";
  private static final String CACHE = FACE + ".cache";
  private static final String RUNTIME = FACE + ".runtime";
  private static final String CURATOR = FACE + ".curator";

  @ArchTest
  static final ArchRule layers_useOnlyTheLayersBelowThem =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("protocol")
          .definedBy(PROTOCOL + "..")
          .layer("cache")
          .definedBy(CACHE + "..")
          .layer("runtime")
          .definedBy(RUNTIME + "..")
          .layer("curator")
          .definedBy(CURATOR + "..")
          .layer("face")
          .definedBy(FACE)
          .whereLayer("protocol")
          .mayNotAccessAnyLayer()
          .whereLayer("cache")
          .mayOnlyAccessLayers("protocol")
          .whereLayer("runtime")
          .mayOnlyAccessLayers("protocol", "cache")
          .whereLayer("curator")
          .mayOnlyAccessLayers("protocol", "cache", "runtime");

  @ArchTest
  static final ArchRule everyClass_isInALayer =
      classes()
          .should()
          .resideInAnyPackage(FACE, PROTOCOL + "..", CACHE + "..", RUNTIME + "..", CURATOR + "..");

  @ArchTest
  static final ArchRule curatorAndZooKeeper_areSeenByTheirAdapterOnly =
      noClasses()
          .that()
          .resideOutsideOfPackages(FACE, CURATOR + "..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.apache.curator..", "org.apache.zookeeper..");

  @ArchTest
  static final ArchRule publicFace_seesNothingOfCuratorButTheFramework =
      noClasses()
          .that()
          .resideInAPackage(FACE)
          .should()
          .dependOnClassesThat(
              resideInAnyPackage("org.apache.curator..", "org.apache.zookeeper..")
                  .and(not(equivalentTo(CuratorFramework.class))));

  @ArchTest
  static final ArchRule protocol_hasNoInputOutputNoThreadsNoClockNoChance =
      noClasses()
          .that()
          .resideInAPackage(PROTOCOL + "..")
          .should()
          .dependOnClassesThat(
              resideInAnyPackage(
                      "java.util.concurrent..",
                      "java.io..",
                      "java.nio.file..",
                      "java.nio.channels..")
                  .or(assignableTo(Thread.class))
                  .or(assignableTo(ThreadLocal.class))
                  .or(assignableTo(java.util.Timer.class))
                  .or(assignableTo(java.time.Clock.class))
                  .or(assignableTo(Random.class))
                  .or(assignableTo(RandomGenerator.class)))
          .orShould()
          .callMethod(System.class, "nanoTime")
          .orShould()
          .callMethod(System.class, "currentTimeMillis")
          .orShould()
          .callMethod(java.time.Instant.class, "now")
          .orShould()
          .callMethod(Math.class, "random")
          .orShould()
          .callMethod(UUID.class, "randomUUID");

  @ArchTest
  static final ArchRule publicFace_hasNoGuavaInItsSignatures =
      classes().that().resideInAPackage(FACE).should(haveNoGuavaInPublicSignatures());

  private static ArchCondition<JavaClass> haveNoGuavaInPublicSignatures() {
    return new ArchCondition<>("have no Guava type in a public signature") {
      @Override
      public void check(JavaClass type, ConditionEvents events) {
        if (!isVisible(type)) {
          return;
        }
        Stream.concat(type.getSuperclass().stream(), type.getInterfaces().stream())
            .filter(ArchitectureTest::mentionsGuava)
            .forEach(
                parent ->
                    events.add(
                        SimpleConditionEvent.violated(
                            type, type.getName() + " inherits from " + parent.getName())));
        type.getMembers().stream()
            .filter(ArchitectureTest::isVisible)
            .filter(member -> signature(member).anyMatch(ArchitectureTest::mentionsGuava))
            .forEach(
                member ->
                    events.add(
                        SimpleConditionEvent.violated(
                            member, member.getFullName() + " mentions a Guava type")));
      }
    };
  }

  private static Stream<JavaType> signature(JavaMember member) {
    if (member instanceof JavaField field) {
      return Stream.of(field.getType());
    }
    JavaCodeUnit unit = (JavaCodeUnit) member;
    return Stream.concat(
        Stream.concat(Stream.of(unit.getReturnType()), unit.getParameterTypes().stream()),
        unit.getExceptionTypes().stream());
  }

  private static boolean mentionsGuava(JavaType type) {
    return type.getAllInvolvedRawTypes().stream()
        .anyMatch(raw -> raw.getPackageName().startsWith("com.google.common"));
  }

  private static boolean isVisible(JavaClass type) {
    return type.getModifiers().contains(JavaModifier.PUBLIC)
        || type.getModifiers().contains(JavaModifier.PROTECTED);
  }

  private static boolean isVisible(JavaMember member) {
    return member.getModifiers().contains(JavaModifier.PUBLIC)
        || member.getModifiers().contains(JavaModifier.PROTECTED);
  }
}
