package io.dbimport.server;

import java.time.Duration;

/**
 * What connections to the server may take. Immutable.
 *
 * @param connections open at once; further ones wait, unaccepted, until one ends
 * @param requestsAtOnce being answered at once; further ones are told to come again
 * @param idle how long a connection may stay open between two requests
 * @param patience how long, in all, a peer may keep the server waiting for its handshake, for a
 *     request or for its taking of the answer, while it moves fewer bytes than it must
 * @param bytesPerSecond so many bytes give a second of the patience back, never more than all
 * @param linger how long what a peer still sends is thrown away after an answer that ended its
 *     request early, so that the answer reaches it
 * @param lookEvery how often connections are looked at: each bound may be passed by so much
 */
public record ConnectionBounds(
    int connections,
    int requestsAtOnce,
    Duration idle,
    Duration patience,
    int bytesPerSecond,
    Duration linger,
    Duration lookEvery) {

  /** What the servers use. */
  public static final ConnectionBounds USUAL =
      new ConnectionBounds(
          2_000,
          1_000,
          Duration.ofMinutes(2),
          Duration.ofSeconds(30),
          1_000,
          Duration.ofSeconds(5),
          Duration.ofSeconds(1));
}
