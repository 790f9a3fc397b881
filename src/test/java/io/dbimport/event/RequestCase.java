package io.dbimport.event;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One case of {@code spec/requests.json}: a delivery and what the decoder makes of it. Immutable.
 */
record RequestCase(String id, Delivery delivery, JsonNode expect) {
  /** When every delivery of a case was made. */
  static final Instant REQUESTED_AT = Instant.parse("2026-01-02T03:04:05.678Z");

  private static final JsonMapper MAPPER = new JsonMapper();

  static List<RequestCase> all() {
    try (InputStream in = RequestCase.class.getResourceAsStream("/spec/requests.json")) {
      List<RequestCase> cases = new ArrayList<>();
      MAPPER.readTree(Objects.requireNonNull(in)).forEach(node -> cases.add(of(node)));
      return cases;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static RequestCase of(JsonNode node) {
    Source source = new Source(node.path("topic").asString("dbimport.requests"), 3, 42);
    byte[] value = null;
    if (node.has("text")) {
      value = node.get("text").stringValue().getBytes(StandardCharsets.UTF_8);
    } else if (node.has("base64")) {
      value = Base64.getDecoder().decode(node.get("base64").stringValue());
    }
    List<Header> headers = new ArrayList<>();
    for (JsonNode header : node.path("headers")) {
      String name = header.get("name").stringValue();
      headers.add(
          header.get("value").isNull()
              ? new Header(name, null)
              : Header.of(name, header.get("value").stringValue()));
    }
    return new RequestCase(
        node.get("id").stringValue(),
        new Delivery(source, REQUESTED_AT, null, value, headers),
        node.get("expect"));
  }

  boolean valid() {
    return expect.has("request");
  }

  /** Its value as text; what is no UTF-8 is replaced. */
  String text() {
    byte[] value = delivery.value();
    return value == null ? "" : new String(value, StandardCharsets.UTF_8);
  }

  /** How the case is shown in a report. */
  @Override
  public String toString() {
    return id;
  }
}
