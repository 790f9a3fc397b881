package io.dbimport;

/** How a delivery ended for good; exactly one each. Immutable. */
public sealed interface Outcome {

  /** How many attempts it took; 0 when the API was never called. */
  int attempts();

  /**
   * The API started a job.
   *
   * @param jobId names the job within the environment
   * @param attempts calls made, at least 1
   */
  record JobAccepted(long jobId, int attempts) implements Outcome {}

  /**
   * It failed and becomes a dead letter.
   *
   * @param errcode the API's code, one of its codes that says the same, or -1
   * @param errmsg the API's text for the code, or its own answer
   * @param errorClass what kind of failure it is
   * @param detail what exactly was wrong, for people
   * @param attempts calls made, 0 when the API was never called
   */
  record Failed(int errcode, String errmsg, ErrorClass errorClass, String detail, int attempts)
      implements Outcome {}
}
