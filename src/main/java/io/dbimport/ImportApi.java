package io.dbimport;

import org.jspecify.annotations.Nullable;

/**
 * The import service. Its bodies are the HTTPS client, the engine behind our own server, and the
 * scripted fake of the tests; all pass the same contract suite. Thread-safe.
 */
public interface ImportApi {

  /**
   * Asks for one import, once: no body of this interface repeats the call by itself. Blocks until
   * there is an answer or the body's own deadline for one call has passed.
   *
   * @throws InterruptedException when the calling thread is interrupted; whether the request was
   *     carried out is then not known
   */
  Reply submit(ImportRequest request) throws InterruptedException;

  /**
   * Looks at a job. Blocks like {@link #submit}.
   *
   * @param appId the app the job was accepted for; null means the one app there is
   * @param env the environment the job was accepted in
   * @param jobId as {@link Reply.Accepted} gave it
   * @throws InterruptedException when the calling thread is interrupted
   */
  JobReply state(@Nullable String appId, String env, long jobId) throws InterruptedException;

  /**
   * Whether the API is there to be called again: asks for the list of environments, which changes
   * nothing. Blocks like {@link #submit}. True for any answer that is not about the API's own
   * trouble: a token that is not taken, a quota that is used up or an HTTP 4xx show a peer that
   * answers. False when nothing was sent, no answer came, or it was an HTTP 5xx without an errcode,
   * -1, or an errcode of class {@link ErrorClass#UNAVAILABLE} or {@link
   * ErrorClass#OUTCOME_UNKNOWN}.
   *
   * @param appId the app to ask as; null means the one app there is
   * @throws InterruptedException when the calling thread is interrupted
   */
  boolean answers(@Nullable String appId) throws InterruptedException;
}
