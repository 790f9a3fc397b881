package io.dbimport.event;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import com.networknt.schema.serialization.NodeReader;
import io.dbimport.ErrorClass;
import io.dbimport.Outcome.Failed;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

class AsyncApiTest {
  private static final SchemaRegistry REGISTRY =
      SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
  private static final JsonNode DOCUMENT = document();

  /** The message that goes through a topic, by the name that the document gives it. */
  private static final Map<Message.Kind, String> MESSAGES =
      Map.of(
          Message.Kind.REQUESTS, "request",
          Message.Kind.ACCEPTED, "accepted",
          Message.Kind.ERRORS, "error",
          Message.Kind.FINISHED, "finished",
          Message.Kind.DEAD_LETTERS, "deadLetter",
          Message.Kind.LEDGER, "ledgerRecord",
          Message.Kind.OUTCOMES, "reply");

  @Test
  void everyTopicIsAChannelAndEveryChannelATopic() {
    List<String> topics =
        Arrays.stream(Message.Kind.values()).map(kind -> kind.topic("{prefix}")).toList();
    List<String> addresses =
        DOCUMENT.get("channels").valueStream().map(c -> c.get("address").stringValue()).toList();
    assertThat(addresses).containsExactlyInAnyOrderElementsOf(topics);
    assertThat(DOCUMENT.get("channels"))
        .allSatisfy(channel ->
            assertThat(channel.at("/parameters/prefix/$ref").stringValue())
                .isEqualTo("#/components/parameters/prefix"));
    assertThat(DOCUMENT.at("/components/parameters/prefix/default").stringValue())
        .isEqualTo("dbimport");
  }

  @ParameterizedTest
  @EnumSource
  void everyTopicHasItsMessageAndNoOther(Message.Kind kind) {
    JsonNode messages = channel(kind).get("messages");
    String name = Objects.requireNonNull(MESSAGES.get(kind));
    assertThat(messages.propertyNames()).containsExactly(name);
    assertThat(messages.get(name).get("$ref").stringValue())
        .isEqualTo("#/components/messages/" + name);
    assertThat(DOCUMENT.at("/components/messages").propertyNames()).contains(name);
  }

  @Test
  void noMessageIsDescribedThatNoTopicCarries() {
    assertThat(DOCUMENT.at("/components/messages").propertyNames())
        .containsExactlyInAnyOrderElementsOf(MESSAGES.values());
  }

  @Test
  void everyReferenceLeadsSomewhere() {
    List<String> references = new ArrayList<>();
    collect(DOCUMENT, references);
    assertThat(references)
        .hasSizeGreaterThan(20)
        .allSatisfy(r -> assertThat(target(r)).isNotNull());
  }

  @Test
  void everyChannelIsUsedByTheWorker() {
    Set<String> used = new HashSet<>();
    for (JsonNode operation : DOCUMENT.get("operations")) {
      assertThat(operation.get("action").stringValue()).isIn("send", "receive");
      used.add(operation.at("/channel/$ref").stringValue());
    }
    assertThat(used).hasSameSizeAs(Message.Kind.values());
  }

  @ParameterizedTest
  @EnumSource(names = {"REQUESTS", "ACCEPTED", "ERRORS", "FINISHED"})
  void theHeadersThatAreSentAreThoseOfTheDocument(Message.Kind kind) {
    JsonNode described = inlined(message(kind).get("headers"));
    Set<String> sent = new HashSet<>();
    List<Message> messages = Produced.of(kind);
    assertThat(messages).hasSizeGreaterThan(30);
    for (Message message : messages) {
      JsonNode headers = Produced.headers(message);
      assertThat(message.headers()).hasSize(headers.size()); // none of them twice
      assertThat(problems(described, headers)).isEmpty();
      sent.addAll(headers.propertyNames());
    }
    if (kind == Message.Kind.REQUESTS) {
      sent.addAll(List.of("traceparent", "tracestate")); // what other producers send
    }
    assertThat(properties(described)).isEqualTo(sent);
  }

