package io.dbimport.event;

import io.dbimport.ConflictMode;
import io.dbimport.FileType;
import io.dbimport.ImportParameters;
import io.dbimport.ImportRequest;
import io.dbimport.JobState;
import io.dbimport.JobStatus;
import io.dbimport.event.LedgerCodec.Reading;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Prints how many ledger records one core reads a second. Stateless. */
final class LedgerBench {
  /** The time of this thread alone: the machine may have more to do. */
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private static final int RECORDS = 50_000;
  private static final LedgerCodec CODEC = new LedgerCodec();
  private static final String TOPIC_ID = "Tq2nDuPGRe6hm5Bq0mlL2w";

  private LedgerBench() {}

  public static void main(String[] args) {
    List<Message> accepted = new ArrayList<>();
    List<Message> ended = new ArrayList<>();
    List<Message> mixed = new ArrayList<>();
    for (int i = 0; i < RECORDS; i++) {
      AcceptedJob job = job(i);
      accepted.add(CODEC.encode(new LedgerRecord.Accepted(TOPIC_ID, job, i * 31L, false), 0));
      JobEnd end = new JobEnd.Ended(new JobState(JobStatus.SUCCESS, 1, 0, ""));
      ended.add(CODEC.encode(LedgerCodec.ended(TOPIC_ID, job, i * 31L, end), 0));
      mixed.add(i % 2 == 0 ? accepted.get(i) : ended.get(i));
    }
    for (int round = 0; round < 8; round++) {
      report("accepted", accepted);
      report("ended", ended);
      report("one of two each", mixed);
    }
  }

  private static AcceptedJob job(int number) {
    ImportRequest request =
        new ImportRequest(
            "3f2b8c1e-5d4a-4c7e-9b1a-%012d".formatted(number),
            null,
            new ImportParameters(
                "prod-" + number % 50,
                "orders",
                "uploads/2026/11/25/orders-" + number + ".json",
                FileType.JSON,
                true,
                ConflictMode.INSERT),
            null,
            false);
    return new AcceptedJob(
        new Source("dbimport.requests", 0, number),
        request,
        ("prod-" + number % 50 + "/orders").getBytes(StandardCharsets.UTF_8),
        List.of(Header.of("traceparent", Produced.TRACEPARENT)),
        1_000_000L + number,
        1,
        Instant.parse("2026-11-25T12:00:00Z").plusNanos(number * 1_234_567L));
  }

  private static void report(String what, List<Message> records) {
    long bytes = 0;
    long start = THREADS.getCurrentThreadCpuTime();
    for (int times = 0; times < 4; times++) {
      for (Message record : records) {
        Reading read = CODEC.decode(0, record.key(), record.value());
        if (!(read instanceof Reading.Known)) {
          throw new IllegalStateException("not read: " + read);
        }
        bytes += Objects.requireNonNull(record.value()).length;
      }
    }
    long nanos = THREADS.getCurrentThreadCpuTime() - start;
    long count = records.size() * 4L;
    System.out.printf(
        "%-16s %,9.0f records/s, %3d bytes each%n", what, count * 1e9 / nanos, bytes / count);
  }
}
