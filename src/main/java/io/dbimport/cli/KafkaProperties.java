package io.dbimport.cli;

import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigDef;

/** Which properties are passed through to Kafka's clients. Stateless. */
final class KafkaProperties {
  /** Each carries a guarantee, or names what the program itself must name. */
  private static final Set<String> REFUSED =
      Set.of(
          "transactional.id",
          "isolation.level",
          "enable.auto.commit",
          "enable.idempotence",
          "acks",
          "group.protocol",
          "group.instance.id",
          "group.id",
          "auto.offset.reset",
          "client.id",
          "key.serializer",
          "value.serializer",
          "key.deserializer",
          "value.deserializer");

  private static final Set<String> KNOWN = known();

  private KafkaProperties() {}

  /** Why a property cannot be passed through; empty when it can. */
  static Optional<String> problem(String name) {
    if (REFUSED.contains(name)) {
      return Optional.of("cannot be set: the worker's guarantees rest on it");
    }
    if (KNOWN.contains(name)) {
      return Optional.empty();
    }
    return Optional.of(
        "is no property of Kafka's clients"
            + Nearest.to(name, KNOWN).map(near -> "; did you mean " + near + "?").orElse(""));
  }

  /** Whether its value must not be shown. */
  static boolean secret(String name) {
    return isPassword(ConsumerConfig.configDef(), name)
        || isPassword(ProducerConfig.configDef(), name)
        || isPassword(AdminClientConfig.configDef(), name);
  }

  private static boolean isPassword(ConfigDef definitions, String name) {
    ConfigDef.ConfigKey key = definitions.configKeys().get(name);
    return key != null && key.type() == ConfigDef.Type.PASSWORD;
  }

  private static Set<String> known() {
    Set<String> names = new TreeSet<>(ConsumerConfig.configNames());
    names.addAll(ProducerConfig.configNames());
    names.addAll(AdminClientConfig.configNames());
    names.removeAll(REFUSED);
    return names;
  }
}
