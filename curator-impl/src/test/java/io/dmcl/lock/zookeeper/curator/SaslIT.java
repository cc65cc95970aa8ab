package io.dmcl.lock.zookeeper.curator;

import static io.dmcl.lock.zookeeper.curator.Recorder.create;
import static io.dmcl.lock.zookeeper.curator.Recorder.persistent;
import static io.dmcl.lock.zookeeper.curator.Recorder.read;
import static io.dmcl.lock.zookeeper.curator.Recorder.set;
import static io.dmcl.lock.zookeeper.curator.Recorder.watch;
import static io.dmcl.lock.zookeeper.curator.Recorder.write;
import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.zookeeper.protocol.Code;
import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import io.dmcl.lock.zookeeper.runtime.Session;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.security.auth.login.AppConfigurationEntry;
import javax.security.auth.login.AppConfigurationEntry.LoginModuleControlFlag;
import javax.security.auth.login.Configuration;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.api.ACLProvider;
import org.apache.curator.retry.RetryOneTime;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooDefs.Perms;
import org.apache.zookeeper.client.ZKClientConfig;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.server.auth.DigestLoginModule;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Against a server that lets nobody in without SASL: who may do what with a lockspace. */
@Timeout(90)
class SaslIT {
  private static final String SERVER_USERS =
      """
      Server {
        org.apache.zookeeper.server.auth.DigestLoginModule required
        user_alice="of-alice"
        user_bob="of-bob";
      };
      """;
  private static final String LOCKSPACE = "/dmcl/hers";
  private static final String LOCK = LOCKSPACE + "/lock";
  private static final String VERSION = LOCK + "/version";

  private static ServerProcess server;

  private final List<CuratorCoordinator> coordinators = new ArrayList<>();

  @BeforeAll
  static void startServer() throws Exception {
    Path directory = Files.createTempDirectory("sasl");
    Path users = Files.writeString(directory.resolve("jaas.conf"), SERVER_USERS);
    server =
        ServerProcess.start(
            directory,
            "clientPort",
            Map.of("enforce.auth.enabled", "true", "enforce.auth.schemes", "sasl"),
            Map.of(
                "java.security.auth.login.config", users.toString(),
                "zookeeper.authProvider.sasl",
                    "org.apache.zookeeper.server.auth.SASLAuthenticationProvider",
                "zookeeper.fips-mode", "false"));
    Configuration.setConfiguration(new ClientUsers());
  }

  @AfterAll
  static void stopServer() throws Exception {
    Configuration.setConfiguration(null);
    server.close();
  }

  @AfterEach
  void close() {
    coordinators.forEach(CuratorCoordinator::close);
  }

  /** The section of a user is the user's name, or {@code wrong-} and the name. */
  private static final class ClientUsers extends Configuration {
    @Override
    public AppConfigurationEntry @Nullable [] getAppConfigurationEntry(String section) {
      if (section.equals("Server") || section.equals("Client")) {
        return null;
      }
      String user = section.replace("wrong-", "");
      String password = section.equals(user) ? "of-" + user : "guessed";
      return new AppConfigurationEntry[] {
        new AppConfigurationEntry(
            DigestLoginModule.class.getName(),
            LoginModuleControlFlag.REQUIRED,
            Map.of("username", user, "password", password))
      };
    }
  }

  /** The shared root is open for whoever has authenticated; all below is its creator's. */
  private static final class CreatorsOnly implements ACLProvider {
    @Override
    public List<ACL> getDefaultAcl() {
      return Ids.CREATOR_ALL_ACL;
    }

    @Override
    public List<ACL> getAclForPath(String path) {
      return path.equals("/dmcl")
          ? List.of(
              new ACL(Perms.ALL, Ids.AUTH_IDS),
              new ACL(Perms.READ | Perms.CREATE, Ids.ANYONE_ID_UNSAFE))
          : getDefaultAcl();
    }
  }

  private Recorder start(String section) {
    ZKClientConfig config = new ZKClientConfig();
    config.setProperty(ZKClientConfig.LOGIN_CONTEXT_NAME_KEY, section);
    config.setProperty("zookeeper.fips-mode", "false");
    CuratorCoordinator coordinator =
        CuratorCoordinator.withOwnClient(
            CuratorFrameworkFactory.builder()
                .connectString(server.connectString())
                .sessionTimeoutMs(8000)
                .retryPolicy(new RetryOneTime(100))
                .ensembleTracker(false)
                .zkClientConfig(config)
                .aclProvider(new CreatorsOnly()),
            System::nanoTime);
    coordinators.add(coordinator);
    Recorder recorder = new Recorder();
    coordinator.start(recorder);
    return recorder;
  }

  @Test
  void lockspace_ofAnotherIdentity_canBeNeitherReadNorQueuedInNorBumpedNorPurged()
      throws Exception {
    Session alice = start("alice").nextSession();
    Session bob = start("bob").nextSession();
    assertThat(
            write(
                    alice,
                    persistent("/dmcl"),
                    persistent(LOCKSPACE),
                    persistent(LOCK),
                    persistent(VERSION),
                    create(LOCK + "/x-", WriteOp.Kind.EPHEMERAL_SEQUENTIAL))
                .code())
        .isEqualTo(Code.OK);

    assertThat(read(bob, new ReadOp.Children(LOCK), new ReadOp.Data(VERSION)))
        .extracting(Reply.Read::code)
        .containsExactly(Code.NO_AUTH, Code.NO_AUTH);
    assertThat(watch(bob, new ReadOp.Data(VERSION)).code()).isEqualTo(Code.NO_AUTH);
    assertThat(watch(bob, new ReadOp.Children(LOCKSPACE)).code()).isEqualTo(Code.NO_AUTH);
    for (WriteOp deed :
        List.of(
            create(LOCK + "/x-", WriteOp.Kind.EPHEMERAL_SEQUENTIAL),
            create(LOCKSPACE + "/intruder", WriteOp.Kind.EPHEMERAL),
            set(VERSION),
            new WriteOp.Delete(LOCK + "/x-0000000001"),
            new WriteOp.Delete(VERSION),
            new WriteOp.Delete(LOCK),
            new WriteOp.Delete(LOCKSPACE))) {
      assertThat(write(bob, deed).code()).as("%s", deed).isEqualTo(Code.NO_AUTH);
    }

    assertThat(read(alice, new ReadOp.Children(LOCK)).get(0).children()).hasSize(2);
    assertThat(write(alice, set(VERSION)).code()).isEqualTo(Code.OK);
    assertThat(write(bob, persistent("/dmcl/his")).code()).isEqualTo(Code.OK);
    assertThat(read(alice, new ReadOp.Data("/dmcl/his")).get(0).code()).isEqualTo(Code.NO_AUTH);
  }

  @Test
  void wrongPassword_isReported() throws Exception {
    Recorder recorder = start("wrong-alice");
    recorder.await("unavailable");

    assertThat(recorder.reasons()).first().asString().contains("authentication", "credentials");
    assertThat(recorder.events()).doesNotContain("opened");
  }

  @Test
  void noCredentials_areReported() throws Exception {
    Recorder recorder = start("Client");
    recorder.await("unavailable");

    assertThat(recorder.reasons()).first().asString().contains("require authentication by SASL");
    assertThat(recorder.events()).doesNotContain("opened");
  }
}
