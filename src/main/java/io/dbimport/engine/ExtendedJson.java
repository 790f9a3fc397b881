package io.dbimport.engine;

import static io.dbimport.engine.ProblemKind.BAD_DATE;
import static io.dbimport.engine.ProblemKind.BAD_EXTENDED_JSON;
import static io.dbimport.engine.ProblemKind.BAD_OID;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.format.ResolverStyle;
import java.time.temporal.ChronoField;
import java.util.Base64;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * MongoDB's extended JSON: objects whose names begin with {@code $} and that stand for values. Each
 * is checked and brought to its relaxed form (version 2): what JSON has a type for becomes that
 * type, the older forms of mongoexport become the present ones. Stateless.
 */
final class ExtendedJson {
  static final Set<String> NAMES =
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
          "$regularExpression",
          "$regex",
          "$options",
          "$code",
          "$scope",
          "$symbol",
          "$undefined",
          "$minKey",
          "$maxKey",
          "$uuid",
          "$ref",
          "$id",
          "$db");

  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final Pattern OID = Pattern.compile("[0-9a-fA-F]{24}");
  private static final Pattern WHOLE = Pattern.compile("-?\\d{1,19}");
  private static final Pattern NUMBER =
      Pattern.compile("-?(0|[1-9]\\d*)(\\.\\d+)?([eE][+-]?\\d{1,4})?");
  private static final Set<String> NOT_FINITE = Set.of("NaN", "Infinity", "-Infinity");
  private static final Pattern SUBTYPE = Pattern.compile("[0-9a-fA-F]{1,2}");
  private static final int DECIMAL_DIGITS = 34;
  private static final long MAX_UNSIGNED = 0xFFFF_FFFFL;

  /** As mongoexport has written it since its first versions: {@code +0800} too. */
  private static final DateTimeFormatter READ =
      new DateTimeFormatterBuilder()
          .appendPattern("uuuu-MM-dd'T'HH:mm[:ss]")
          .appendOptional(
              new DateTimeFormatterBuilder()
                  .appendFraction(ChronoField.NANO_OF_SECOND, 1, 9, true)
                  .toFormatter(Locale.ROOT))
          .appendPattern("[XXX][XX][X]")
          .toFormatter(Locale.ROOT)
          .withResolverStyle(ResolverStyle.STRICT);

  private static final DateTimeFormatter WRITTEN =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  /** A zero stands for any digit. */
  private static final String NORMAL_DATE = "{\"$date\":\"0000-00-00T00:00:00.000Z\"}";

  private static final Instant FIRST = Instant.parse("0001-01-01T00:00:00Z");
  private static final Instant BEYOND = Instant.parse("+10000-01-01T00:00:00Z");

  private ExtendedJson() {}

  /**
   * Rewrites the object that the output ends with.
   *
   * @param from its first byte
   * @param at where it stands in the input
   */
  static void normalise(ByteText out, int from, int at) throws Broken {
    if (isNormalOid(out, from) || isNormalDate(out, from)) {
      return;
    }
    String text = out.text(from, out.length());
    ObjectNode object = (ObjectNode) JsonRecords.JSON.readTree(text);
    try {
      JsonNode normal = normal(object);
      out.cut(from);
      out.put(JsonRecords.JSON.writeValueAsString(normal));
    } catch (Wrong wrong) {
      throw new Broken(wrong.kind, at, wrong.what + (text.length() < 100 ? ": " + text : ""));
    }
  }

  /** The commonest of all as it is always exported: {@code {"$oid":"…"}}, 24 small digits. */
  private static boolean isNormalOid(ByteText out, int from) {
    byte[] bytes = out.bytes();
    if (out.length() - from != 35 || bytes[from + 2] != '$' || bytes[from + 3] != 'o') {
      return false;
    }
    for (int i = from + 9; i < from + 33; i++) {
      byte b = bytes[i];
      if (!((b >= '0' && b <= '9') || (b >= 'a' && b <= 'f'))) {
        return false;
      }
    }
    return true;
  }

  /**
   * A date as it is always exported, {@code {"$date":"2024-01-31T23:59:59.999Z"}}, of a year from 1
   * on and of a day that each month has.
   */
  private static boolean isNormalDate(ByteText out, int from) {
    if (out.length() - from != NORMAL_DATE.length()) {
      return false;
    }
    byte[] bytes = out.bytes();
    for (int i = 0; i < NORMAL_DATE.length(); i++) {
      byte b = bytes[from + i];
      char there = NORMAL_DATE.charAt(i);
      if (there == '0' ? b < '0' || b > '9' : b != there) {
        return false;
      }
    }
    int month = twoDigits(bytes, from + 15);
    int day = twoDigits(bytes, from + 18);
    return twoDigits(bytes, from + 10) + twoDigits(bytes, from + 12) > 0
        && month >= 1
        && month <= 12
        && day >= 1
        && day <= 28
        && twoDigits(bytes, from + 21) <= 23
        && twoDigits(bytes, from + 24) <= 59
        && twoDigits(bytes, from + 27) <= 59;
  }

  private static int twoDigits(byte[] bytes, int at) {
    return 10 * (bytes[at] - '0') + bytes[at + 1] - '0';
  }

  private static JsonNode normal(ObjectNode object) throws Wrong {
    if (object.has("$date")) {
      return date(only(object, "$date", BAD_DATE));
    }
    if (object.has("$oid")) {
      JsonNode oid = only(object, "$oid", BAD_OID);
      if (!oid.isString() || !OID.matcher(oid.stringValue()).matches()) {
        throw new Wrong(BAD_OID, "$oid that is none");
      }
      return NODES.objectNode().put("$oid", oid.stringValue().toLowerCase(Locale.ROOT));
    }
    if (object.has("$ref")) {
      require(object.path("$ref").isString() && object.has("$id"), "$ref takes a text, and $id");
      return object;
    }
    String name = object.propertyNames().iterator().next();
    return switch (name) {
      case "$numberLong" -> whole(only(object, name), Long.MIN_VALUE, Long.MAX_VALUE);
      case "$numberInt" -> whole(only(object, name), Integer.MIN_VALUE, Integer.MAX_VALUE);
      case "$numberDouble" -> floating(object, only(object, name));
      case "$numberDecimal" -> decimal(object, only(object, name));
      case "$binary", "$type" -> binary(object);
      case "$uuid" -> uuid(only(object, name));
      case "$timestamp" -> timestamp(object, only(object, name));
      case "$regularExpression" -> expression(only(object, name));
      case "$regex", "$options" -> olderExpression(object);
      case "$code", "$scope" -> code(object);
      case "$symbol" -> textual(object, only(object, name));
      case "$undefined" -> marker(object, only(object, name).equals(NODES.booleanNode(true)));
      case "$minKey", "$maxKey" -> marker(object, only(object, name).equals(NODES.numberNode(1)));
      default -> throw new Wrong(BAD_EXTENDED_JSON, name + " where it has no meaning");
    };
  }

  private static JsonNode date(JsonNode date) throws Wrong {
    try {
      // {"$date":{"$numberLong":"…"}} has become a number by now.
      Instant instant =
          date.isString()
              ? OffsetDateTime.parse(date.stringValue(), READ).toInstant()
              : Instant.ofEpochMilli(millis(date));
      return instant.isBefore(FIRST) || !instant.isBefore(BEYOND)
          ? NODES
              .objectNode()
              .set(
                  "$date",
                  NODES.objectNode().put("$numberLong", Long.toString(instant.toEpochMilli())))
          : NODES.objectNode().put("$date", WRITTEN.format(instant));
    } catch (DateTimeException unreadable) {
      throw new Wrong(BAD_DATE, "$date that is no time");
    }
  }

  private static long millis(JsonNode date) throws Wrong {
    if (!date.isIntegralNumber() || !date.canConvertToLong()) {
      throw new Wrong(BAD_DATE, "$date that is no time");
    }
    return date.longValue();
  }

  private static JsonNode whole(JsonNode number, long least, long most) throws Wrong {
    require(number.isString() && WHOLE.matcher(number.stringValue()).matches(), "no whole number");
    BigDecimal value = new BigDecimal(number.stringValue());
    boolean fits =
        value.compareTo(BigDecimal.valueOf(least)) >= 0
            && value.compareTo(BigDecimal.valueOf(most)) <= 0;
    require(fits, "a whole number from %d to %d".formatted(least, most));
    return NODES.numberNode(value.longValueExact());
  }

  private static JsonNode floating(ObjectNode object, JsonNode number) throws Wrong {
    String text = number.asString("");
    if (NOT_FINITE.contains(text)) {
      return object;
    }
    require(
        number.isString()
            && NUMBER.matcher(text).matches()
            && Double.isFinite(Double.parseDouble(text)),
        "no floating-point number");
    return NODES.numberNode(new BigDecimal(text));
  }

  private static JsonNode decimal(ObjectNode object, JsonNode number) throws Wrong {
    String text = number.asString("");
    boolean good =
        number.isString()
            && (NOT_FINITE.contains(text)
                || (NUMBER.matcher(text).matches()
                    && new BigDecimal(text).precision() <= DECIMAL_DIGITS));
    require(good, "no decimal number of at most 34 digits");
    return object;
  }

  private static JsonNode binary(ObjectNode object) throws Wrong {
    // Older: {"$binary":"…","$type":"00"}.
    JsonNode inner = object.path("$binary");
    boolean older = inner.isString();
    JsonNode base64 = older ? inner : inner.path("base64");
    JsonNode subType = older ? object.path("$type") : inner.path("subType");
    boolean sizes = older ? object.size() == 2 : object.size() == 1 && inner.size() == 2;
    require(
        sizes
            && base64.isString()
            && subType.isString()
            && SUBTYPE.matcher(subType.stringValue()).matches(),
        "$binary takes base64 and subType");
    try {
      return binary(
          Base64.getDecoder().decode(base64.stringValue()),
          Integer.parseInt(subType.stringValue(), 16));
    } catch (IllegalArgumentException notBase64) {
      throw new Wrong(BAD_EXTENDED_JSON, "$binary that is not base64");
    }
  }

  private static ObjectNode binary(byte[] bytes, int subType) {
    ObjectNode inner = NODES.objectNode();
    inner.put("base64", Base64.getEncoder().encodeToString(bytes));
    inner.put("subType", "%02x".formatted(subType));
    return wrapped("$binary", inner);
  }

  private static JsonNode uuid(JsonNode uuid) throws Wrong {
    String text = uuid.asString("");
    require(text.matches("(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "$uuid that is none");
    UUID value = UUID.fromString(text);
    ByteBuffer bytes = ByteBuffer.allocate(16);
    bytes.putLong(value.getMostSignificantBits()).putLong(value.getLeastSignificantBits());
    return binary(bytes.array(), 4);
  }

  private static JsonNode timestamp(ObjectNode object, JsonNode inner) throws Wrong {
    require(
        inner.size() == 2 && isUnsigned(inner.path("t")) && isUnsigned(inner.path("i")),
        "$timestamp takes t and i");
    return object;
  }

  private static boolean isUnsigned(JsonNode number) {
    return number.isIntegralNumber()
        && number.canConvertToLong()
        && number.longValue() >= 0
        && number.longValue() <= MAX_UNSIGNED;
  }

  private static JsonNode expression(JsonNode inner) throws Wrong {
    require(
        inner.size() == 2 && inner.path("pattern").isString() && inner.path("options").isString(),
        "$regularExpression takes pattern and options");
    return wrapped("$regularExpression", (ObjectNode) inner);
  }

  private static JsonNode olderExpression(ObjectNode object) throws Wrong {
    ObjectNode inner = NODES.objectNode();
    inner.set("pattern", object.path("$regex"));
    inner.set("options", object.has("$options") ? object.path("$options") : NODES.stringNode(""));
    require(object.size() == (object.has("$options") ? 2 : 1), "$regex has other keys beside it");
    return expression(inner);
  }

  private static JsonNode code(ObjectNode object) throws Wrong {
    boolean scoped = object.has("$scope");
    require(
        object.path("$code").isString()
            && object.size() == (scoped ? 2 : 1)
            && (!scoped || object.path("$scope").isObject()),
        "$code takes a text, and $scope an object");
    return object;
  }

  private static JsonNode textual(ObjectNode object, JsonNode value) throws Wrong {
    require(value.isString(), "$symbol takes a text");
    return object;
  }

  private static JsonNode marker(ObjectNode object, boolean good) throws Wrong {
    require(good, "$undefined takes true, $minKey and $maxKey take 1");
    return object;
  }

  private static ObjectNode wrapped(String name, ObjectNode inner) {
    ObjectNode outer = NODES.objectNode();
    outer.set(name, inner);
    return outer;
  }

  private static JsonNode only(ObjectNode object, String name) throws Wrong {
    return only(object, name, BAD_EXTENDED_JSON);
  }

  private static JsonNode only(ObjectNode object, String name, ProblemKind kind) throws Wrong {
    if (object.size() != 1) {
      throw new Wrong(kind, name + " has other keys beside it");
    }
    return object.path(name);
  }

  private static void require(boolean good, String what) throws Wrong {
    if (!good) {
      throw new Wrong(BAD_EXTENDED_JSON, what);
    }
  }

  /** What is wrong, before it is known where. */
  private static final class Wrong extends Exception {
    private static final long serialVersionUID = 1L;
    private final ProblemKind kind;
    private final String what;

    Wrong(ProblemKind kind, String what) {
      super(what, null, false, false);
      this.kind = kind;
      this.what = what;
    }
  }
}
