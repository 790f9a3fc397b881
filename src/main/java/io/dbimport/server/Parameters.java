package io.dbimport.server;

import io.dbimport.ErrorCode;
import io.dbimport.ImportParameters;
import java.nio.charset.StandardCharsets;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The parameters of one call. Immutable.
 *
 * @param json a JSON object
 */
record Parameters(JsonNode json) {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** Reads a body: empty is 44002, anything but a JSON object 47001. */
  static Parameters read(byte[] body) throws ApiFault {
    if (body.length == 0) {
      throw new ApiFault(ErrorCode.EMPTY_POST_DATA, "");
    }
    try {
      JsonNode json = JSON.readTree(new String(body, StandardCharsets.UTF_8));
      if (json.isObject()) {
        return new Parameters(json);
      }
    } catch (JacksonException notJson) {
      throw new ApiFault(ErrorCode.DATA_FORMAT_ERROR, "the body is not JSON");
    }
    throw new ApiFault(ErrorCode.DATA_FORMAT_ERROR, "the body is not a JSON object");
  }

  String text(String name) throws ApiFault {
    JsonNode value = required(name);
    if (!value.isString() || value.stringValue().isEmpty()) {
      throw notAllowed(name, "a string that is not empty");
    }
    return value.stringValue();
  }

  /** The name of an environment or a collection. */
  String name(String name) throws ApiFault {
    String text = text(name);
    if (!ImportParameters.isName(text)) {
      throw notAllowed(name, "at most 63 bytes of UTF-8");
    }
    return text;
  }

  long number(String name) throws ApiFault {
    JsonNode value = required(name);
    if (!value.isIntegralNumber() || !value.canConvertToLong()) {
      throw notAllowed(name, "a whole number");
    }
    return value.longValue();
  }

  /** A whole number in these bounds, both included, or the value for when there is none. */
  int number(String name, int least, int most, int otherwise) throws ApiFault {
    if (!json.has(name)) {
      return otherwise;
    }
    long value = number(name);
    if (value < least || value > most) {
      throw notAllowed(name, "from " + least + " to " + most);
    }
    return (int) value;
  }

  boolean flag(String name) throws ApiFault {
    JsonNode value = required(name);
    if (!value.isBoolean()) {
      throw notAllowed(name, "true or false");
    }
    return value.booleanValue();
  }

  static ApiFault notAllowed(String name, String accepted) {
    return new ApiFault(ErrorCode.INVALID_ARGS, name + " must be " + accepted);
  }

  private JsonNode required(String name) throws ApiFault {
    JsonNode value = json.path(name);
    if (value.isMissingNode() || value.isNull()) {
      throw new ApiFault(ErrorCode.MISSING_PARAMETER, name);
    }
    return value;
  }
}
