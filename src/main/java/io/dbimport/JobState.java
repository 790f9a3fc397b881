package io.dbimport;

/**
 * What the API says about a job. Immutable.
 *
 * @param status how far it is
 * @param recordSuccess documents written so far
 * @param recordFail records that failed so far
 * @param errorMsg the job's own text; the service fills it on success too, so a text is no failure
 */
public record JobState(JobStatus status, long recordSuccess, long recordFail, String errorMsg) {}
