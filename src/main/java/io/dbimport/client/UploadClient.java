package io.dbimport.client;

import io.dbimport.ErrorCode;
import io.dbimport.client.AccessTokens.TokenReply;
import io.dbimport.client.ApiCalls.ApiReply;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What comes before an import: the file in the environment's storage, and the collection. Memory
 * does not grow with the file. No token and no signature is in any text it gives. Thread-safe.
 */
public final class UploadClient implements AutoCloseable {
  private static final Duration LONGEST_STALL = Duration.ofMinutes(1);
  private static final Duration LOOK_EVERY = Duration.ofMillis(200);
  private static final Pattern CODE = Pattern.compile("<Code>([A-Za-z0-9.]{1,64})</Code>");
  private static final Pattern MESSAGE = Pattern.compile("<Message>([^<]{1,300})</Message>");

  private final ApiCalls calls;
  private final ClientSettings settings;
  private final Duration longestStall;

  public UploadClient(ClientSettings settings, AccessTokens tokens) {
    this(settings, tokens, LONGEST_STALL);
  }

  UploadClient(ClientSettings settings, AccessTokens tokens, Duration longestStall) {
    this.calls = new ApiCalls(settings, tokens);
    this.settings = settings;
    this.longestStall = longestStall;
  }

  /**
   * Asks for a link and sends the file to it. Blocks until the storage has answered, or has taken
   * no byte for a minute.
   *
   * @param appId the app whose environment it is; null means the one app there is
   * @param path where the file goes within the environment, as the import will name it
   * @param file a local file
   * @param sent is told, on another thread, how many bytes of the file have gone out so far
   * @throws IOException when the local file cannot be read
   * @throws InterruptedException when the calling thread is interrupted; the upload is given up
   */
  public UploadReply upload(
      @Nullable String appId, String env, String path, Path file, LongConsumer sent)
      throws IOException, InterruptedException {
    byte[] body =
        ApiCalls.json(json -> {
          json.writeStringProperty("env", env);
          json.writeStringProperty("path", path);
        });
    return switch (calls.call(appId, family -> family.uploadPath, body)) {
      case ApiReply.NoToken(TokenReply why) ->
          new UploadReply.LinkRefused(codeOf(why), ApiCalls.text(why));
      case ApiReply.NotSent(String why) -> new UploadReply.Unreachable(why);
      case ApiReply.NoAnswer(String why) -> new UploadReply.Unreachable(why);
      case ApiReply.NoErrcode answer ->
          new UploadReply.LinkRefused(-1, "HTTP " + answer.status() + " without an errcode");
      case ApiReply.Errcode(int code, String message, JsonNode _) when code != 0 ->
          new UploadReply.LinkRefused(code, message);
      case ApiReply.Errcode(int _, String _, JsonNode answer) -> {
        var link = UploadLink.of(answer);
        yield link.isPresent()
            ? send(link.get(), path, file, sent)
            : new UploadReply.LinkRefused(-1, "errcode 0 without a whole upload link");
      }
    };
  }

  /**
   * Makes a collection. Blocks no longer than the timeout of one call.
   *
   * @param appId the app whose environment it is; null means the one app there is
   * @throws InterruptedException when the calling thread is interrupted
   */
  public CollectionReply createCollection(@Nullable String appId, String env, String name)
      throws InterruptedException {
    byte[] body =
        ApiCalls.json(json -> {
          // The pages differ on where the action goes: it is sent in the path and here.
          json.writeStringProperty("action", "add");
          json.writeStringProperty("env", env);
          json.writeStringProperty("collection_name", name);
        });
    return switch (calls.call(appId, family -> family.addCollectionPath, body)) {
      case ApiReply.NoToken(TokenReply why) ->
          new CollectionReply.Refused(codeOf(why), ApiCalls.text(why));
      case ApiReply.NotSent(String why) -> new CollectionReply.Unreachable(why);
      case ApiReply.NoAnswer(String why) -> new CollectionReply.Unreachable(why);
      case ApiReply.NoErrcode answer ->
          new CollectionReply.Refused(-1, "HTTP " + answer.status() + " without an errcode");
      case ApiReply.Errcode(int code, String message, JsonNode _) ->
          code == 0 ? new CollectionReply.Done() : new CollectionReply.Refused(code, message);
    };
  }

  private static int codeOf(TokenReply why) {
    return switch (why) {
      case TokenReply.Token _, TokenReply.NoToken _ -> ErrorCode.ACCESS_TOKEN_MISSING.code();
      case TokenReply.UnknownApp _ -> ErrorCode.INVALID_APPID.code();
    };
  }

  private UploadReply send(UploadLink link, String path, Path file, LongConsumer sent)
      throws IOException, InterruptedException {
    AtomicLong progress = new AtomicLong();
    UploadForm form = UploadForm.of(link, path, file);
    UploadExchange exchange =
        new UploadExchange(
            link.url(),
            form,
            bytes -> {
              progress.set(bytes);
              sent.accept(bytes);
            });
    FutureTask<UploadExchange.Answer> answer =
        new FutureTask<>(() -> exchange.run(settings.ca(), settings.timeout()));
    // Only a virtual thread can be interrupted out of socket reads.
    Thread.ofVirtual().name("answer of " + link.address()).start(answer);
    try {
      UploadExchange.Answer said = await(answer, progress);
      return said.taken()
          ? new UploadReply.Uploaded(form.fileBytes())
          : new UploadReply.UploadRefused(
              said.status(), codeIn(said.body()), messageIn(said.body(), link));
    } catch (TimeoutException stalled) {
      return new UploadReply.Unreachable(
          "%s took no byte and gave no answer for %d s, %d of %d bytes were sent"
              .formatted(
                  link.address(), longestStall.toSeconds(), progress.get(), form.fileBytes()));
    } catch (ExecutionException broken) {
      return new UploadReply.Unreachable(
          "the upload to %s broke after %d of %d bytes: %s"
              .formatted(link.address(), progress.get(), form.fileBytes(), Poster.cause(broken)));
    } finally {
      answer.cancel(true);
    }
  }

  /** The answer, waited for as long as the upload moves. */
  private <T> T await(Future<T> answer, AtomicLong progress)
      throws InterruptedException, ExecutionException, TimeoutException {
    long seen = -1;
    long movedAt = System.nanoTime();
    while (true) {
      try {
        return answer.get(LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS);
      } catch (TimeoutException notYet) {
        long now = progress.get();
        if (now != seen) {
          seen = now;
          movedAt = System.nanoTime();
        } else if (System.nanoTime() - movedAt > longestStall.toNanos()) {
          throw notYet;
        }
      }
    }
  }

  /** The storage's word for a refusal; empty when its answer has none. */
  static String codeIn(String xml) {
    return found(CODE, xml);
  }

  private static String found(Pattern pattern, String xml) {
    Matcher text = pattern.matcher(xml);
    return text.find() ? text.group(1) : "";
  }

  /** A storage may quote what it was sent. */
  private static String messageIn(String xml, UploadLink link) {
    String message =
        found(MESSAGE, xml).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    for (String secret : link.secrets()) {
      message = message.replace(secret, "***");
    }
    return message.replaceAll("\\p{Cntrl}+", " ").strip();
  }

  @Override
  public void close() {
    calls.close();
  }
}
