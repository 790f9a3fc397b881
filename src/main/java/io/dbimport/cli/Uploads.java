package io.dbimport.cli;

import io.dbimport.ErrorCode;
import io.dbimport.cli.Screen.Look;
import io.dbimport.client.CollectionReply;
import io.dbimport.client.UploadClient;
import io.dbimport.client.UploadReply;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Brings files to where the API reads them. Confined to one command.
 *
 * @param appId null means the one app there is
 */
record Uploads(Screen screen, UploadClient client, @Nullable String appId) {

  /** Uploads all files. Returns how the command ends if not well; the reason is on the screen. */
  int bringIn(List<Submission> submissions, String env, String collection, boolean createCollection)
      throws IOException, InterruptedException {
    int code = createCollection ? make(env, collection) : ExitCode.DONE;
    for (Submission submission : submissions) {
      if (code == ExitCode.DONE) {
        code = upload(submission, env);
      }
    }
    return code;
  }

  private int make(String env, String collection) throws InterruptedException {
    return switch (client.createCollection(appId, env, collection)) {
      case CollectionReply.Done() -> {
        screen.line("  made      collection " + collection);
        yield ExitCode.DONE;
      }
      case CollectionReply.Refused(int code, String message) -> {
        // The API has no code for "it is there already", only this one; the import will tell.
        boolean there = code == ErrorCode.COLLECTION_CREATE_FAILED.code();
        if (!there) {
          screen.line(
              Look.BAD, "  refused   collection " + collection + ": " + code + " " + message);
        }
        yield there ? ExitCode.DONE : ExitCode.refusedWith(code);
      }
      case CollectionReply.Unreachable(String why) -> unreachable(why);
    };
  }

  private int upload(Submission submission, String env) throws IOException, InterruptedException {
    long bytes = Files.size(submission.file());
    String path = submission.request().parameters().filePath();
    String what = "uploading " + submission.file().getFileName();
    UploadReply reply =
        client.upload(
            appId, env, path, submission.file(), sent -> screen.progress(what, sent, bytes));
    screen.progressOver();
    return switch (reply) {
      case UploadReply.Uploaded(long length) -> {
        screen.line("  uploaded  %s: %,d bytes as %s".formatted(submission.file(), length, path));
        yield ExitCode.DONE;
      }
      case UploadReply.LinkRefused(int code, String message) -> {
        refused(submission, code + " " + message, ErrorCode.of(code));
        yield ExitCode.refusedWith(code);
      }
      case UploadReply.UploadRefused refused -> {
        refused(submission, refused.text(), Optional.empty());
        yield ExitCode.IMPORT_FAILED;
      }
      case UploadReply.Unreachable(String why) -> unreachable(why);
    };
  }

  private void refused(Submission submission, String why, Optional<ErrorCode> code) {
    screen.line(Look.BAD, "  refused   " + submission.file() + ": " + why);
    code.ifPresent(known -> screen.line(Look.FAINT, "            " + known.solution()));
  }

  private int unreachable(String why) {
    screen.line(Look.BAD, "  no answer from the API: " + why);
    return ExitCode.IMPORT_FAILED;
  }
}
