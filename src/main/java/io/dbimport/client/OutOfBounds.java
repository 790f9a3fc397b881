package io.dbimport.client;

import java.io.IOException;

/** A download is longer, or takes longer, than is read. Its message is ours, and for people. */
final class OutOfBounds extends IOException {
  private static final long serialVersionUID = 1L;

  OutOfBounds(String why) {
    super(why);
  }
}
