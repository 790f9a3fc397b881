package io.dbimport.event;

import io.dbimport.ImportRequest;

/**
 * Where a delivery lies. Immutable.
 *
 * @param topic the topic's name
 * @param partition from 0
 * @param offset from 0
 */
public record Source(String topic, int partition, long offset) {

  /**
   * The id of a request that is named nowhere: topic, partition and offset. Its start is left out
   * where a topic's name is so long (Kafka allows 249 characters) that no request id could hold it.
   */
  public String requestId() {
    String whole = toString();
    return whole.substring(Math.max(0, whole.length() - ImportRequest.MAX_REQUEST_ID_CHARS));
  }

  @Override
  public String toString() {
    return topic + "-" + partition + "-" + offset;
  }
}
