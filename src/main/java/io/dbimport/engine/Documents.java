package io.dbimport.engine;

import io.dbimport.engine.FileRecord.Bad;
import io.dbimport.engine.FileRecord.Document;
import java.util.HexFormat;
import java.util.random.RandomGenerator;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Makes documents of records: checks the rules, and gives an {@code _id} to those without. */
final class Documents {
  private static final int ID_BYTES = 16;

  private final JsonMapper json;
  private final RandomGenerator random;
  private final DocumentRules rules = new DocumentRules();

  Documents(JsonMapper json, RandomGenerator random) {
    this.json = json;
    this.random = random;
  }

  FileRecord document(long line, ObjectNode record) {
    try {
      rules.check(record);
    } catch (DocumentRules.Broken broken) {
      return new Bad(line, broken.rule());
    }
    JsonNode id = record.get("_id");
    if (id == null) {
      byte[] bytes = new byte[ID_BYTES];
      random.nextBytes(bytes);
      String made = HexFormat.of().formatHex(bytes);
      record.put("_id", made);
      return new Document(line, made, json.writeValueAsString(record), true);
    }
    if (id.isNull() || id.isArray()) {
      return new Bad(line, "_id must be a string, a number or an object, not " + id);
    }
    String column = id.isString() ? id.stringValue() : json.writeValueAsString(id);
    if (column.isEmpty()) {
      return new Bad(line, "_id is empty");
    }
    if (column.length() > DocumentRules.MAX_ID_CHARS) {
      return new Bad(line, "_id is longer than " + DocumentRules.MAX_ID_CHARS + " characters");
    }
    return new Document(line, column, json.writeValueAsString(record), false);
  }
}
