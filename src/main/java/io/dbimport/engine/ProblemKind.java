package io.dbimport.engine;

import java.util.Locale;

/**
 * What can be wrong with a file, and what to do about each. The one list that the import, {@code
 * submit} and {@code check} speak from.
 */
public enum ProblemKind {
  /** The import page's rule 1. */
  NOT_UTF_8("save the file as UTF-8"),
  NOT_TEXT("export it as JSON or CSV, and unpack it"),

  // The import page's rule 2, and JSON itself.
  ARRAY("write one object a line, without [ ] around them and without commas between them"),
  COMMA_BETWEEN_RECORDS("separate records by line breaks alone"),
  NOT_AN_OBJECT("write each record as a JSON object: { … }"),
  UNCLOSED_RECORD("close every { and [, and begin each record on a line of its own"),
  UNCLOSED_STRING("close the quote; inside a text write \\n for a line break, \\\" for a quote"),
  TRAILING_COMMA("remove the comma"),
  MISSING_COMMA("put a comma between the two"),
  MISSING_COLON("write \"key\": value"),
  MISSING_VALUE("write a value; null for none"),
  BARE_KEY("put the key in double quotes"),
  SINGLE_QUOTES("write double quotes: \"…\""),
  NOT_ASCII_SIGN("outside texts write the ASCII sign: \" , : [ ] { } or a space"),
  COMMENT("remove it; JSON has no comments"),
  NOT_FINITE("write null, or {\"$numberDouble\": \"NaN\"}"),
  SHELL_TYPE("write {\"$oid\": \"…\"}, {\"$date\": \"…Z\"} or {\"$numberLong\": \"…\"}"),
  NOT_A_VALUE("write true, false, null, a number, or a text in double quotes"),
  BAD_NUMBER("write digits, no zero or plus in front, and digits on both sides of a point"),
  NUMBER_TOO_LONG("write at most 1,000 digits and an exponent of at most 10,000, or a text"),
  BAD_ESCAPE("after a backslash write one of \" \\ / b f n r t, or u and four hex digits"),
  CONTROL_CHARACTER("write it as an escape, such as \\t or \\u0001"),
  NUL("remove it; PostgreSQL cannot store the character NUL"),
  LONE_SURROGATE("write both halves, or the character itself"),
  UNEXPECTED("remove it, or close what it stands in"),
  TOO_DEEP("nest at most 500 levels"),
  TOO_LONG("split the record: 16 MB at most"),

  // The import page's rules 3 and 4.
  KEY_DOTS("a key must not begin or end with a dot, nor hold two in a row"),
  KEY_DOLLAR("rename the key: $ begins the names of MongoDB's extended JSON alone"),
  REPEATED_KEY("keep one of them"),
  AMBIGUOUS_KEY("name each place once: either nested or with dots"),

  // The import page's rule 5, and extended JSON.
  BAD_DATE("write \"2018-08-31T17:30:00.882Z\", an offset such as +08:00, or milliseconds"),
  BAD_OID("write 24 hexadecimal digits, alone in their object"),
  BAD_EXTENDED_JSON("write it as MongoDB's extended JSON has it, or rename the key"),

  // The import page's rule 6, and what the column _id takes.
  BAD_ID("write a text that is not empty, a number or an object, or leave _id out"),
  ID_TOO_LONG("shorten it to 600 characters"),
  ID_TAKEN("give it another _id, or import by upsert to replace the document"),

  // RFC 4180, and the import page's rule 7.
  LOOKS_LIKE_JSON("import it as JSON"),
  EMPTY_HEADER("name the column, or delete it"),
  EXTRA_CELLS("delete the cells, name their columns, or quote a cell that holds a comma"),
  UNCLOSED_QUOTE("close the quote; inside a quoted cell write \"\" for a quote"),
  TEXT_AFTER_QUOTE("end the cell after its quote; inside it write \"\" for a quote");

  private final String advice;

  ProblemKind(String advice) {
    this.advice = advice;
  }

  /** Its name for programs, such as {@code trailing-comma}. */
  public String tag() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** What to change, as part of a sentence. */
  public String advice() {
    return advice;
  }
}
