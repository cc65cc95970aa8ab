package io.dmcl.lock.zookeeper.torture;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateBoardTest {
  @TempDir private Path directory;

  @Test
  void states_ofAnotherBoardOnTheFile_areTheSame() throws Exception {
    StateBoard nodes = StateBoard.at(directory.resolve("board"), 2);
    StateBoard nemesis = StateBoard.at(directory.resolve("board"), 2);
    assertThat(nemesis.states()).isEmpty();

    nodes.enter(0, ProtocolState.WAITING);
    nodes.enter(0, ProtocolState.WAITING);
    nodes.leave(0, ProtocolState.WAITING);
    nodes.enter(1, ProtocolState.RECALLING);
    assertThat(nemesis.states())
        .containsExactlyInAnyOrder(ProtocolState.WAITING, ProtocolState.RECALLING);

    nodes.leave(0, ProtocolState.WAITING);
    assertThat(nemesis.states()).containsExactly(ProtocolState.RECALLING);
  }

  @Test
  void states_grantedAndHeld_isNotCached() throws Exception {
    StateBoard board = StateBoard.at(directory.resolve("board"), 1);
    board.set(0, ProtocolState.CACHED, true);
    board.enter(0, ProtocolState.HELD);
    assertThat(board.states()).containsExactly(ProtocolState.HELD);

    board.leave(0, ProtocolState.HELD);
    assertThat(board.states()).containsExactly(ProtocolState.CACHED);
  }
}
