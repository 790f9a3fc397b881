package io.dbimport.dev;

import io.dbimport.cli.ExitCode;
import io.dbimport.cli.StopSignal;

/** Turns the first Ctrl-C into an interrupt of the thread that runs the command. Stateless. */
final class Interrupts {
  private Interrupts() {}

  /** From now on, for the calling thread. */
  static StopSignal listen() {
    Thread command = Thread.currentThread();
    StopSignal signal = StopSignal.listen(ExitCode.INTERRUPTED);
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                signal.await();
                command.interrupt();
              } catch (InterruptedException never) {
                Thread.currentThread().interrupt();
              }
            });
    return signal;
  }
}
