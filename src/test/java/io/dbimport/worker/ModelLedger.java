package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ErrorClass;
import io.dbimport.ImportRequest;
import io.dbimport.Outcome;
import io.dbimport.Outcome.Failed;
import io.dbimport.Outcome.JobAccepted;
import io.dbimport.Reply;
import io.dbimport.event.AcceptedJob;
import io.dbimport.event.Decoding.Valid;
import io.dbimport.event.EventEncoder;
import io.dbimport.event.JobEnd;
import io.dbimport.event.JournalRecord;
import io.dbimport.event.LedgerCodec;
import io.dbimport.event.LedgerRecord;
import io.dbimport.event.LedgerRecord.OpenState;
import io.dbimport.event.Progress;
import io.dbimport.event.Source;
import io.dbimport.worker.Entry.Admitted;
import io.dbimport.worker.Entry.JobOver;
import io.dbimport.worker.Entry.Marked;
import io.dbimport.worker.Entry.Resolved;
import io.dbimport.worker.Entry.Settled;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is committed: outcomes, ends of jobs, offsets, the records of the ledger and the journal. It
 * takes nothing twice, and no offset that passes a delivery that the ledger does not know. Confined
 * to one thread.
 */
final class ModelLedger {
  private static final String TOPIC_ID = "topic-id";

  /** Looking through more of them at each commit would take hours. */
  private static final int LOOKED_THROUGH = 5_000;

  final Map<Source, Outcome> outcomes = new LinkedHashMap<>();
  final Map<Source, JobEnd> ends = new LinkedHashMap<>();
  final Map<Integer, Long> offsets = new HashMap<>();

  /** Every delivery there is, in any partition. */
  final Set<Source> deliveries = new HashSet<>();

  /** Those that were answered as an earlier delivery was. */
  final Set<Source> duplicates = new HashSet<>();

  /** Unknown outcomes that were corrected. */
  final Set<Source> resolved = new HashSet<>();

  private final Set<Source> parked = new HashSet<>();
  private final Map<Source, AcceptedJob> jobs = new LinkedHashMap<>();
  private final Map<Integer, List<LedgerRecord>> records = new HashMap<>();
  private final Map<Integer, List<JournalRecord>> journal = new HashMap<>();

  /** One transaction. */
  void commit(Collection<Entry> entries, Map<Integer, Long> frontier) {
    for (Entry entry : entries) {
      switch (entry) {
        case Admitted(long _, Call call, Progress progress) -> {
          if (call.intended()) {
            assertThat(outcomes).as("an intent after its outcome").doesNotContainKey(call.source());
            add(call.source(), OpenState.INTENT, call.request(), call.key(), progress);
          }
        }
        case Marked(long _, Source source, OpenState state, var request, var key, var progress) -> {
          assertThat(outcomes).as("a mark after its outcome").doesNotContainKey(source);
          add(source, state, request, key, progress);
          if (state == OpenState.PARKED) {
            parked.add(source);
          }
        }
        case Settled settled -> add(settled);
        case Resolved(long _, AcceptedJob job, var _) -> {
          Source source = job.source();
          assertThat(outcomes.get(source))
              .matches(outcome ->
                  outcome instanceof Failed failed
                      && failed.errorClass() == ErrorClass.OUTCOME_UNKNOWN);
          assertThat(resolved.add(source)).as("the first correction of %s", source).isTrue();
          jobs.put(source, job);
          add(source, new LedgerRecord.Accepted(TOPIC_ID, job, content(job), false));
        }
        case JobOver(long _, AcceptedJob job, JobEnd end, var _) -> {
          Source source = job.source();
          assertThat(jobs).as("accepted jobs").containsKey(source);
          assertThat(ends.put(source, end)).as("the first end of %s", source).isNull();
          add(source, LedgerCodec.ended(TOPIC_ID, job, content(job), end));
        }
      }
      assertThat(frontier).as("the fence of a partition").containsKey(entry.partition());
    }
    frontier.forEach(this::moveTo);
  }

  private static long content(AcceptedJob job) {
    return RequestKey.of(job.request()).content();
  }

  private void add(
      Source source, OpenState state, ImportRequest request, RequestKey key, Progress progress) {
    add(
        source,
        new LedgerRecord.Open(
            TOPIC_ID,
            source.offset(),
            state,
            request.requestId(),
            key.content(),
            request.appId(),
            request.parameters().env(),
            request.parameters().collectionName(),
            progress));
  }

