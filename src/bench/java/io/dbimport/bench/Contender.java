package io.dbimport.bench;

import io.dbimport.ConflictMode;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Who is measured. Each is a process of its own with the same heap. */
enum Contender {
  OURS_UPSERT("ours, UPSERT", ConflictMode.UPSERT),
  OURS_INSERT("ours, INSERT", ConflictMode.INSERT),
  PLAIN_LOOP("plain loop", ConflictMode.UPSERT),
  PARALLEL_CONSUMER("Parallel Consumer", ConflictMode.UPSERT);

  static final int MAX_IN_FLIGHT = 64;
  static final String HEAP = "512m";

  final String label;
  final ConflictMode conflictMode;

  Contender(String label, ConflictMode conflictMode) {
    this.label = label;
    this.conflictMode = conflictMode;
  }

  /** Whether it is our worker, which also follows every job to its end. */
  boolean ours() {
    return this == OURS_UPSERT || this == OURS_INSERT;
  }

  /** Parallel Consumer commits every 5 seconds: its results count when they are acknowledged. */
  boolean countsWhenCommitted() {
    return this != PARALLEL_CONSUMER;
  }

  /** Starts it on topics of this prefix. */
  Launched launch(Stand stand, String prefix) throws IOException {
    return switch (this) {
      case OURS_UPSERT, OURS_INSERT -> worker(stand, prefix, Map.of());
      case PLAIN_LOOP -> peer(stand, prefix, PlainLoop.class, classPath());
      case PARALLEL_CONSUMER -> peer(stand, prefix, ParallelConsumerPeer.class, itsOwnKafka());
    };
  }

  /** Our worker as users run it, with settings besides those of the bench. */
  static Launched worker(Stand stand, String prefix, Map<String, String> more) throws IOException {
    Map<String, String> settings = new HashMap<>();
    settings.put("DBIMPORT_KAFKA_BOOTSTRAP_SERVERS", stand.kafka());
    settings.put("DBIMPORT_TOPIC_PREFIX", prefix);
    settings.put("DBIMPORT_GROUP_ID", prefix);
    settings.put("DBIMPORT_INSTANCE_ID", "bench");
    settings.put("DBIMPORT_API_URL", stand.api());
    settings.put("DBIMPORT_TOKEN", "bench-token");
    settings.put("DBIMPORT_MAX_IN_FLIGHT", Integer.toString(MAX_IN_FLIGHT));
    settings.put("DBIMPORT_WORKER_PORT", "0");
    settings.putAll(more);
    return Launched.program(Stand.log(prefix), HEAP, "worker", settings);
  }

  private static Launched peer(Stand stand, String prefix, Class<?> main, String classPath)
      throws IOException {
    return Launched.main(
        Stand.log(prefix),
        classPath,
        HEAP,
        main,
        List.of(stand.kafka(), prefix, stand.api(), Integer.toString(MAX_IN_FLIGHT)));
  }

  private static String classPath() {
    return System.getProperty("java.class.path");
  }

  /** The class path with the one other version of kafka-clients that the build has laid out. */
  private static String itsOwnKafka() {
    String others =
        Pattern.compile(Pattern.quote(File.pathSeparator))
            .splitAsStream(classPath())
            .filter(jar -> !Path.of(jar).getFileName().toString().startsWith("kafka-clients-"))
            .collect(Collectors.joining(File.pathSeparator));
    return Bench.FOLDER.resolve("pc") + File.separator + "*" + File.pathSeparator + others;
  }
}
