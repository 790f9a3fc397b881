package io.dbimport.engine;

import io.dbimport.engine.FileRecord.Bad;
import io.dbimport.engine.JsonFramer.Frame;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import java.util.random.RandomGenerator;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.cfg.JsonNodeFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Records of a JSON file: one object after another, a line each or pretty-printed. Its position is
 * a byte position. Not thread-safe.
 */
final class JsonRecords implements RecordReader {
  /** Numbers keep their digits, repeated keys are refused. */
  static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build())
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  private final JsonFramer framer;
  private final Documents documents;

  /**
   * Reads from a position that {@link #position} gave, or 0.
   *
   * @param in the file from that position on
   */
  JsonRecords(InputStream in, long position, long line, RandomGenerator random) {
    this.framer = new JsonFramer(in, position, line);
    this.documents = new Documents(JSON, random);
  }

  @Override
  public Optional<FileRecord> next() throws IOException, UnreadableFile {
    return framer.next().map(this::record);
  }

  private FileRecord record(Frame frame) {
    if (frame.broken.isPresent()) {
      return new Bad(frame.line, frame.broken.get());
    }
    try {
      JsonNode node = JSON.readTree(frame.buffer, frame.start, frame.length);
      return node instanceof ObjectNode object
          ? documents.document(frame.line, object)
          : new Bad(frame.line, "a record must be a JSON object");
    } catch (JacksonException notJson) {
      TokenStreamLocation at = notJson.getLocation();
      String where =
          at == null || at.getLineNr() < 1
              ? ""
              : " (line "
                  + (frame.line + at.getLineNr() - 1)
                  + ", column "
                  + at.getColumnNr()
                  + ")";
      return new Bad(frame.line, notJson.getOriginalMessage() + where);
    }
  }

  @Override
  public long position() {
    return framer.position();
  }

  @Override
  public long line() {
    return framer.line();
  }

  @Override
  public void close() throws IOException {
    framer.close();
  }
}
