package io.dbimport.dev;

import io.dbimport.cli.Ports;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;

/** A Kafka broker, its own controller, inside this process. Thread-safe. */
public final class EmbeddedKafka implements AutoCloseable {
  private static final String NODE = "1";

  /** Any id does, but the same at every start: data that is kept belongs to it. */
  private static final String CLUSTER = "ZGJpbXBvcnQtZW1iZWRkZQ";

  private final KafkaRaftServer server;
  private final int port;

  private EmbeddedKafka(KafkaRaftServer server, int port) {
    this.server = server;
    this.port = port;
  }

  /**
   * Starts a broker on loopback; blocks until it takes calls.
   *
   * @param folder its data: empty, or what an earlier one left
   * @param port a free one
   * @param overrides broker settings that go before those here
   * @throws IOException when the folder cannot be used
   */
  public static EmbeddedKafka start(Path folder, int port, Map<String, String> overrides)
      throws IOException {
    Map<String, String> config = new HashMap<>();
    int controllerPort = Ports.free();
    String log = Files.createDirectories(folder).toString();
    config.put("node.id", NODE);
    config.put("process.roles", "broker,controller");
    config.put("controller.quorum.voters", NODE + "@127.0.0.1:" + controllerPort);
    config.put("controller.listener.names", "CONTROLLER");
    config.put("listener.security.protocol.map", "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT");
    config.put(
        "listeners", "PLAINTEXT://127.0.0.1:" + port + ",CONTROLLER://127.0.0.1:" + controllerPort);
    config.put("log.dirs", log);
    for (String internal : new String[] {"offsets.topic", "transaction.state.log"}) {
      config.put(internal + ".replication.factor", "1");
      config.put(internal + ".num.partitions", "4");
    }
    config.put("transaction.state.log.min.isr", "1");
    config.put("share.coordinator.state.topic.replication.factor", "1");
    config.put("share.coordinator.state.topic.min.isr", "1");
    config.put("auto.create.topics.enable", "false");
    config.put("group.initial.rebalance.delay.ms", "0");
    config.putAll(overrides);
    format(log);
    KafkaRaftServer server = new KafkaRaftServer(new KafkaConfig(config), Time.SYSTEM);
    server.startup();
    return new EmbeddedKafka(server, port);
  }

  private static void format(String log) throws IOException {
    try (PrintStream silent =
        new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8)) {
      new Formatter()
          .setNodeId(Integer.parseInt(NODE))
          .setClusterId(CLUSTER)
          .addDirectory(log)
          .setMetadataLogDirectory(log)
          .setControllerListenerName("CONTROLLER")
          .setIgnoreFormatted(true)
          .setPrintStream(silent)
          .run();
    } catch (IOException failure) {
      throw failure;
    } catch (Exception unusable) {
      throw new IOException("no broker can be set up in " + log, unusable);
    }
  }

  /** Host and port, as {@code bootstrap.servers} takes them. */
  public String bootstrapServers() {
    return "127.0.0.1:" + port;
  }

  @Override
  public void close() {
    server.shutdown();
    server.awaitShutdown();
  }
}
