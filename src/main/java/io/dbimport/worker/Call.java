package io.dbimport.worker;

import io.dbimport.ImportRequest;

/** One attempt to be made now. Whoever takes it must bring its reply back. Immutable by use. */
public final class Call {
  final Lane lane;
  final OpenRequest open;

  Call(Lane lane, OpenRequest open) {
    this.lane = lane;
    this.open = open;
  }

  /** What is called. */
  public ImportRequest request() {
    return open.request();
  }

  @Override
  public String toString() {
    return "call of " + open.delivery;
  }
}
