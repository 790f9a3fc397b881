package io.dbimport.server;

import static io.dbimport.server.TestServer.TOKEN;

import io.dbimport.ImportRequest;
import io.dbimport.JobReply;
import io.dbimport.Presence;
import io.dbimport.Reply;
import io.dbimport.engine.Engine;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Every call meets a bug whose text must not get out. Thread-safe. */
final class FaultyEngine implements Engine {
  private static IllegalStateException bug() {
    return new IllegalStateException("a secret: " + TOKEN);
  }

  @Override
  public Reply submit(ImportRequest request) {
    throw bug();
  }

  @Override
  public JobReply state(@Nullable String appId, String env, long jobId) {
    throw bug();
  }

  @Override
  public Presence presence(@Nullable String appId) {
    throw bug();
  }

  @Override
  public List<String> environments() {
    throw bug();
  }

  @Override
  public CollectionReply createCollection(String env, String name) {
    throw bug();
  }

  @Override
  public CollectionReply dropCollection(String env, String name) {
    throw bug();
  }

  @Override
  public Optional<String> failureList(String env, long jobId) {
    throw bug();
  }

  @Override
  public Collections collections(String env, int limit, int offset) {
    throw bug();
  }

  @Override
  public void close() {}
}