  private void add(Source source, LedgerRecord record) {
    records.computeIfAbsent(source.partition(), _ -> new ArrayList<>()).add(record);
  }

  private void add(Settled settled) {
    Source source = settled.delivery().source();
    assertThat(outcomes.put(source, settled.outcome()))
        .as("the first outcome of %s", source)
        .isNull();
    if (settled.duplicate()) {
      duplicates.add(source);
    }
    switch (settled.outcome()) {
      case JobAccepted accepted -> {
        assertThat(settled.decoding()).isInstanceOf(Valid.class);
        Valid valid = (Valid) settled.decoding();
        AcceptedJob job = Worker.job(settled.delivery(), valid, accepted, settled.at());
        if (!settled.duplicate()) {
          jobs.put(source, job);
        }
        add(
            source,
            new LedgerRecord.Accepted(TOPIC_ID, job, settled.content(), settled.duplicate()));
      }
      case Failed failed ->
          add(
              source,
              new LedgerRecord.Failed(
                  TOPIC_ID,
                  source.offset(),
                  EventEncoder.requestId(settled.decoding()),
                  settled.content(),
                  failed,
                  settled.at(),
                  settled.duplicate()));
    }
  }

  private void moveTo(int partition, long offset) {
    assertThat(offset)
        .as("the offset of partition %d", partition)
        .isGreaterThanOrEqualTo(offset(partition));
    offsets.put(partition, offset);
    if (deliveries.size() > LOOKED_THROUGH) {
      return;
    }
    assertThat(deliveries.stream().filter(d -> d.partition() == partition && d.offset() < offset))
        .as("deliveries behind offset %d of partition %d", offset, partition)
        .allMatch(d -> outcomes.containsKey(d) || parked.contains(d));
  }

  long offset(int partition) {
    return offsets.getOrDefault(partition, 0L);
  }

  /** Whether an intent of it is committed, and nothing after it. */
  boolean intended(Source source) {
    return records.getOrDefault(source.partition(), List.of()).stream()
        .filter(record -> record.offset() == source.offset())
        .reduce((_, last) -> last)
        .filter(last -> last instanceof LedgerRecord.Open open && open.state() == OpenState.INTENT)
        .isPresent();
  }

  /** Whether the intent of this call is committed, and nothing after it. */
  boolean intends(Call call) {
    return records.getOrDefault(call.source().partition(), List.of()).stream()
        .filter(record -> record.offset() == call.source().offset())
        .reduce((_, last) -> last)
        .filter(last ->
            last instanceof LedgerRecord.Open open
                && open.state() == OpenState.INTENT
                && open.progress().calls() == call.number())
        .isPresent();
  }

  /** Whoever made the call writes down what it gave. */
  void journal(Call call, @Nullable Reply reply) {
    journal
        .computeIfAbsent(call.source().partition(), _ -> new ArrayList<>())
        .add(new JournalRecord(TOPIC_ID, call.source().offset(), call.number(), reply));
  }

  /** The log cleaner: of each delivery the last record stays, at its place. */
  void compact(int partition) {
    List<LedgerRecord> all = records.getOrDefault(partition, List.of());
    Set<Long> later = new HashSet<>();
    LinkedHashSet<LedgerRecord> kept = new LinkedHashSet<>();
    for (LedgerRecord record : all.reversed()) {
      if (later.add(record.offset())) {
        kept.add(record);
      }
    }
    records.put(partition, new ArrayList<>(new ArrayList<>(kept).reversed()));
  }

  /** What a new owner of the partition is told. */
  Restored restored(int partition) {
    LedgerFold fold = new LedgerFold(offset(partition));
    records.getOrDefault(partition, List.of()).forEach(fold::add);
    journal.getOrDefault(partition, List.of()).forEach(fold::add);
    return fold.restored();
  }

  /** A partition of which only these are done. */
  static Restored restored(long start, Set<Long> done) {
    return new Restored(
        start, done, Map.of(), Map.of(), List.of(), new HashMap<>(), new Remembered());
  }

  /** Accepted jobs, ended or not. */
  Set<Source> jobs() {
    return jobs.keySet();
  }

  /** Those that have not ended. */
  List<AcceptedJob> openJobs() {
    return jobs.values().stream().filter(job -> !ends.containsKey(job.source())).toList();
  }
}
