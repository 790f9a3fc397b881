package io.dbimport.engine;

import io.dbimport.engine.FileMending.Mend;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A text in UTF-8 made of one in another encoding, in memory that does not grow with it. What is
 * not in that encoding ends it with a {@link WrongEncoding}: no character is made up. Not
 * thread-safe.
 */
final class Reencoded extends InputStream {
  private static final Charset GB18030 = Charset.forName("GB18030");

  /**
   * A file's bytes as UTF-8.
   *
   * @param done what was done for that; empty when they are left as they are
   */
  record Text(InputStream in, Optional<Mend> done) {}

  private final InputStream in;
  private final CharsetDecoder decoder;
  private final boolean mayBeUtf8;
  private final ByteBuffer bytes = ByteBuffer.allocate(FileBytes.BLOCK);
  private final CharBuffer chars = CharBuffer.allocate(FileBytes.BLOCK);
  private byte[] out = {};
  private int at;
  private boolean ended;
  private boolean looked;
  private long line = 1;
  private long column = 1;

  private Reencoded(InputStream in, Charset charset, boolean mayBeUtf8) {
    this.in = in;
    this.mayBeUtf8 = mayBeUtf8;
    this.decoder =
        charset
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
  }

  /**
   * Turns into UTF-8 what a byte order mark says is UTF-16, and what somebody says is in GBK.
   *
   * @param said the encoding that the file is said to be in; null when nothing is known about it
   */
  static Text of(InputStream file, @Nullable Encoding said) throws IOException {
    PushbackInputStream in = new PushbackInputStream(file, 4);
    byte[] first = in.readNBytes(4);
    Optional<Charset> utf16 = utf16(first);
    int mark = utf16.isPresent() ? 2 : 0;
    in.unread(first, mark, first.length - mark);
    if (said == null) {
      return utf16
          .map(charset -> new Text(new Reencoded(in, charset, false), Optional.of(Mend.UTF_16)))
          .orElse(new Text(in, Optional.empty()));
    }
    Optional<String> other = Encodings.other(first, 0, first.length);
    if (other.isPresent()) {
      throw wrong(1, 1, "the file begins as %s does, and is not %s".formatted(other.get(), said));
    }
    return new Text(new Reencoded(in, GB18030, true), Optional.of(Mend.GB18030));
  }

  private static Optional<Charset> utf16(byte[] first) {
    // UTF-32 has the same mark and two zeros.
    boolean utf32 = first.length == 4 && first[2] == 0 && first[3] == 0;
    if (first.length < 2 || utf32) {
      return Optional.empty();
    }
    return switch ((first[0] & 0xFF) << 8 | (first[1] & 0xFF)) {
      case 0xFFFE -> Optional.of(StandardCharsets.UTF_16LE);
      case 0xFEFF -> Optional.of(StandardCharsets.UTF_16BE);
      default -> Optional.empty();
    };
  }

  @Override
  public int read() throws IOException {
    return more() ? out[at++] & 0xFF : -1;
  }

  @Override
  public int read(byte[] into, int from, int length) throws IOException {
    if (length > 0 && !more()) {
      return -1;
    }
    int taken = Math.min(length, out.length - at);
    System.arraycopy(out, at, into, from, taken);
    at += taken;
    return taken;
  }

  private boolean more() throws IOException {
    while (at == out.length) {
      if (ended) {
        return false;
      }
      out = next().getBytes(StandardCharsets.UTF_8);
      at = 0;
    }
    return true;
  }

  private String next() throws IOException {
    int room = bytes.remaining();
    int read = in.readNBytes(bytes.array(), bytes.position(), room);
    ended = read < room;
    bytes.position(bytes.position() + read).flip();
    if (mayBeUtf8 && !looked) {
      refuseUtf8();
    }
    CoderResult result = decoder.decode(bytes, chars, ended);
    String text = chars.flip().toString();
    chars.clear();
    text.codePoints().forEach(this::pass);
    if (result.isError()) {
      int left = Math.min(result.length(), bytes.remaining());
      StringBuilder what = new StringBuilder();
      for (int i = 0; i < left; i++) {
        what.append(" 0x%02X".formatted(bytes.get(bytes.position() + i)));
      }
      throw wrong(line, column, "%s is not %s".formatted(what.substring(1), decoder.charset()));
    }
    bytes.compact();
    return text;
  }

  private void pass(int character) {
    line += character == '\n' ? 1 : 0;
    column = character == '\n' ? 1 : column + 1;
  }

  /**
   * Chinese in UTF-8 reads as GB18030 as well, and means something else. What is UTF-8 as a whole,
   * with characters of three bytes, is hardly ever anything else: the first block that tells is
   * looked at.
   */
  private void refuseUtf8() throws WrongEncoding {
    int longest = 0;
    for (int i = 0; i < bytes.limit(); ) {
      int length = bytes.get(i) >= 0 ? 1 : Utf8.length(bytes.array(), i, bytes.limit());
      boolean cutOff = length == 0 && !ended && bytes.limit() - i < 4;
      if (length == 0 && !cutOff) {
        looked = true;
        return;
      }
      longest = Math.max(longest, length);
      i += Math.max(1, length);
    }
    looked = longest > 1;
    if (longest > 2) {
      throw new WrongEncoding(
          new Problem(ProblemKind.NOT_UTF_8, line, column, "the file is UTF-8 already"), true);
    }
  }

  private static WrongEncoding wrong(long line, long column, String what) {
    return new WrongEncoding(new Problem(ProblemKind.NOT_UTF_8, line, column, what), false);
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
