package io.dbimport.cli;

import io.dbimport.ConflictMode;
import io.dbimport.FileType;
import io.dbimport.ImportParameters;
import io.dbimport.ImportRequest;
import io.dbimport.JobReply;
import io.dbimport.Reply;
import io.dbimport.client.AccessTokens;
import io.dbimport.client.ApiFamily;
import io.dbimport.client.ClientSettings;
import io.dbimport.client.CollectionReply;
import io.dbimport.client.HttpImportApi;
import io.dbimport.client.UploadClient;
import io.dbimport.client.UploadReply;
import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.PostgresFixture;
import io.dbimport.fixtures.PostgresFixture.Database;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** A server with a database, and files that it imported. */
final class ImportedJobs implements AutoCloseable {
  static final String ENV = "demo-env";

  private final Path folder;
  private final ServerProcess server;

  private ImportedJobs(Path folder, ServerProcess server) {
    this.folder = folder;
    this.server = server;
  }

  static ImportedJobs start(Path folder) throws InterruptedException {
    Database database = PostgresFixture.freshDatabase();
    return new ImportedJobs(
        folder,
        ServerProcess.start(
            settings(
                Map.of(
                    "DBIMPORT_SERVER_PORT", "0",
                    "DBIMPORT_STORAGE", "file:" + folder.resolve("storage"),
                    "DBIMPORT_DATABASE_URL", database.jdbcUrl(),
                    "DBIMPORT_DATABASE_USER", database.user(),
                    "DBIMPORT_DATABASE_PASSWORD", database.password()))));
  }

  static Settings settings(Map<String, String> environment) {
    return ((SettingsReader.Reading.Good)
            SettingsReader.read(Map.of(), new HashMap<>(environment), null))
        .settings();
  }

  URI uri() {
    return server.uri();
  }

  /** A file with its token, which is what a command takes. */
  Path token() throws IOException {
    return Files.writeString(folder.resolve("token"), Wiring.DEV_TOKEN);
  }

  /** Imports records by INSERT into a collection of their own; the job, which has ended. */
  long imported(String name, String records, boolean stopOnError) throws Exception {
    Path file = Files.writeString(folder.resolve(name), records);
    ClientSettings client =
        new ClientSettings(uri(), ApiFamily.COMPONENT, Duration.ofSeconds(10), null);
    AccessTokens tokens = AccessTokens.fixed(Wiring.DEV_TOKEN);
    try (UploadClient uploads = new UploadClient(client, tokens);
        HttpImportApi api = new HttpImportApi(client, tokens)) {
      if (!(uploads.createCollection(null, ENV, name) instanceof CollectionReply.Done)
          || !(uploads.upload(null, ENV, name, file, _ -> {}) instanceof UploadReply.Uploaded)) {
        throw new AssertionError("the server took no file");
      }
      Reply reply =
          api.submit(
              new ImportRequest(
                  name,
                  null,
                  new ImportParameters(
                      ENV, name, name, FileType.JSON, stopOnError, ConflictMode.INSERT),
                  null,
                  false));
      if (!(reply instanceof Reply.Accepted(long jobId))) {
        throw new AssertionError(reply);
      }
      Eventually.isTrue(
          "the job ends",
          () ->
              api.state(null, ENV, jobId) instanceof JobReply.Known(var state)
                  && state.status().terminal());
      return jobId;
    }
  }

  @Override
  public void close() {
    server.close();
  }
}
