package io.dbimport.event;

import io.dbimport.ErrorCode;
import io.dbimport.Outcome.Failed;
import io.dbimport.event.Message.Kind;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes dead letters: key, value, headers and timestamp of the request untouched, and text headers
 * in the broker's own vocabulary (KIP-1191) and ours that say where it comes from and why it is
 * there. Headers of an earlier round are replaced. Immutable.
 *
 * @param groupId the consumer group that gave the request up
 */
record DeadLetters(String groupId) {
  private static final String REPLAY_COUNT = "dlq.replay.count";
  private static final int MAX_HEADER_BYTES = 2048;

  Message letter(Delivery delivery, String requestId, Failed failed, Instant failedAt) {
    Map<String, String> ours = new LinkedHashMap<>();
    ours.put("__dlq.errors.topic", delivery.source().topic());
    ours.put("__dlq.errors.partition", Integer.toString(delivery.source().partition()));
    ours.put("__dlq.errors.offset", Long.toString(delivery.source().offset()));
    ours.put("__dlq.errors.group", groupId);
    ours.put("__dlq.errors.delivery.count", Integer.toString(failed.attempts()));
    ours.put("__dlq.errors.message", message(failed));
    ours.put("dlq.class", failed.errorClass().tag());
    ours.put("dlq.errcode", Integer.toString(failed.errcode()));
    ours.put("dlq.request_id", requestId);
    ours.put("dlq.failed_at", Texts.instant(failedAt));
    ours.put(REPLAY_COUNT, "0");
    List<Header> headers = new ArrayList<>(delivery.headers().size() + ours.size());
    for (Header header : delivery.headers()) {
      if (header.name().equals(REPLAY_COUNT)) {
        ours.put(REPLAY_COUNT, replays(header.text()));
      } else if (!ours.containsKey(header.name())) {
        headers.add(header);
      }
    }
    // Eleven headers of 2 KB at the most; all but three are short, so the 16 KB in all hold.
    ours.forEach((name, text) -> headers.add(Header.of(name, Texts.cut(text, MAX_HEADER_BYTES))));
    return new Message(
        Kind.DEAD_LETTERS,
        delivery.source().partition(),
        delivery.timestamp(),
        delivery.key(),
        delivery.value(),
        headers);
  }

  /** A count that somebody else wrote: anything but a number counts as none. */
  private static String replays(String text) {
    return text.matches("[0-9]{1,9}") ? Integer.toString(Integer.parseInt(text)) : "0";
  }

  private static String message(Failed failed) {
    boolean said = failed.detail().startsWith(failed.errmsg());
    String code = ErrorCode.of(failed.errcode()).map(ErrorCode::name).orElse("");
    return (failed.errcode() + " " + code).strip()
        + ": "
        + (said ? failed.detail() : failed.errmsg() + ": " + failed.detail());
  }
}
