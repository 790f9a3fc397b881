package io.dbimport.server;

import java.util.Optional;

/** How a process is. Thread-safe; answers at once. */
public interface Health {

  /** Why the process should be restarted; empty while it is alive. */
  Optional<String> notLive();

  /** Why it should not be counted on; empty while it is at work. */
  Optional<String> notReady();

  /** Alive and at work for as long as it answers. */
  Health ALWAYS =
      new Health() {
        @Override
        public Optional<String> notLive() {
          return Optional.empty();
        }

        @Override
        public Optional<String> notReady() {
          return Optional.empty();
        }
      };
}
