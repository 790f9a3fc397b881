package io.dbimport.client;

import java.io.IOException;

/** A secret that something else may change. Thread-safe. */
@FunctionalInterface
public interface SecretText {

  /**
   * What it is now; never empty.
   *
   * @throws IOException when it cannot be had; its text says why and holds no secret
   * @throws InterruptedException when the calling thread is interrupted
   */
  String read() throws IOException, InterruptedException;
}
