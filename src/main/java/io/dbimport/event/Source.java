package io.dbimport.event;

/**
 * Where a delivery lies. Immutable.
 *
 * @param topic the topic's name
 * @param partition from 0
 * @param offset from 0
 */
public record Source(String topic, int partition, long offset) {
  @Override
  public String toString() {
    return topic + "-" + partition + "-" + offset;
  }
}
