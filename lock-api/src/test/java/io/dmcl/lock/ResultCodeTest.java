package io.dmcl.lock;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ResultCodeTest {
  /** Callers compare numbers, so these are for ever; the negative ones are Linux's. */
  @Test
  void code_ofEach_isTheErrno() {
    Map<ResultCode, Integer> codes =
        Arrays.stream(ResultCode.values())
            .collect(Collectors.toMap(code -> code, ResultCode::code));
    assertThat(codes)
        .isEqualTo(
            Map.of(
                ResultCode.GRANTED, 0,
                ResultCode.GRANTED_MODIFIED, 1,
                ResultCode.INTERRUPTED, -4, // EINTR
                ResultCode.BUSY, -16, // EBUSY
                ResultCode.INVALID, -22, // EINVAL
                ResultCode.LIMIT, -28, // ENOSPC
                ResultCode.LOST, -104, // ECONNRESET
                ResultCode.CLOSED, -108, // ESHUTDOWN
                ResultCode.UNAVAILABLE, -112)); // EHOSTDOWN
  }

  @Test
  void granted_zeroAndOne_areAndErrorsAreNot() {
    for (ResultCode code : ResultCode.values()) {
      assertThat(code.granted())
          .as("%s", code)
          .isEqualTo(code == ResultCode.GRANTED || code == ResultCode.GRANTED_MODIFIED);
    }
  }
}
