package io.dbimport.worker;

import io.dbimport.ImportRequest;
import io.dbimport.event.Source;

/** One attempt to be made now. Whoever takes it must bring its reply back. Immutable by use. */
public final class Call {
  final Lane lane;
  final OpenRequest open;
  final Turn turn;

  /** Number of the call, from 1, as its intent has it. */
  final int number;

  /** When the right to start it ends, by the monotonic clock; set when it is handed out. */
  long startByNanos;

  Call(Turn turn, OpenRequest open) {
    this.lane = turn.lane();
    this.open = open;
    this.turn = turn;
    this.number = open.attempts.calls();
  }

  /** What is called. */
  public ImportRequest request() {
    return open.request();
  }

  /** The delivery it is made for. */
  public Source source() {
    return open.delivery.source();
  }

  /** Number of the call of this request, from 1: no two have the same, whatever became of them. */
  public int number() {
    return number;
  }

  /** Whether it has an intent in the ledger, so that its reply belongs in the journal. */
  public boolean intended() {
    return !open.request().rerunSafe();
  }

  /** What the intent says. */
  public RequestKey key() {
    return open.key;
  }

  /**
   * The moment, by the worker's monotonic clock, after which it must not be started any more:
   * somebody else may own its partition by then.
   */
  public long startByNanos() {
    return startByNanos;
  }

  @Override
  public String toString() {
    return "call of " + open.delivery;
  }
}
