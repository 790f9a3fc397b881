package io.dbimport.worker;

import io.dbimport.Outcome.Failed;
import io.dbimport.Outcome.JobAccepted;
import io.dbimport.Reply;
import io.dbimport.event.Decoding;
import io.dbimport.event.Decoding.Invalid;
import io.dbimport.event.Decoding.Valid;
import io.dbimport.event.Delivery;
import io.dbimport.event.ReadableFields;
import io.dbimport.event.RequestDecoder;
import io.dbimport.event.Source;
import io.dbimport.worker.Entry.Resolved;
import java.util.List;
import java.util.Map;
import java.util.Queue;

/**
 * Deliveries as their bytes come, polled or read again: decoded, given their request id, and queued
 * in their lane or settled at once. Confined to the loop thread.
 */
final class Intake {
  private final RequestDecoder decoder;
  private final Lanes lanes;
  private final OpenCalls calls;
  private final Queue<Entry> entries;

  Intake(RequestDecoder decoder, Lanes lanes, OpenCalls calls, Queue<Entry> entries) {
    this.decoder = decoder;
    this.lanes = lanes;
    this.calls = calls;
    this.entries = entries;
  }

  /**
   * The bytes of a delivery are here.
   *
   * @param tracked whether the partition's frontier waits for it
   */
  void take(Partition partition, Delivery delivery, boolean tracked, Moment now) {
    Unfinished unfinished = partition.unfinished.remove(delivery.source().offset());
    switch (decode(delivery)) {
      case Invalid invalid -> lanes.settle(partition, delivery, invalid, 0, tracked, now);
      case Valid valid -> {
        RequestKey key = RequestKey.of(valid.request());
        OpenRequest open = new OpenRequest(delivery, valid, key, tracked);
        Decided decided = Decided.by(partition.claims.claim(key, open.offset()));
        if (decided == null && unfinished != null) {
          decided = calls.goOn(open, unfinished, now);
        }
        if (decided == null) {
          lanes.enqueue(partition, open, now);
        } else {
          lanes.settle(partition, open, decided, now);
        }
      }
    }
  }

  private Decoding decode(Delivery delivery) {
    try {
      return decoder.decode(delivery);
    } catch (RuntimeException bug) {
      // One request must not stop the others: its bytes go to the dead letters, whole.
      return new Invalid(
          delivery.source().requestId(),
          ReadableFields.NONE,
          Decided.internal("decoding failed: " + bug.getClass().getName(), 0));
    }
  }

  /**
   * Parked deliveries were read again.
   *
   * @param topic the topic of requests
   * @param found by offset; one of the asked offsets that is not there is gone from the topic
   */
  void fetched(Fetch fetch, String topic, Map<Long, Delivery> found, Moment now) {
    Partition partition = fetch.partition;
    partition.fetching = false;
    partition.fetchAtNanos = Long.MIN_VALUE;
    for (long offset : fetch.offsets()) {
      Lane lane = fetch.lanes.get(offset);
      Delivery delivery = found.get(offset);
      if (lane != null) {
        lane.fetching--;
        lane.late = false;
        if (delivery == null) {
          gone(partition, new Source(topic, partition.number, offset), now);
        } else {
          partition.unpark(delivery);
          take(partition, delivery, false, now);
        }
        Lanes.forgetIfEmpty(partition, lane);
      } else if (delivery != null) {
        resolve(partition, delivery, now);
      } else {
        partition.resolving.remove(offset);
      }
    }
  }

  /**
   * All that is left of a request whose bytes are gone is where it lay and, when it may have been
   * called, its id: that is not free when nobody knows what became of the call.
   */
  private void gone(Partition partition, Source source, Moment now) {
    long offset = source.offset();
    Unfinished unfinished = partition.unfinished.remove(offset);
    Failed failed = Expiry.gone(source, unfinished);
    String id = unfinished == null ? source.requestId() : unfinished.requestId();
    long content = unfinished == null ? 0 : unfinished.content();
    if (unfinished == null) {
      partition.claims.gone(offset);
    } else {
      partition.claims.settled(RequestKey.of(id, content), id, offset, failed, now.wall());
    }
    Delivery nothing = new Delivery(source, now.wall(), null, null, List.of());
    partition.unpark(nothing);
    Invalid gone = new Invalid(id, ReadableFields.NONE, failed);
    lanes.settle(partition, nothing, gone, content, false, now);
  }

  private void resolve(Partition partition, Delivery delivery, Moment now) {
    long offset = delivery.source().offset();
    Restored.Answer answer = partition.resolving.remove(offset);
    Restored.Unknown unknown = partition.claims.unknown(offset);
    if (answer != null
        && unknown != null
        && answer.reply() instanceof Reply.Accepted(long jobId)
        && decode(delivery) instanceof Valid valid) {
      JobAccepted accepted = new JobAccepted(jobId, unknown.failed().attempts());
      partition.claims.resolved(
          RequestKey.of(valid.request()), offset, jobId, accepted.attempts(), now.wall());
      entries.add(
          new Resolved(
              partition.epoch,
              Worker.job(delivery, valid, accepted, now.wall()),
              delivery.timestamp()));
      lanes.awaitJob(partition, valid.request(), now);
    }
  }
}
