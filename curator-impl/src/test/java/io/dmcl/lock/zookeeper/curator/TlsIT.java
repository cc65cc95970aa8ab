package io.dmcl.lock.zookeeper.curator;

import static io.dmcl.lock.zookeeper.curator.Recorder.persistent;
import static io.dmcl.lock.zookeeper.curator.Recorder.read;
import static io.dmcl.lock.zookeeper.curator.Recorder.set;
import static io.dmcl.lock.zookeeper.curator.Recorder.watch;
import static io.dmcl.lock.zookeeper.curator.Recorder.write;
import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.zookeeper.protocol.Code;
import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.runtime.Session;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.api.ACLProvider;
import org.apache.curator.retry.RetryOneTime;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.client.ZKClientConfig;
import org.apache.zookeeper.data.ACL;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Against a server that speaks TLS only and knows its clients by their certificates. */
@Timeout(90)
class TlsIT {
  private static final String PASSWORD = "changeit";

  private static Path directory;
  private static ServerProcess server;

  private final List<CuratorCoordinator> coordinators = new ArrayList<>();

  @BeforeAll
  static void startServer() throws Exception {
    directory = Files.createTempDirectory("tls");
    List<String> trusted = List.of("server", "alice", "bob");
    for (String name : trusted) {
      makeKey(name);
    }
    makeTrust(trusted);
    makeKey("stranger");
    server =
        ServerProcess.start(
            directory,
            "secureClientPort",
            Map.of(
                "serverCnxnFactory",
                "org.apache.zookeeper.server.NettyServerCnxnFactory",
                "authProvider.x509",
                "org.apache.zookeeper.server.auth.X509AuthenticationProvider",
                "ssl.keyStore.location",
                store("server"),
                "ssl.keyStore.password",
                PASSWORD,
                "ssl.trustStore.location",
                store("trust"),
                "ssl.trustStore.password",
                PASSWORD),
            Map.of());
  }

  @AfterAll
  static void stopServer() throws Exception {
    server.close();
  }

  @AfterEach
  void close() {
    coordinators.forEach(CuratorCoordinator::close);
  }

  private static String store(String name) {
    return directory.resolve(name + ".p12").toString();
  }

  private static void makeKey(String name) throws Exception {
    keytool(
        "-genkeypair -alias "
            + name
            + " -keyalg EC -validity 2 -dname CN="
            + name
            + " -ext san=ip:127.0.0.1,dns:localhost -storetype PKCS12 -keystore "
            + store(name));
  }

  /** A trust store with the certificates of all that are trusted. */
  private static void makeTrust(List<String> names) throws Exception {
    KeyStore trust = KeyStore.getInstance("PKCS12");
    trust.load(null, PASSWORD.toCharArray());
    for (String name : names) {
      KeyStore keys = KeyStore.getInstance(new File(store(name)), PASSWORD.toCharArray());
      trust.setCertificateEntry(name, keys.getCertificate(name));
    }
    try (OutputStream out = Files.newOutputStream(Path.of(store("trust")))) {
      trust.store(out, PASSWORD.toCharArray());
    }
  }

  private static void keytool(String arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(arguments.split(" ")));
    command.addAll(List.of("-storepass", PASSWORD, "-J-XX:TieredStopAtLevel=1"));
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("keytool.log").toFile())
            .start();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue())
        .as(() -> "keytool " + arguments + "; see " + directory)
        .isZero();
  }

  private Recorder start(ZKClientConfig config) {
    ACLProvider creatorsOnly =
        new ACLProvider() {
          @Override
          public List<ACL> getDefaultAcl() {
            return Ids.CREATOR_ALL_ACL;
          }

          @Override
          public List<ACL> getAclForPath(String path) {
            return getDefaultAcl();
          }
        };
    CuratorCoordinator coordinator =
        CuratorCoordinator.withOwnClient(
            CuratorFrameworkFactory.builder()
                .connectString(server.connectString())
                .sessionTimeoutMs(8000)
                .retryPolicy(new RetryOneTime(100))
                .ensembleTracker(false)
                .zkClientConfig(config)
                .aclProvider(creatorsOnly),
            System::nanoTime);
    coordinators.add(coordinator);
    Recorder recorder = new Recorder();
    coordinator.start(recorder);
    return recorder;
  }

  private static ZKClientConfig as(String name) {
    ZKClientConfig config = new ZKClientConfig();
    config.setProperty(ZKClientConfig.SECURE_CLIENT, "true");
    config.setProperty(
        ZKClientConfig.ZOOKEEPER_CLIENT_CNXN_SOCKET, "org.apache.zookeeper.ClientCnxnSocketNetty");
    config.setProperty("zookeeper.ssl.keyStore.location", store(name));
    config.setProperty("zookeeper.ssl.keyStore.password", PASSWORD);
    config.setProperty("zookeeper.ssl.trustStore.location", store("trust"));
    config.setProperty("zookeeper.ssl.trustStore.password", PASSWORD);
    return config;
  }

  @Test
  void identityByCertificate_keepsItsLockspaceToItself() throws Exception {
    Session alice = start(as("alice")).nextSession();
    Session bob = start(as("bob")).nextSession();
    assertThat(write(alice, persistent("/hers"), persistent("/hers/lock")).code())
        .isEqualTo(Code.OK);
    assertThat(watch(alice, new ReadOp.Children("/hers")).children()).containsExactly("lock");

    assertThat(write(bob, set("/hers/lock")).code()).isEqualTo(Code.NO_AUTH);
    assertThat(write(bob, persistent("/hers/lock/x")).code()).isEqualTo(Code.NO_AUTH);
    assertThat(read(bob, new ReadOp.Children("/hers")).get(0).code()).isEqualTo(Code.NO_AUTH);
  }

  @Test
  void certificateThatTheServerDoesNotTrust_isReported() throws Exception {
    Recorder recorder = start(as("stranger"));
    recorder.await("unavailable");

    assertThat(recorder.reasons()).first().asString().contains("security settings");
    assertThat(recorder.events()).doesNotContain("opened");
  }

  @Test
  void clientWithoutTls_isReported() throws Exception {
    Recorder recorder = start(new ZKClientConfig());
    recorder.await("unavailable");

    assertThat(recorder.reasons()).first().asString().contains("security settings");
    assertThat(recorder.events()).doesNotContain("opened");
  }
}
