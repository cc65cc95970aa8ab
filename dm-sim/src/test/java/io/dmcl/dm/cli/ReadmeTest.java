package io.dmcl.dm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That the README tells the truth, as far as a compiler and a file system can say. */
class ReadmeTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Pattern SAMPLE = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]+)\\)");

  @TempDir Path directory;

  @Test
  void sample_compiles() throws IOException {
    Matcher sample = SAMPLE.matcher(readme());
    assertThat(sample.find()).as("a sample").isTrue();
    String source =
        "import io.dmcl.lock.*;\n"
            + "import io.dmcl.lock.zookeeper.*;\n"
            + "import java.nio.file.*;\n"
            + "class Sample { static void run() throws Exception {\n"
            + sample.group(1)
            + "} }\n";
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    DiagnosticCollector<JavaFileObject> diagnostics = new DiagnosticCollector<>();

    boolean compiled =
        compiler
            .getTask(
                null,
                null,
                diagnostics,
                List.of(
                    "-proc:none",
                    "-d",
                    directory.toString(),
                    "-classpath",
                    System.getProperty("java.class.path")),
                null,
                List.of(new Source(source)))
            .call();

    assertThat(compiled).as("%s", diagnostics.getDiagnostics()).isTrue();
  }

  @Test
  void links_leadSomewhere() throws IOException {
    Matcher link = LINK.matcher(readme());
    while (link.find()) {
      assertThat(ROOT.resolve(link.group(1))).exists();
    }
  }

  private static String readme() throws IOException {
    return Files.readString(ROOT.resolve("README.md"));
  }

  private static final class Source extends SimpleJavaFileObject {
    private final String text;

    Source(String text) {
      super(URI.create("string:///Sample.java"), Kind.SOURCE);
      this.text = text;
    }

    @Override
    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
      return text;
    }
  }
}
