package io.dbimport.event;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.dbimport.ErrorClass;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class SchemaTest {
  private static final SchemaRegistry REGISTRY =
      SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
  private static final JsonMapper MAPPER = new JsonMapper();

  /**
   * A schema counts characters and knows neither bytes nor halves of pairs nor how 1 is written.
   */
  private static final Set<String> BEYOND_A_SCHEMA =
      Set.of(
          "file-type-with-fraction",
          "file-type-with-exponent",
          "conflict-mode-with-exponent",
          "env-of-64-bytes-in-22-characters",
          "env-of-64-bytes-with-four-byte-characters",
          "env-with-half-a-surrogate-pair",
          "collection-name-of-64-bytes-in-22-characters",
          "deadline-beyond-the-year-9999-in-utc",
          "deadline-before-the-year-0-in-utc",
          "ce-headers-too-long",
          "ce-headers-with-control-character");

  @ParameterizedTest
  @ValueSource(strings = {"request", "accepted", "error", "finished", "dead-letter-headers"})
  void everySchemaIsOneItself(String name) {
    Schema dialect =
        REGISTRY.getSchema(SchemaLocation.of(SpecificationVersion.DRAFT_2020_12.getDialectId()));
    assertThat(dialect.validate(read(name))).isEmpty();
    assertThat(read(name).get("$schema").stringValue())
        .isEqualTo(SpecificationVersion.DRAFT_2020_12.getDialectId());
  }

  @ParameterizedTest
  @CsvSource({
    "REQUESTS, request",
    "ACCEPTED, accepted",
    "ERRORS, error",
    "FINISHED, finished",
    "DEAD_LETTERS, dead-letter-headers"
  })
  void whatIsSentIsWhatItsSchemaSaysNoFieldMoreAndNoneThatIsNeverSent(
      Message.Kind kind, String name) {
    JsonNode document = read(name);
    Schema schema = REGISTRY.getSchema(document);
    boolean letters = kind == Message.Kind.DEAD_LETTERS;
    Set<String> sent = new HashSet<>();
    List<Message> messages = Produced.of(kind);
    assertThat(messages).hasSizeGreaterThan(30);
    for (Message message : messages) {
      JsonNode instance = letters ? ownHeaders(message) : Produced.json(message);
      assertThat(problems(schema, instance)).as(instance.toString()).isEmpty();
      sent.addAll(instance.propertyNames());
    }
    Set<String> described = new HashSet<>(document.get("properties").propertyNames());
    if (letters) {
      // Only a sender that met the broker's limit can know that a letter must be shortened.
      assertThat(described.remove("dlq.shortened")).isTrue();
    }
    assertThat(sent).isEqualTo(described);
  }

  @ParameterizedTest
  @ValueSource(strings = {"accepted", "error", "finished", "dead-letter-headers"})
  void everyRequiredPropertyIsMissedWhenItIsLeftOut(String name) {
    JsonNode document = read(name);
    Schema schema = REGISTRY.getSchema(document);
    assertThat(document.get("required")).hasSizeGreaterThan(5);
    for (JsonNode required : document.get("required")) {
      ObjectNode instance = sample(name);
      assertThat(instance.remove(required.stringValue())).isNotNull();
      assertThat(problems(schema, instance)).as(required.stringValue()).isNotEmpty();
    }
  }

  @Test
  void theSchemaOfRequestsHasTheDecodersFieldsInItsOrder() {
    assertThat(Produced.names(read("request").get("properties")))
        .isEqualTo(
            Arrays.stream(RequestFields.Field.values())
                .map(RequestFields.Field::wireName)
                .toList());
  }

  @Test
  void theSchemasNameEveryErrorClass() {
    List<String> classes = Arrays.stream(ErrorClass.values()).map(ErrorClass::tag).toList();
    assertThat(texts(read("error").at("/properties/error_class/enum"))).isEqualTo(classes);
    assertThat(texts(read("dead-letter-headers").get("properties").get("dlq.class").get("enum")))
        .isEqualTo(classes);
  }

  static List<RequestCase> jsonObjects() {
    return RequestCase.all().stream().filter(SchemaTest::isJsonObject).toList();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("jsonObjects")
  void theSchemaOfRequestsAndTheDecoderAgree(RequestCase given) {
    Schema schema = REGISTRY.getSchema(read("request"));
    List<String> problems = problems(schema, MAPPER.readTree(given.text()));
    boolean expected = given.valid() || BEYOND_A_SCHEMA.contains(given.id());
    assertThat(problems.isEmpty()).as("%s", problems).isEqualTo(expected);
  }

  @Test
  void theCasesThatASchemaCannotTellAreRefusedCases() {
    assertThat(jsonObjects()).hasSizeGreaterThan(100);
    assertThat(jsonObjects().stream().filter(c -> !c.valid()).map(RequestCase::id))
        .containsAll(BEYOND_A_SCHEMA);
  }

  private static boolean isJsonObject(RequestCase given) {
    if (!given.valid() && given.expect().get("error_class").stringValue().equals("malformed")) {
      return false;
    }
    try {
      return MAPPER.readTree(given.text()).isObject();
    } catch (JacksonException notJson) {
      return false;
    }
  }

  /** Of the headers only ours: those of the request are its own affair. */
  private static JsonNode ownHeaders(Message message) {
    ObjectNode own = MAPPER.createObjectNode();
    message.headers().stream()
        .filter(h -> h.name().startsWith("__dlq.") || h.name().startsWith("dlq."))
        .forEach(h -> own.put(h.name(), h.text()));
    return own;
  }

  private static ObjectNode sample(String name) {
    Message.Kind kind =
        switch (name) {
          case "accepted" -> Message.Kind.ACCEPTED;
          case "error" -> Message.Kind.ERRORS;
          case "finished" -> Message.Kind.FINISHED;
          case "dead-letter-headers" -> Message.Kind.DEAD_LETTERS;
          default -> throw new IllegalArgumentException(name);
        };
    Message message = Produced.of(kind).getFirst();
    return (kind == Message.Kind.DEAD_LETTERS ? ownHeaders(message) : Produced.json(message))
        .asObject();
  }

  private static List<String> problems(Schema schema, JsonNode instance) {
    return schema
        .validate(
            instance,
            context -> context.executionConfig(config -> config.formatAssertionsEnabled(true)))
        .stream()
        .map(Error::toString)
        .toList();
  }

  private static List<String> texts(JsonNode array) {
    return array.valueStream().map(JsonNode::stringValue).toList();
  }

  static JsonNode read(String name) {
    String path = "/schema/" + name + ".json";
    try (InputStream in = SchemaTest.class.getResourceAsStream(path)) {
      return MAPPER.readTree(Objects.requireNonNull(in, path));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
