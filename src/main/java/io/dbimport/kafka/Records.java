package io.dbimport.kafka;

import io.dbimport.Outcome.Failed;
import io.dbimport.Outcome.JobAccepted;
import io.dbimport.event.AcceptedJob;
import io.dbimport.event.Decoding;
import io.dbimport.event.EventEncoder;
import io.dbimport.event.Header;
import io.dbimport.event.LedgerCodec;
import io.dbimport.event.LedgerRecord;
import io.dbimport.event.Message;
import io.dbimport.worker.Settlement;
import io.dbimport.worker.Settlement.JobOver;
import io.dbimport.worker.Settlement.Settled;
import io.dbimport.worker.Worker;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * What a settlement is published as: its event, its dead letter if it failed, and its ledger
 * record. Immutable.
 */
final class Records {
  private final String topicPrefix;
  private final String topicId;
  private final EventEncoder events;
  private final LedgerCodec ledger = new LedgerCodec();

  Records(KafkaSettings settings, String topicId) {
    this.topicPrefix = settings.topicPrefix();
    this.topicId = topicId;
    this.events = new EventEncoder(settings.topicPrefix(), settings.groupId());
  }

  /**
   * The records of one settlement.
   *
   * @param shortened whether the broker found the whole ones too large
   */
  Transactions.Outgoing of(Settlement settlement, boolean shortened) {
    List<Message> messages = new ArrayList<>(3);
    switch (settlement) {
      case Settled settled -> addOutcome(settled, shortened, messages);
      case JobOver(long _, AcceptedJob job, var end, var at) -> {
        messages.add(events.finished(job, end, at));
        messages.add(ledger.encode(LedgerCodec.ended(topicId, job, end), settlement.partition()));
      }
    }
    List<ProducerRecord<byte[], byte[]>> records =
        messages.stream()
            .map(m -> Messages.record(shortened ? shorten(m) : m, topicPrefix))
            .toList();
    return new Transactions.Outgoing(settlement, records);
  }

  private void addOutcome(Settled settled, boolean shortened, List<Message> messages) {
    int partition = settled.partition();
    switch (settled.outcome()) {
      case JobAccepted accepted -> {
        if (!(settled.decoding() instanceof Decoding.Valid valid)) {
          throw new IllegalStateException("accepted, but never decoded: " + settled.delivery());
        }
        AcceptedJob job = Worker.job(settled.delivery(), valid, accepted, settled.at());
        messages.add(
            events.accepted(job, settled.delivery().timestamp(), accepted.attempts(), false));
        AcceptedJob noted = shortened ? withoutKey(job) : job;
        messages.add(
            ledger.encode(
                new LedgerRecord.Accepted(topicId, noted, accepted.attempts()), partition));
      }
      case Failed failed -> {
        var delivery = settled.delivery();
        var decoding = settled.decoding();
        messages.add(
            shortened
                ? events.shortError(delivery, decoding, failed, settled.at(), false)
                : events.error(delivery, decoding, failed, settled.at(), false));
        messages.add(events.deadLetter(delivery, decoding, failed, settled.at()));
        messages.add(
            ledger.encode(
                new LedgerRecord.Failed(
                    topicId, delivery.source().offset(), EventEncoder.requestId(decoding), failed),
                partition));
      }
    }
  }

  private static AcceptedJob withoutKey(AcceptedJob job) {
    return new AcceptedJob(
        job.source(), job.request(), null, job.trace(), job.jobId(), job.acceptedAt());
  }

  /**
   * The last resort: what producers may make as large as they like is left out, and the dead letter
   * says where the original lies. {@code topics check} asks for limits that make this unnecessary.
   */
  private static Message shorten(Message message) {
    return switch (message.kind()) {
      case LEDGER -> message;
      case DEAD_LETTERS -> {
        List<Header> headers =
            new ArrayList<>(
                message.headers().stream()
                    .filter(h -> h.name().startsWith("__dlq.") || h.name().startsWith("dlq."))
                    .toList());
        headers.add(Header.of("dlq.shortened", "too large: the original is at the source offset"));
        yield new Message(
            message.kind(), message.partition(), message.timestamp(), null, null, headers);
      }
      case ACCEPTED, ERRORS, FINISHED, REQUESTS, OUTCOMES ->
          new Message(
              message.kind(),
              message.partition(),
              message.timestamp(),
              null,
              message.value(),
              message.headers());
    };
  }
}
