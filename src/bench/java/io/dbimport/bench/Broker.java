package io.dbimport.bench;

import io.dbimport.dev.EmbeddedKafka;
import java.nio.file.Path;
import java.util.Map;

/** The broker, in a process of its own: its work must not count as a worker's. Stateless. */
final class Broker {
  private Broker() {}

  /**
   * Runs until it is killed; says when it takes calls.
   *
   * @param args port, folder of its data
   */
  public static void main(String[] args) throws Exception {
    try (EmbeddedKafka kafka =
        EmbeddedKafka.start(Path.of(args[1]), Integer.parseInt(args[0]), Map.of())) {
      System.out.println("takes calls at " + kafka.bootstrapServers());
      Thread.currentThread().join();
    }
  }
}
