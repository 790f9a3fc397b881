package io.dbimport.kafka;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What is noted beside a committed offset for whoever restores the partition. Immutable.
 *
 * @param ledgerEnd the ledger had records up to here, exclusive: one that ends sooner lost some
 * @param journalOffset no reply below this is still needed
 * @param timeout how long after losing the partition its owner may still be calling
 * @param clean whether it was handed over with no call open
 */
record CommitNote(long ledgerEnd, long journalOffset, Duration timeout, boolean clean) {
  private static final String VERSION = "dbimport1";

  /** The same, of a ledger that ends there or later. */
  CommitNote atLeast(long end) {
    return end <= ledgerEnd ? this : new CommitNote(end, journalOffset, timeout, clean);
  }

  /** As commit metadata: below a hundred bytes, of the 4096 that Kafka allows. */
  String text() {
    return "%s ledger=%d journal=%d timeout=%d clean=%b"
        .formatted(VERSION, ledgerEnd, journalOffset, timeout.toMillis(), clean);
  }

  /** Reads commit metadata; empty for anything that is none of ours. */
  static Optional<CommitNote> read(String text) {
    String[] words = text.split(" ", -1);
    if (!words[0].equals(VERSION)) {
      return Optional.empty();
    }
    Map<String, String> values = new HashMap<>();
    for (String word : words) {
      int equals = word.indexOf('=');
      if (equals > 0) {
        values.put(word.substring(0, equals), word.substring(equals + 1));
      }
    }
    try {
      return Optional.of(
          new CommitNote(
              Long.parseLong(values.getOrDefault("ledger", "")),
              Long.parseLong(values.getOrDefault("journal", "")),
              Duration.ofMillis(Long.parseLong(values.getOrDefault("timeout", ""))),
              "true".equals(values.get("clean"))));
    } catch (NumberFormatException broken) {
      return Optional.empty();
    }
  }
}
