package io.dbimport.event;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;

/**
 * The fields of a request event, read from JSON and not yet judged. Everything that is no field of
 * a request is passed over and kept nowhere. Immutable.
 */
sealed interface RequestFields {

  /** The fields that a request has, in the contract's order. */
  enum Field {
    ENV,
    COLLECTION_NAME,
    FILE_PATH,
    FILE_TYPE,
    STOP_ON_ERROR,
    CONFLICT_MODE,
    REQUEST_ID,
    APP_ID,
    DEADLINE,
    RERUN_SAFE;

    private static final Map<String, Field> BY_NAME = new LinkedHashMap<>();

    static {
      Arrays.stream(values()).forEach(field -> BY_NAME.put(field.wireName(), field));
    }

    String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }

    static Optional<Field> of(String wireName) {
      return Optional.ofNullable(BY_NAME.get(wireName));
    }
  }

  /** It is no JSON object. */
  record Unreadable(String why) implements RequestFields {}

  /**
   * The fields that are there: a String, Long or Boolean each, or a {@link Strange} value. Null
   * values count as absent.
   */
  record Read(Map<Field, Object> values) implements RequestFields {

    boolean has(Field field) {
      return values.containsKey(field);
    }

    @Nullable Object get(Field field) {
      return values.get(field);
    }

    ReadableFields readable() {
      Map<String, Object> readable = new LinkedHashMap<>();
      values.forEach((field, value) -> {
        if (field != Field.REQUEST_ID && !(value instanceof Strange)) {
          readable.put(field.wireName(), value);
        }
      });
      return new ReadableFields(readable);
    }
  }

  /** A value of a kind that no field takes; only its kind is remembered. */
  enum Strange {
    OBJECT,
    ARRAY,
    FRACTION,
    HUGE_NUMBER
  }

  /** Strict about repeated keys: which of two values was meant, nobody can say. */
  JsonFactory JSON =
      JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  /** Reads the bytes as one JSON object in UTF-8. */
  static RequestFields read(byte[] value) {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(value)).toString();
    } catch (CharacterCodingException notUtf8) {
      return new Unreadable("the value is not UTF-8");
    }
    if (text.startsWith("\uFEFF")) {
      return new Unreadable("the value begins with a byte order mark");
    }
    try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), text)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        return new Unreadable("the value is not a JSON object");
      }
      Map<Field, Object> values = new EnumMap<>(Field.class);
      while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
        Field field = Field.of(parser.currentName()).orElse(null);
        JsonToken token = parser.nextToken();
        if (field != null && token != JsonToken.VALUE_NULL) {
          values.put(field, valueOf(parser, token));
        }
        parser.skipChildren();
      }
      if (parser.nextToken() != null) {
        return new Unreadable("something follows the JSON object" + at(parser.currentLocation()));
      }
      return new Read(values);
    } catch (JacksonException notJson) {
      // Jackson's own text quotes the event, which may hold a secret; the place is enough.
      return new Unreadable("the value is not one JSON object" + at(notJson.getLocation()));
    }
  }

  private static Object valueOf(JsonParser parser, JsonToken token) {
    return switch (token) {
      case VALUE_STRING -> parser.getString();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NUMBER_INT -> wholeNumber(parser);
      case VALUE_NUMBER_FLOAT -> Strange.FRACTION;
      case START_ARRAY -> Strange.ARRAY;
      case START_OBJECT,
          END_OBJECT,
          END_ARRAY,
          PROPERTY_NAME,
          VALUE_NULL,
          VALUE_EMBEDDED_OBJECT,
          NOT_AVAILABLE ->
          Strange.OBJECT;
    };
  }

  private static Object wholeNumber(JsonParser parser) {
    return switch (parser.getNumberType()) {
      case INT, LONG -> parser.getLongValue();
      case BIG_INTEGER, FLOAT, DOUBLE, BIG_DECIMAL -> Strange.HUGE_NUMBER;
    };
  }

  private static String at(@Nullable TokenStreamLocation location) {
    return location == null || location.getLineNr() < 1
        ? ""
        : " (line " + location.getLineNr() + ", column " + location.getColumnNr() + ")";
  }

  /** What kind of value it is, for people; of a whole number the number itself. */
  static String typeOf(@Nullable Object value) {
    return switch (value) {
      case null -> "nothing";
      case String _ -> "a string";
      case Boolean bool -> bool.toString();
      case Long number -> number.toString();
      case Strange.OBJECT -> "an object";
      case Strange.ARRAY -> "an array";
      case Strange.FRACTION -> "a number with a fraction or an exponent";
      case Strange.HUGE_NUMBER -> "a number beyond 64 bits";
      default -> throw new IllegalStateException("no field holds a " + value.getClass());
    };
  }

  /** No control character (NUL included) and no half of a surrogate pair. */
  static boolean isCleanText(String text) {
    return text.chars().noneMatch(Character::isISOControl)
        && StandardCharsets.UTF_8.newEncoder().canEncode(CharBuffer.wrap(text));
  }

  static int utf8Length(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }
}
