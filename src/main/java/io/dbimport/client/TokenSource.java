package io.dbimport.client;

import java.time.Duration;

/** Where one app's fresh tokens come from. Asked by one thread at a time. */
public interface TokenSource {

  /** What asking gave. Immutable. */
  sealed interface Fetched {

    /**
     * A token to use from now on.
     *
     * @param life how long it will be taken
     */
    record Fresh(String token, Duration life) implements Fetched {
      /** Never the token. */
      @Override
      public String toString() {
        return "Fresh[***, " + life + "]";
      }
    }

    /**
     * There is none this time.
     *
     * @param why what failed, for people; holds no secret
     */
    record Failed(String why) implements Fetched {}
  }

  /**
   * Asks once. Blocks no longer than the timeout of one call.
   *
   * @param afterRejection whether the API did not take the last token: the same again is of no use
   * @throws InterruptedException when the calling thread is interrupted
   */
  Fetched fetch(boolean afterRejection) throws InterruptedException;
}
