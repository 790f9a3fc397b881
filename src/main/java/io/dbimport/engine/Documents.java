package io.dbimport.engine;

import io.dbimport.engine.FileRecord.Document;
import io.dbimport.engine.JsonDocument.Span;
import java.util.HexFormat;
import java.util.random.RandomGenerator;

/** Makes documents of objects: checks the {@code _id}, and gives one to those without. */
final class Documents {
  /** PostgreSQL's index takes keys of 2,704 bytes; this many characters always fit. */
  static final int MAX_ID_CHARS = 600;

  private static final int ID_BYTES = 16;

  private final RandomGenerator random;

  Documents(RandomGenerator random) {
    this.random = random;
  }

  /**
   * The document that an object is.
   *
   * @param object without blanks; an {@code _id} is appended to it when it has none
   * @param id where its {@code _id} stands
   */
  Document document(long line, long column, ByteText object, Span id) throws Broken {
    if (id.equals(Span.NONE)) {
      byte[] bytes = new byte[ID_BYTES];
      random.nextBytes(bytes);
      String made = HexFormat.of().formatHex(bytes);
      boolean empty = object.length() == 2;
      object.cut(object.length() - 1);
      object.put((empty ? "" : ",") + "\"_id\":\"" + made + "\"}");
      return new Document(line, column, made, object.copy(), true);
    }
    return new Document(line, column, column(object, id), object.copy(), false);
  }

  private static String column(ByteText object, Span id) throws Broken {
    byte first = object.bytes()[id.from()];
    if (first == 'n' || first == '[') {
      throw new Broken(ProblemKind.BAD_ID, id.at(), "_id is " + object.text(id.from(), id.to()));
    }
    String column =
        first == '"'
            ? JsonScanner.decoded(object, id.from(), id.to())
            : object.text(id.from(), id.to());
    if (column.isEmpty()) {
      throw new Broken(ProblemKind.BAD_ID, id.at(), "_id is empty");
    }
    if (column.length() > MAX_ID_CHARS) {
      throw new Broken(
          ProblemKind.ID_TOO_LONG, id.at(), "_id has %,d characters".formatted(column.length()));
    }
    return column;
  }
}
