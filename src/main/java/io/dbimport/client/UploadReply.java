package io.dbimport.client;

/** What one upload gave. Immutable; holds no token and no signature. */
public sealed interface UploadReply {

  /**
   * The file lies in the environment's storage.
   *
   * @param bytes its length
   */
  record Uploaded(long bytes) implements UploadReply {}

  /**
   * The API gave no upload link; the file was not sent.
   *
   * @param errcode the API's code, or -1 for an answer without one
   * @param errmsg the API's text as it came, or what the answer was
   */
  record LinkRefused(int errcode, String errmsg) implements UploadReply {}

  /**
   * The storage did not take the file.
   *
   * @param status HTTP
   * @param code the storage's own word for it, such as {@code RequestHasExpired}; empty when it
   *     gave none
   * @param message the storage's own text, with nothing of the link in it; empty when it gave none
   */
  record UploadRefused(int status, String code, String message) implements UploadReply {

    /** All of it in a line, for people. */
    public String text() {
      return ("HTTP " + status + " " + code + (message.isEmpty() ? "" : ": " + message)).strip();
    }
  }

  /**
   * There was no whole answer. Uploading again does no harm.
   *
   * @param why what failed, for people
   */
  record Unreachable(String why) implements UploadReply {}
}
