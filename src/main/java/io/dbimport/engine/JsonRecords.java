package io.dbimport.engine;

import io.dbimport.engine.FileRecord.Bad;
import io.dbimport.engine.JsonFramer.Frame;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import java.util.random.RandomGenerator;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.cfg.JsonNodeFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Records of a JSON file: one object after another, a line each or pretty-printed. Not thread-safe.
 */
final class JsonRecords implements RecordReader {
  /** Numbers keep their digits. Its own limits lie beyond those that records are held to. */
  static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNameLength(MAX_RECORD_BYTES)
                          .maxStringLength(MAX_RECORD_BYTES)
                          .maxNumberLength(2 * JsonScanner.MAX_DIGITS)
                          .maxNestingDepth(2 * JsonDocument.MAX_DEPTH)
                          .build())
                  .build())
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  private final JsonFramer framer;
  private final JsonDocument document = new JsonDocument();
  private final Documents documents;

  /**
   * Reads from a place that {@link #place} gave, or from the start.
   *
   * @param in the file from that place on
   */
  JsonRecords(InputStream in, Place place, RandomGenerator random) {
    this.framer = new JsonFramer(new FileBytes(in, place));
    this.documents = new Documents(random);
  }

  @Override
  public Optional<FileRecord> next() throws IOException, UnreadableFile {
    Optional<Frame> frame = framer.next();
    return frame.isEmpty() ? Optional.empty() : Optional.of(record(frame.get()));
  }

  private FileRecord record(Frame frame) {
    try {
      if (frame.length() > 0) {
        document.read(frame.buffer(), frame.start(), frame.length());
      }
      return frame.broken().isPresent()
          ? new Bad(frame.broken().get())
          : documents.document(frame.line(), frame.column(), document.out(), document.id());
    } catch (Broken broken) {
      // That a broken record does not end is better told by who looked for its end.
      boolean ends =
          broken.kind() == ProblemKind.UNCLOSED_RECORD
              || broken.kind() == ProblemKind.UNCLOSED_STRING;
      return new Bad(
          ends && frame.broken().isPresent()
              ? frame.broken().get()
              : frame.problem(broken.kind(), broken.at(), broken.what()));
    }
  }

  @Override
  public Place place() {
    return framer.place();
  }

  @Override
  public void close() throws IOException {
    framer.close();
  }
}
