package io.dbimport.bench;

import io.helidon.http.HeaderValues;
import io.helidon.webclient.http1.Http1Client;
import io.helidon.webclient.http1.Http1ClientResponse;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;

/** What the peers do with a record: one POST, and its answer as the result. Thread-safe. */
final class Caller {
  private final Http1Client http;
  private final String results;

  /**
   * Calls one API.
   *
   * @param results the topic of the answers
   */
  Caller(String api, String results) {
    this.http = Http1Client.builder().baseUri(api).build();
    this.results = results;
  }

  /** Sends the record's value and makes the result, which keeps its key and its id. */
  <K> ProducerRecord<K, byte[]> result(ConsumerRecord<K, byte[]> record) {
    byte[] answer;
    try (Http1ClientResponse response =
        http.post("/componenttcb/dbimport")
            .queryParam("access_token", "bench-token")
            .header(HeaderValues.CONTENT_TYPE_JSON)
            .submit(record.value())) {
      answer = response.entity().as(byte[].class);
      if (response.status().code() != 200) {
        throw new IllegalStateException("HTTP " + response.status().code());
      }
    }
    ProducerRecord<K, byte[]> result = new ProducerRecord<>(results, record.key(), answer);
    result.headers().add(record.headers().lastHeader(Watch.ID));
    return result;
  }
}
