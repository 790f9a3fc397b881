package io.dbimport.engine;

import io.dbimport.ImportApi;
import java.util.List;
import java.util.Optional;

/**
 * What the API does behind its routes: imports as jobs, and the collections they go into.
 * Thread-safe. As an {@link ImportApi} it answers {@code Refused} with -501000 for an environment
 * that is absent, -502005 for an absent collection, -503003 for an absent file, and 40097 for a
 * path or a name that is not allowed; {@code Unavailable} when the database cannot be reached.
 */
public interface Engine extends ImportApi, AutoCloseable {

  /** What became of a call about a collection. */
  enum CollectionReply {
    DONE,
    ALREADY_THERE,
    ABSENT,
    ENVIRONMENT_ABSENT,
    /** The name is not allowed: see {@link io.dbimport.ImportParameters#isName}. */
    NAME_REFUSED
  }

  /**
   * A collection as the API lists it.
   *
   * @param count documents, as the database estimates or counts them
   * @param sizeBytes of the documents on disk
   * @param indexCount indexes
   * @param indexSizeBytes of the indexes on disk
   */
  record Collection(String name, long count, long sizeBytes, int indexCount, long indexSizeBytes) {}

  /** Part of the list of collections, by name, and how many there are in all. */
  record Collections(List<Collection> page, int total) {}

  /** The environments there are. */
  List<String> environments();

  /**
   * Makes a collection.
   *
   * @throws java.io.UncheckedIOException when the database cannot be reached
   */
  CollectionReply createCollection(String env, String name);

  /** Removes a collection with its documents; throws like {@link #createCollection}. */
  CollectionReply dropCollection(String env, String name);

  /**
   * Lists collections by name; empty for an environment that is absent. Throws like {@link
   * #createCollection}.
   *
   * @param limit 1 to 1000
   * @param offset from 0
   */
  Collections collections(String env, int limit, int offset);

  /**
   * Where the whole list of what a job refused lies in the storage of its environment: one JSON
   * object a line, with line, column, kind, what and advice. Empty when there is none (yet). Throws
   * like {@link #createCollection}.
   */
  Optional<String> failureList(String env, long jobId);

  /** Stops taking jobs up, lets running ones commit their batch, and returns. */
  @Override
  void close();
}
