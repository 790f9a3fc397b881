package io.dbimport.engine;

import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The rules that a document keeps: those of the import page (keys, repeated and ambiguous names,
 * {@code $date}) and what PostgreSQL's jsonb can hold. Dates are brought to one form. Stateless.
 */
final class DocumentRules {
  /** PostgreSQL's index takes keys of 2,704 bytes; this many characters always fit. */
  static final int MAX_ID_CHARS = 600;

  /** Beyond this PostgreSQL's numeric overflows. */
  private static final int MAX_EXPONENT = 10_000;

  private static final int MAX_NUMBER_DIGITS = 1_000;
  private static final Pattern OID = Pattern.compile("[0-9a-fA-F]{24}");
  private static final DateTimeFormatter DATE =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

  /** The names that may begin with a dollar sign: MongoDB's extended JSON. */
  private static final Set<String> EXTENDED =
      Set.of(
          "$date",
          "$oid",
          "$numberLong",
          "$numberInt",
          "$numberDouble",
          "$numberDecimal",
          "$binary",
          "$type",
          "$timestamp",
          "$regex",
          "$options",
          "$regularExpression",
          "$code",
          "$scope",
          "$symbol",
          "$undefined",
          "$minKey",
          "$maxKey",
          "$uuid");

  /** A rule is broken. */
  static final class Broken extends Exception {
    private static final long serialVersionUID = 1L;

    Broken(String rule) {
      super(rule);
    }

    String rule() {
      return String.valueOf(getMessage());
    }
  }

  /** Checks the document, and brings its dates to {@code {"$date":"…Z"}} in place. */
  void check(ObjectNode document) throws Broken {
    for (String name : document.propertyNames()) {
      if (name.startsWith("$")) {
        throw new Broken("a document's key must not begin with $: " + name);
      }
    }
    checkObject(document, "");
  }

  private void checkObject(ObjectNode object, String path) throws Broken {
    Set<String> dotted = new HashSet<>();
    for (Map.Entry<String, JsonNode> property : object.properties()) {
      String name = property.getKey();
      checkName(name, path);
      if (name.indexOf('.') >= 0) {
        dotted.add(name);
      }
      checkValue(property.getValue(), path.isEmpty() ? name : path + "." + name);
    }
    for (String name : dotted) {
      checkUnambiguous(object, name, path);
    }
    if (object.has("$date")) {
      date(object, path);
    } else if (object.has("$oid")) {
      oid(object, path);
    }
  }

  private void checkValue(JsonNode value, String path) throws Broken {
    switch (value.getNodeType()) {
      case OBJECT -> checkObject((ObjectNode) value, path);
      case ARRAY -> {
        for (JsonNode element : value) {
          checkValue(element, path);
        }
      }
      case STRING -> checkText(value.stringValue(), path);
      case NUMBER -> checkNumber(value, path);
      case BOOLEAN, NULL, MISSING, BINARY, POJO -> {}
    }
  }

  private static void checkName(String name, String path) throws Broken {
    String at = path.isEmpty() ? "" : " in " + path;
    if (name.startsWith(".") || name.endsWith(".") || name.contains("..")) {
      throw new Broken(
          "a key must not begin or end with a dot, nor hold two in a row: \"" + name + "\"" + at);
    }
    if (name.startsWith("$") && !EXTENDED.contains(name)) {
      throw new Broken("a key must not begin with $: \"" + name + "\"" + at);
    }
    checkText(name, "a key" + at);
  }

  private static void checkText(String text, String path) throws Broken {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == 0) {
        throw new Broken(path + " holds the character NUL, which PostgreSQL cannot store");
      }
      if (Character.isSurrogate(c)) {
        boolean pair =
            Character.isHighSurrogate(c)
                && i + 1 < text.length()
                && Character.isLowSurrogate(text.charAt(i + 1));
        if (!pair) {
          throw new Broken(path + " holds half of a surrogate pair, which is no character");
        }
        i++;
      }
    }
  }

  private static void checkNumber(JsonNode number, String path) throws Broken {
    if (number.isBigDecimal() || number.isBigInteger()) {
      BigDecimal value = number.decimalValue();
      if (value.precision() > MAX_NUMBER_DIGITS || Math.abs(value.scale()) > MAX_EXPONENT) {
        throw new Broken(path + " is a number beyond what PostgreSQL stores");
      }
    }
  }

  /** {@code {"a":{"b":1},"a.b":2}}: the same place named twice. */
  private static void checkUnambiguous(ObjectNode object, String name, String path) throws Broken {
    JsonNode place = object;
    int from = 0;
    for (int dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', from)) {
      place = place.path(name.substring(from, dot));
      from = dot + 1;
      if (place.isMissingNode()) {
        return;
      }
      if (!place.isObject()) {
        break;
      }
    }
    if (!place.isObject() || place.has(name.substring(from))) {
      throw new Broken("\"" + name + "\" names a place that is named otherwise too" + at(path));
    }
  }

  private static String at(String path) {
    return path.isEmpty() ? "" : " in " + path;
  }

  private static void date(ObjectNode object, String path) throws Broken {
    JsonNode date = object.path("$date");
    JsonNode millis = date.isObject() ? date.path("$numberLong") : date;
    Instant instant;
    try {
      if (date.isString()) {
        instant = OffsetDateTime.parse(date.stringValue()).toInstant();
      } else if (millis.isString()) {
        instant = Instant.ofEpochMilli(Long.parseLong(millis.stringValue()));
      } else if (millis.isIntegralNumber() && millis.canConvertToLong()) {
        instant = Instant.ofEpochMilli(millis.longValue());
      } else {
        throw notADate(path);
      }
      object.put("$date", DATE.format(instant));
    } catch (DateTimeException | NumberFormatException unreadable) {
      throw notADate(path);
    }
    if (object.size() != 1) {
      throw new Broken(path + " has other keys beside $date");
    }
  }

  private static Broken notADate(String path) {
    return new Broken(
        path + ": $date must be a time such as \"2018-08-31T17:30:00.882Z\", or milliseconds");
  }

  private static void oid(ObjectNode object, String path) throws Broken {
    JsonNode oid = object.path("$oid");
    if (!oid.isString() || !OID.matcher(oid.stringValue()).matches() || object.size() != 1) {
      throw new Broken(path + ": $oid must be 24 hexadecimal digits, and alone in its object");
    }
  }
}
