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
   * nothing. Blocks like {@link #submit}. {@link Presence#ABSENT} when no answer came, it was an
   * HTTP 5xx without an errcode, or nothing was sent; so also where there was no token to ask with:
   * what never reached the API says nothing for it. {@link Presence#TROUBLED} for an errcode of
   * class {@link ErrorClass#UNAVAILABLE} or {@link ErrorClass#OUTCOME_UNKNOWN}. {@link
   * Presence#WELL} for any other answer: a token that is not taken, a quota that is used up or an
   * HTTP 4xx show a peer that works.
   *
   * @param appId the app to ask as; null means the one app there is
   * @throws InterruptedException when the calling thread is interrupted
   */
  Presence presence(@Nullable String appId) throws InterruptedException;
}
