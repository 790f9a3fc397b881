package io.dbimport.event;

import java.io.ByteArrayOutputStream;
import java.time.Instant;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;

/** Writes one JSON object, field by field; what is null is left out. Confined to one call. */
final class EventJson {
  private final JsonGenerator json;

  private EventJson(JsonGenerator json) {
    this.json = json;
  }

  /** The object that this writes, as UTF-8. */
  static byte[] write(Consumer<EventJson> fields) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
    try (JsonGenerator json =
        RequestFields.JSON.createGenerator(ObjectWriteContext.empty(), bytes)) {
      json.writeStartObject();
      fields.accept(new EventJson(json));
      json.writeEndObject();
    }
    return bytes.toByteArray();
  }

  EventJson put(String name, @Nullable String value) {
    if (value != null) {
      json.writeStringProperty(name, Texts.wellFormed(value));
    }
    return this;
  }

  EventJson put(String name, long value) {
    json.writeNumberProperty(name, value);
    return this;
  }

  EventJson put(String name, boolean value) {
    json.writeBooleanProperty(name, value);
    return this;
  }

  EventJson put(String name, @Nullable Instant value) {
    return value == null ? this : put(name, Texts.instant(value));
  }

  EventJson put(String name, byte @Nullable [] value) {
    if (value != null) {
      json.writeName(name);
      json.writeBinary(value);
    }
    return this;
  }

  EventJson put(String name, Source source) {
    json.writeName(name);
    json.writeStartObject();
    json.writeStringProperty("topic", source.topic());
    json.writeNumberProperty("partition", source.partition());
    json.writeNumberProperty("offset", source.offset());
    json.writeEndObject();
    return this;
  }

  /** Fields as {@link ReadableFields} holds them. */
  EventJson putAll(Map<String, Object> fields) {
    fields.forEach((name, value) -> {
      switch (value) {
        case String text -> put(name, text);
        case Long number -> put(name, number.longValue());
        case Boolean bool -> put(name, bool.booleanValue());
        default -> throw new IllegalStateException(name + " is a " + value.getClass());
      }
    });
    return this;
  }
}
