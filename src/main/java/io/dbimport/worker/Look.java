package io.dbimport.worker;

import io.dbimport.event.AcceptedJob;

/** One look at a job to be taken now; its reply must be brought back. Immutable by use. */
public final class Look {
  final Jobs.Followed followed;

  Look(Jobs.Followed followed) {
    this.followed = followed;
  }

  /** The job to look at. */
  public AcceptedJob job() {
    return followed.job;
  }
}
