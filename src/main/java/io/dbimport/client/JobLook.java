package io.dbimport.client;

import io.dbimport.JobReply;

/**
 * What one look at a job gave. Immutable.
 *
 * @param failures where the list lies of what the job refused
 */
public record JobLook(JobReply reply, FailureLink failures) {
  static JobLook notKnown(int errcode, String why) {
    return new JobLook(new JobReply.NotKnown(errcode, why), FailureLink.NONE);
  }
}
