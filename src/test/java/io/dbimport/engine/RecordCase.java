package io.dbimport.engine;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A case of the specification of a file format. Immutable.
 *
 * @param source where the rule comes from
 * @param latin1 the file, a character a byte
 * @param documents in the file's order; one without {@code _id} is given one
 * @param bad records that fail, with a part of the reason
 * @param unreadable part of why nothing more can be read; empty when all can be
 */
record RecordCase(
    String id,
    String source,
    String latin1,
    List<JsonNode> documents,
    List<FileRecord.Bad> bad,
    String unreadable) {

  /** Numbers are equal by value: the database keeps digits, not exponents. */
  private static final Comparator<JsonNode> BY_VALUE =
      (one, other) ->
          one.isNumber() && other.isNumber()
              ? one.decimalValue().compareTo(other.decimalValue())
              : one.equals(other) ? 0 : 1;

  /** The cases of a file under {@code spec/}. */
  static Stream<RecordCase> read(String name) throws IOException {
    try (InputStream in =
        Objects.requireNonNull(RecordCase.class.getResourceAsStream("/spec/" + name))) {
      return JsonRecords.JSON.readTree(in).values().stream().map(RecordCase::of);
    }
  }

  private static RecordCase of(JsonNode json) {
    List<FileRecord.Bad> bad = new ArrayList<>();
    for (JsonNode one : json.required("bad")) {
      bad.add(
          new FileRecord.Bad(
              one.required("line").longValue(), one.required("reason").stringValue()));
    }
    return new RecordCase(
        json.required("id").stringValue(),
        json.required("source").stringValue(),
        new String(bytes(json), StandardCharsets.ISO_8859_1),
        List.copyOf(json.required("documents").values()),
        List.copyOf(bad),
        json.path("unreadable").asString(""));
  }

  private static byte[] bytes(JsonNode json) {
    return json.has("base64")
        ? Base64.getDecoder().decode(json.required("base64").stringValue())
        : json.required("text").stringValue().getBytes(StandardCharsets.UTF_8);
  }

  byte[] file() {
    return latin1.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** Whether this is the document of the case, a generated {@code _id} aside. */
  static boolean same(JsonNode expected, String document) {
    ObjectNode found = (ObjectNode) JsonRecords.JSON.readTree(document);
    if (!expected.has("_id")) {
      JsonNode generated = found.remove("_id");
      if (generated == null || !generated.asString().matches("[0-9a-f]{32}")) {
        return false;
      }
    }
    return expected.equals(BY_VALUE, found);
  }

  @Override
  public String toString() {
    return id;
  }
}
