package io.dbimport.kafka;

import io.dbimport.ImportRequest;
import io.dbimport.Outcome.Failed;
import io.dbimport.Outcome.JobAccepted;
import io.dbimport.event.AcceptedJob;
import io.dbimport.event.Decoding;
import io.dbimport.event.EventEncoder;
import io.dbimport.event.Header;
import io.dbimport.event.LedgerCodec;
import io.dbimport.event.LedgerRecord;
import io.dbimport.event.LedgerRecord.OpenState;
import io.dbimport.event.Message;
import io.dbimport.event.Progress;
import io.dbimport.event.Source;
import io.dbimport.worker.Call;
import io.dbimport.worker.Entry;
import io.dbimport.worker.Entry.Admitted;
import io.dbimport.worker.Entry.JobOver;
import io.dbimport.worker.Entry.Marked;
import io.dbimport.worker.Entry.Resolved;
import io.dbimport.worker.Entry.Settled;
import io.dbimport.worker.RequestKey;
import io.dbimport.worker.Worker;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * What an entry is written down as: its event, its dead letter if it failed, and its ledger record.
 * Immutable.
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
   * The records of one entry; none for a call that only needs the partition's fence.
   *
   * @param shortened whether the broker found the whole ones too large
   */
  Transactions.Outgoing of(Entry entry, boolean shortened) {
    List<Message> messages = new ArrayList<>(3);
    switch (entry) {
      case Admitted(long _, Call call, Progress progress) -> {
        if (call.intended()) {
          messages.add(open(call.source(), OpenState.INTENT, call.request(), call.key(), progress));
        }
      }
      case Marked(long _, Source source, var state, var request, var key, Progress progress) ->
          messages.add(open(source, state, request, key, progress));
      case Settled settled -> addOutcome(settled, shortened, messages);
      case Resolved(long _, AcceptedJob job, Instant requestedAt) -> {
        messages.add(events.resolved(job, requestedAt));
        messages.add(accepted(job, false, shortened));
      }
      case JobOver(long _, AcceptedJob job, var end, var at) -> {
        messages.add(events.finished(job, end, at));
        messages.add(
            ledger.encode(LedgerCodec.ended(topicId, job, content(job), end), entry.partition()));
      }
    }
    List<ProducerRecord<byte[], byte[]>> records =
        messages.stream()
            .map(m -> Messages.record(shortened ? shorten(m) : m, topicPrefix))
            .toList();
    return new Transactions.Outgoing(entry, records);
  }

  /** Tells the ledger record of an entry from all others; empty for an entry without one. */
  Optional<Predicate<LedgerRecord>> inLedger(Entry entry) {
    return switch (entry) {
      case Admitted(long _, Call call, Progress progress) when call.intended() ->
          Optional.of(isOpen(call.source(), OpenState.INTENT, progress));
      case Admitted _ -> Optional.empty();
      case Marked marked -> Optional.of(isOpen(marked.source(), marked.state(), marked.progress()));
      case Settled settled -> {
        Source source = settled.delivery().source();
        yield Optional.of(record ->
            isAbout(record, source)
                && (record instanceof LedgerRecord.Accepted
                    || record instanceof LedgerRecord.Failed));
      }
      case Resolved resolved ->
          Optional.of(record ->
              isAbout(record, resolved.job().source()) && record instanceof LedgerRecord.Accepted);
      case JobOver over ->
          Optional.of(record ->
              isAbout(record, over.job().source()) && record instanceof LedgerRecord.Ended);
    };
  }

  private Predicate<LedgerRecord> isOpen(Source source, OpenState state, Progress progress) {
    return record ->
        isAbout(record, source)
            && record instanceof LedgerRecord.Open open
            && open.state() == state
            && open.progress().calls() == progress.calls();
  }

  private boolean isAbout(LedgerRecord record, Source source) {
    return record.offset() == source.offset() && record.topicId().equals(topicId);
  }

  private Message open(
      Source source, OpenState state, ImportRequest request, RequestKey key, Progress progress) {
    LedgerRecord.Open record =
        new LedgerRecord.Open(
            topicId,
            source.offset(),
            state,
            request.requestId(),
            key.content(),
            request.appId(),
            request.parameters().env(),
            request.parameters().collectionName(),
            progress);
    return ledger.encode(record, source.partition());
  }

  private void addOutcome(Settled settled, boolean shortened, List<Message> messages) {
    int partition = settled.partition();
    switch (settled.outcome()) {
      case JobAccepted accepted -> {
        if (!(settled.decoding() instanceof Decoding.Valid valid)) {
          throw new IllegalStateException("accepted, but never decoded: " + settled.delivery());
        }
        AcceptedJob job = Worker.job(settled.delivery(), valid, accepted, settled.at());
        messages.add(events.accepted(job, settled.delivery().timestamp(), settled.duplicate()));
        messages.add(accepted(job, settled.duplicate(), shortened));
      }
      case Failed failed -> {
        var delivery = settled.delivery();
        var decoding = settled.decoding();
        boolean duplicate = settled.duplicate();
        messages.add(
            shortened
                ? events.shortError(delivery, decoding, failed, settled.at(), duplicate)
                : events.error(delivery, decoding, failed, settled.at(), duplicate));
        messages.add(events.deadLetter(delivery, decoding, failed, settled.at()));
        messages.add(
            ledger.encode(
                new LedgerRecord.Failed(
                    topicId,
                    delivery.source().offset(),
                    EventEncoder.requestId(decoding),
                    settled.content(),
                    failed,
                    settled.at(),
                    duplicate),
                partition));
      }
    }
  }

  private Message accepted(AcceptedJob job, boolean duplicate, boolean shortened) {
    AcceptedJob noted = shortened ? withoutKey(job) : job;
    return ledger.encode(
        new LedgerRecord.Accepted(topicId, noted, content(job), duplicate),
        job.source().partition());
  }

  private static long content(AcceptedJob job) {
    return RequestKey.of(job.request()).content();
  }

  private static AcceptedJob withoutKey(AcceptedJob job) {
    return new AcceptedJob(
        job.source(),
        job.request(),
        null,
        job.trace(),
        job.jobId(),
        job.attempts(),
        job.acceptedAt());
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