  @ParameterizedTest
  @EnumSource(names = {"ACCEPTED", "ERRORS", "FINISHED"})
  void theHeadersOfOneKindAreNotThoseOfAnother(Message.Kind kind) {
    JsonNode described = inlined(message(kind).get("headers"));
    for (Message.Kind other : List.of(Message.Kind.REQUESTS, kind)) {
      JsonNode headers = Produced.headers(Produced.of(other).getFirst());
      assertThat(problems(described, headers).isEmpty()).isEqualTo(other == kind);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"REQUESTS", "ACCEPTED", "ERRORS", "FINISHED"})
  void theValuesThatAreSentAreThoseOfTheDocument(Message.Kind kind) {
    JsonNode payload = message(kind).get("payload");
    assertThat(payload.get("schemaFormat").stringValue())
        .isEqualTo("application/schema+json;version=draft-2020-12");
    assertThat(message(kind).get("contentType").stringValue()).isEqualTo("application/json");
    JsonNode schema = inlined(payload.get("schema"));
    for (Message message : Produced.of(kind)) {
      assertThat(problems(schema, Produced.json(message))).isEmpty();
    }
  }

  @Test
  void aDeadLettersHeadersAreThoseOfItsSchema() {
    assertThat(inlined(message(Message.Kind.DEAD_LETTERS).get("headers")))
        .isEqualTo(SchemaTest.read("dead-letter-headers"));
  }

  @Test
  void theLedgersRecordsAreThoseOfTheDocument() {
    JsonNode schema = inlined(message(Message.Kind.LEDGER).get("payload"));
    Failed failed = new Failed(-1, "system error", ErrorClass.INTERNAL, "why", 0);
    LedgerCodec codec = new LedgerCodec();
    for (LedgerRecord record :
        List.of(
            new LedgerRecord.Failed("id", 1, "order-7", 9, failed, Instant.EPOCH, false),
            new LedgerRecord.Ended("id", 1, "order-7", 9, 5, 1, Instant.EPOCH, "success"))) {
      Message message = codec.encode(record, 0);
      assertThat(problems(schema, Produced.json(message))).isEmpty();
      assertThat(message.headers()).isEmpty();
    }
    assertThat(message(Message.Kind.LEDGER).has("headers")).isFalse();
  }

  private static JsonNode channel(Message.Kind kind) {
    return DOCUMENT
        .get("channels")
        .valueStream()
        .filter(c -> c.get("address").stringValue().equals(kind.topic("{prefix}")))
        .findFirst()
        .orElseThrow();
  }

  private static JsonNode message(Message.Kind kind) {
    return DOCUMENT.at("/components/messages/" + MESSAGES.get(kind));
  }

  private static Set<String> properties(JsonNode schema) {
    Set<String> names = new HashSet<>(schema.path("properties").propertyNames());
    schema.path("allOf").forEach(part -> names.addAll(properties(part)));
    return names;
  }

  private static List<String> problems(JsonNode schema, JsonNode instance) {
    return REGISTRY
        .getSchema(schema)
        .validate(
            instance,
            context -> context.executionConfig(config -> config.formatAssertionsEnabled(true)))
        .stream()
        .map(Error::toString)
        .toList();
  }

  private static void collect(JsonNode node, List<String> references) {
    if (node.has("$ref")) {
      references.add(node.get("$ref").stringValue());
    }
    node.forEach(child -> collect(child, references));
  }

  private static JsonNode target(String reference) {
    if (!reference.startsWith("#")) {
      return SchemaTest.read(reference.replace(".json", ""));
    }
    JsonNode target = DOCUMENT.at(reference.substring(1));
    assertThat(target.isMissingNode()).as(reference).isFalse();
    return target;
  }

  /** The node with every reference replaced by what it leads to. */
  private static JsonNode inlined(JsonNode node) {
    if (node.has("$ref")) {
      return inlined(target(node.get("$ref").stringValue()));
    }
    if (node.isArray()) {
      ArrayNode array = JsonNodeFactory.instance.arrayNode();
      node.forEach(child -> array.add(inlined(child)));
      return array;
    }
    if (node.isObject()) {
      ObjectNode object = JsonNodeFactory.instance.objectNode();
      node.properties().forEach(field -> object.set(field.getKey(), inlined(field.getValue())));
      return object;
    }
    return node;
  }

  private static JsonNode document() {
    try (InputStream in = AsyncApiTest.class.getResourceAsStream("/schema/asyncapi.yaml")) {
      return NodeReader.builder().build().readTree(Objects.requireNonNull(in), InputFormat.YAML);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
