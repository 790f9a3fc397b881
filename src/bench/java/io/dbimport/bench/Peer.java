package io.dbimport.bench;

import java.util.HashMap;
import java.util.Map;

/** What a peer is told on its command line, and its clients' settings. Immutable. */
record Peer(String kafka, String prefix, String api, int maxInFlight) {
  static Peer of(String[] args) {
    return new Peer(args[0], args[1], args[2], Integer.parseInt(args[3]));
  }

  String requests() {
    return prefix + ".requests";
  }

  String results() {
    return prefix + ".accepted";
  }

  Map<String, Object> consumer(Map<String, Object> more) {
    Map<String, Object> config = new HashMap<>(more);
    config.put("bootstrap.servers", kafka);
    config.put("group.id", prefix);
    config.put("auto.offset.reset", "earliest");
    config.put("enable.auto.commit", false);
    config.put("isolation.level", "read_committed");
    return config;
  }

  Map<String, Object> producer() {
    return Map.of("bootstrap.servers", kafka, "acks", "all", "transactional.id", prefix);
  }
}
