package io.dbimport.event;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ConflictMode;
import io.dbimport.ErrorClass;
import io.dbimport.FileType;
import io.dbimport.ImportParameters;
import io.dbimport.ImportRequest;
import io.dbimport.JobState;
import io.dbimport.JobStatus;
import io.dbimport.Outcome.Failed;
import io.dbimport.event.LedgerCodec.Reading;
import io.dbimport.event.LedgerRecord.OpenState;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class LedgerCodecTest {
  private static final LedgerCodec CODEC = new LedgerCodec();
  private static final String TOPIC_ID = "Tq2nDuPGRe6hm5Bq0mlL2w";
  private static final int PARTITION = 3;
  private static final Source SOURCE = new Source("dbimport.requests", PARTITION, 42);
  private static final Instant ACCEPTED_AT = Instant.parse("2026-01-02T03:05:06.789012345Z");
  private static final Failed FAILED =
      new Failed(-502005, "collection not found", ErrorClass.MISSING, "HTTP 200", 2);

  @Test
  void anAcceptedRecordWithEverythingIsReadBackAsItWasWritten() {
    ImportRequest request =
        new ImportRequest(
            "order 7/😀\"",
            "shop",
            parameters(FileType.CSV, true, ConflictMode.UPSERT),
            Instant.parse("2026-01-31T08:00:00.123456789Z"),
            false);
    List<Header> trace =
        List.of(
            Header.of("traceparent", Produced.TRACEPARENT),
            new Header("tracestate", new byte[] {'a', '=', -1}));
    assertReadBack(
        new AcceptedJob(
            SOURCE, request, new byte[] {0, -1, 65}, trace, Long.MAX_VALUE, 7, ACCEPTED_AT));
  }

  @Test
  void anAcceptedRecordWithNothingOptionalIsReadBackAsItWasWritten() {
    ImportRequest request =
        new ImportRequest(
            "r", null, parameters(FileType.JSON, false, ConflictMode.INSERT), null, true);
    assertReadBack(
        new AcceptedJob(SOURCE, request, null, List.of(), Long.MIN_VALUE, 1, Instant.EPOCH));
  }

  @Test
  void anEmptyKeyIsNotNoKey() {
    assertReadBack(
        new AcceptedJob(SOURCE, plainRequest(), new byte[0], List.of(), 5, 1, ACCEPTED_AT));
  }

  /** What cannot be read back would keep the partition from ever being restored. */
  @Test
  void whateverARequestBringsItsRecordCanBeReadBack() {
    int accepted = 0;
    for (RequestCase given : RequestCase.all()) {
      List<Header> headers = new ArrayList<>(given.delivery().headers());
      headers.add(Header.of("traceparent", "one"));
      headers.add(new Header("tracestate", null));
      headers.add(Header.of("traceparent", "two"));
      Delivery delivery =
          new Delivery(
              given.delivery().source(),
              given.delivery().timestamp(),
              new byte[1000],
              given.delivery().value(),
              headers);
      switch (Produced.decode(delivery)) {
        case Decoding.Valid(ImportRequest request) -> {
          assertReadBack(Produced.job(delivery, request));
          accepted++;
        }
        case Decoding.Invalid invalid ->
            assertThat(readBack(failed(42, invalid.requestId(), invalid.failed())))
                .isEqualTo(failed(42, invalid.requestId(), invalid.failed()));
      }
    }
    assertThat(accepted).isGreaterThan(40);
  }

  @ParameterizedTest
  @EnumSource
  void anOpenRecordIsReadBackAsItWasWritten(OpenState state) {
    Progress everything =
        new Progress(
            9,
            7,
            5,
            true,
            true,
            Instant.parse("2026-01-02T03:04:05.000000001Z"),
            Instant.parse("2026-01-02T03:04:06Z"),
            new Failed(-1, "system error", ErrorClass.UNAVAILABLE, "busy", 7));
    for (Progress progress : List.of(Progress.NONE, everything)) {
      for (String appId : new @Nullable String[] {null, "shop"}) {
        LedgerRecord record =
            new LedgerRecord.Open(
                TOPIC_ID, 42, state, "order-7", Long.MIN_VALUE, appId, "env", "集合", progress);
        assertThat(readBack(record)).isEqualTo(record);
      }
    }
  }

  @Test
  void aCallThatWasNotMadeIsNoAttemptAndChangesNothingElse() {
    Failed last = new Failed(-1, "system error", ErrorClass.UNAVAILABLE, "busy", 7);
    assertThat(new Progress(9, 7, 5, true, true, Instant.EPOCH, Instant.MAX, last).notSent())
        .isEqualTo(new Progress(9, 6, 5, true, true, Instant.EPOCH, Instant.MAX, last));
  }

  @Test
  void withoutItsLastFailureAProgressIsTheSame() {
    Failed last = new Failed(-1, "system error", ErrorClass.UNAVAILABLE, "busy", 7);
    assertThat(new Progress(9, 7, 5, true, true, Instant.EPOCH, Instant.MAX, last).withoutLast())
        .isEqualTo(new Progress(9, 7, 5, true, true, Instant.EPOCH, Instant.MAX, null));
  }

  @ParameterizedTest
  @EnumSource
  void aFailureOfEveryClassIsReadBackAsItWasWritten(ErrorClass errorClass) {
    LedgerRecord.Failed record =
        failed(
            Long.MAX_VALUE,
            "order-7",
            new Failed(Integer.MIN_VALUE, "", errorClass, "集\n\u0000", Integer.MAX_VALUE));
    assertThat(readBack(record)).isEqualTo(record);
  }

  @Test
  void textsOfAFailureAreCutToAKilobyteAndMended() {
    String huge = Produced.HALF + "集".repeat(5000);
    LedgerRecord record =
        readBack(failed(0, "r", new Failed(1, huge, ErrorClass.REFUSED, huge, 1)));
    String cut = "?" + "集".repeat(339) + "…";
    assertThat(record).isEqualTo(failed(0, "r", new Failed(1, cut, ErrorClass.REFUSED, cut, 1)));
  }

  @Test
  void everyEndOfAJobIsReadBackAsItWasWritten() {
    AcceptedJob job = new AcceptedJob(SOURCE, plainRequest(), null, List.of(), 5, 3, ACCEPTED_AT);
    JobEnd success = new JobEnd.Ended(new JobState(JobStatus.SUCCESS, 1, 0, "done"));
    JobEnd fail = new JobEnd.Ended(new JobState(JobStatus.FAIL, 0, 1, "bad"));
    List<String> statuses = new ArrayList<>();
    for (JobEnd end : List.of(success, fail, new JobEnd.Lost("why"))) {
      LedgerRecord.Ended record = LedgerCodec.ended(TOPIC_ID, job, -77, end);
      assertThat(readBack(record)).isEqualTo(record);
      statuses.add(record.status());
    }
    assertThat(statuses).containsExactly("success", "fail", "lost");
  }

  @Test
  void aRecordGoesUnderItsDeliveryIntoItsPartition() {
    Message message = CODEC.encode(failed(42, "r", FAILED), PARTITION);
    assertThat(message.kind()).isEqualTo(Message.Kind.LEDGER);
    assertThat(message.partition()).isEqualTo(PARTITION);
    assertThat(message.key()).isEqualTo(bytes(TOPIC_ID + ":42"));
    assertThat(message.headers()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"2", "3", "2147483648", "9223372036854775807"})
  void aLaterVersionIsNamedAsSuchWhateverElseItHolds(long version) {
    String reason = "written by a later version: " + version + ", and this one reads up to 1";
    for (String rest : List.of("", ",\"state\":\"INTENT\"", ",\"state\":7,\"x\":{\"y\":[null]}")) {
      String value = "{\"v\":" + version + rest + "}";
      assertThat(why(TOPIC_ID + ":42", value)).isEqualTo(reason);
      assertThat(why("another kind of key", value)).isEqualTo(reason);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      nullValues = "NONE",
      textBlock =
          """
          NONE  | {"v":1,"state":"ENDED","request_id":"r","content":1,"attempts":1,"accepted_at":"2026-01-02T03:04:05Z","job_id":5,"status":"fail"} | without key
          t:42  | NONE                                                 | without value
          t:42  | ``                                                   | JSON
          t:42  | []                                                   | no JSON object
          t:42  | {"v":1                                               | JSON
          t:42  | {"state":"ENDED"}                                    | v
          t:42  | {"v":"1"}                                            | v
          t:42  | {"v":0}                                              | version 0
          t:42  | {"v":-1}                                             | version -1
          t:42  | {"v":1}                                              | state
          t:42  | {"v":1,"state":"RESTING"}                            | state RESTING
          t     | {"v":1,"state":"ENDED","request_id":"r","content":1,"attempts":1,"accepted_at":"2026-01-02T03:04:05Z","job_id":5,"status":"fail"} | key has no colon
          t:x   | {"v":1,"state":"ENDED","request_id":"r","content":1,"attempts":1,"accepted_at":"2026-01-02T03:04:05Z","job_id":5,"status":"fail"} | a value
          t:42  | {"v":1,"state":"ENDED","request_id":"r","content":1,"attempts":1,"accepted_at":"2026-01-02T03:04:05Z","job_id":5}  | status
          t:42  | {"v":1,"v":1,"state":"ENDED"}                        | JSON
          t:42  | {"v":1,"state":"ENDED"} more                         | JSON
          t:42  | {"v":1,"state":"DONE","request_id":"r","content":1,"duplicate":false,"failed_at":"2026-01-02T03:04:05Z","attempts":4294967297,"errcode":1,"errmsg":"","error_class":"token","detail":""} | attempts
          t:42  | {"v":1,"state":"DONE","request_id":"r","content":1,"duplicate":false,"failed_at":"2026-01-02T03:04:05Z","attempts":1,"errcode":1,"errmsg":"","error_class":"odd","detail":""} | a value
          """)
  void whatIsBrokenIsNamedAsSuch(@Nullable String key, @Nullable String value, String part) {
    assertThat(why(key, value)).startsWith("broken: ").contains(part);
  }

  @Test
  void aTimeThatIsNoneIsBroken() {
    AcceptedJob job = new AcceptedJob(SOURCE, plainRequest(), null, List.of(), 5, 3, ACCEPTED_AT);
    Message message = CODEC.encode(new LedgerRecord.Accepted(TOPIC_ID, job, 9, false), PARTITION);
    String value = new String(notNull(message.value()), StandardCharsets.UTF_8);
    String damaged = value.replace("2026-01-02T", "2026-13-02T");
    assertThat(damaged).isNotEqualTo(value);
    assertThat(why(TOPIC_ID + ":42", damaged)).startsWith("broken: ");
  }

  @Test
  void damagedRecordsAreReadOrUnreadableButNeverThrow() {
    long seed = Long.getLong("seed", 20260102L);
    System.out.println("LedgerCodecTest seed " + seed);
    Random random = new Random(seed);
    Mutations mutations = new Mutations(random);
    AcceptedJob job =
        new AcceptedJob(
            SOURCE,
            new ImportRequest("r", "shop", plainRequest().parameters(), ACCEPTED_AT, true),
            new byte[] {1, 2, 3},
            List.of(Header.of("traceparent", Produced.TRACEPARENT), Header.of("tracestate", "a=1")),
            5,
            1,
            ACCEPTED_AT);
    List<LedgerRecord> records =
        List.of(
            new LedgerRecord.Accepted(TOPIC_ID, job, 9, false),
            failed(42, "r", FAILED),
            new LedgerRecord.Ended(TOPIC_ID, 42, "r", 9, 5, 1, ACCEPTED_AT, "success"));
    int unreadable = 0;
    int known = 0;
    for (int i = 0; i < 20_000; i++) {
      Message message = CODEC.encode(records.get(i % records.size()), PARTITION);
      byte[] key = notNull(message.key());
      byte[] value = notNull(message.value());
      key = random.nextInt(10) == 0 ? mutations.of(key) : key;
      value = random.nextInt(50) == 0 ? noise(random) : mutations.of(value);
      try {
        switch (CODEC.decode(PARTITION, key, value)) {
          case Reading.Known _ -> known++;
          case Reading.Unreadable(String why) -> {
            assertThat(why).containsPattern("^(broken|written by a later version): ");
            unreadable++;
          }
        }
      } catch (RuntimeException thrown) {
        throw new AssertionError(
            "seed %d, round %d: %s".formatted(seed, i, new String(value, StandardCharsets.UTF_8)),
            thrown);
      }
    }
    System.out.println("LedgerCodecTest known " + known + ", unreadable " + unreadable);
    assertThat(known).isGreaterThan(1000);
    assertThat(unreadable).isGreaterThan(1000);
  }

  private static byte[] noise(Random random) {
    byte[] noise = new byte[random.nextInt(200)];
    random.nextBytes(noise);
    return noise;
  }

  private static LedgerRecord.Failed failed(long offset, String requestId, Failed failed) {
    return new LedgerRecord.Failed(TOPIC_ID, offset, requestId, -5, failed, ACCEPTED_AT, true);
  }

  private static void assertReadBack(AcceptedJob job) {
    LedgerRecord read = readBack(new LedgerRecord.Accepted(TOPIC_ID, job, Long.MIN_VALUE, true));
    if (!(read
        instanceof
        LedgerRecord.Accepted(
            String topicId,
            AcceptedJob again,
            long content,
            boolean duplicate))) {
      throw new AssertionError("not accepted: " + read);
    }
    assertThat(duplicate).isTrue();
    assertThat(topicId).isEqualTo(TOPIC_ID);
    assertThat(read.requestId()).isEqualTo(job.request().requestId());
    assertThat(read.offset()).isEqualTo(job.source().offset());
    assertThat(content).isEqualTo(Long.MIN_VALUE);
    assertThat(again.attempts()).isEqualTo(job.attempts());
    assertThat(again.source()).isEqualTo(job.source());
    assertThat(again.request()).isEqualTo(job.request());
    assertThat(again.jobId()).isEqualTo(job.jobId());
    assertThat(again.acceptedAt()).isEqualTo(job.acceptedAt());
    assertThat(again.trace()).isEqualTo(job.trace());
    assertThat(again.key()).isEqualTo(job.key());
  }

  private static LedgerRecord readBack(LedgerRecord record) {
    Message message = CODEC.encode(record, PARTITION);
    return switch (CODEC.decode(PARTITION, message.key(), message.value())) {
      case Reading.Known(LedgerRecord read) -> read;
      case Reading.Unreadable(String why) -> throw new AssertionError(why);
    };
  }

  private static String why(@Nullable String key, @Nullable String value) {
    return switch (CODEC.decode(
        PARTITION, key == null ? null : bytes(key), value == null ? null : bytes(value))) {
      case Reading.Known known -> throw new AssertionError("read: " + known);
      case Reading.Unreadable(String why) -> why;
    };
  }

  private static byte[] notNull(byte @Nullable [] bytes) {
    return Objects.requireNonNull(bytes);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static ImportRequest plainRequest() {
    return new ImportRequest(
        "r", null, parameters(FileType.JSON, false, ConflictMode.INSERT), null, false);
  }

  private static ImportParameters parameters(FileType type, boolean stop, ConflictMode mode) {
    return new ImportParameters("demo-env", "集合", "in/people.json", type, stop, mode);
  }
}
