package io.dmcl.dm;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Who may see whom. */
@AnalyzeClasses(packages = "io.dmcl.dm", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  @ArchTest
  static final ArchRule devices_seeTheLockApiButNoImplementation =
      noClasses()
          .that()
          .resideOutsideOfPackage("io.dmcl.dm.cli..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.dmcl.lock.zookeeper..",
              "io.dmcl.dm.cli..",
              "org.apache.curator..",
              "org.apache.zookeeper..",
              "picocli..")
          .allowEmptyShould(true);
}
