package io.dbimport.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.dbimport.FileType;
import io.dbimport.engine.FileMending.Mend;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files in other encodings, as mending turns them into UTF-8. */
final class ReencodedTest {
  private static final Charset GB18030 = Charset.forName("GB18030");
  private static final Charset GBK = Charset.forName("GBK");

  private Map<Mend, Long> done = Map.of();

  private String mended(byte[] file, @Nullable Encoding said) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    done = FileMending.copy(new ByteArrayInputStream(file), FileType.CSV, said, out);
    return out.toString(StandardCharsets.UTF_8);
  }

  private Problem refused(byte[] file, @Nullable Encoding said) {
    WrongEncoding wrong = catchThrowableOfType(WrongEncoding.class, () -> mended(file, said));
    assertThat(wrong).isNotNull();
    assertThat(wrong.problem().kind()).isEqualTo(ProblemKind.NOT_UTF_8);
    return wrong.problem();
  }

  private static byte[] bytes(int... bytes) {
    byte[] all = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      all[i] = (byte) bytes[i];
    }
    return all;
  }

  private static byte[] utf16(String text, boolean little) {
    return ("\ufeff" + text)
        .getBytes(little ? StandardCharsets.UTF_16LE : StandardCharsets.UTF_16BE);
  }

  /** Longer than any block, in characters of all lengths, so that some lie across blocks. */
  private static String longText(String characters) {
    Random random = new Random(7);
    int[] all = characters.codePoints().toArray();
    StringBuilder text = new StringBuilder("_id,名\n");
    for (int i = 0; i < 100_000; i++) {
      text.appendCodePoint(all[random.nextInt(all.length)]);
    }
    return text.append('\n').toString();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void utf16WithItsMarkIsTurnedIntoUtf8(boolean little) throws IOException {
    String text = longText("aé中文字𝄞😀");

    assertThat(mended(utf16(text, little), null)).isEqualTo(text);
    assertThat(done).isEqualTo(Map.of(Mend.UTF_16, 1L));
  }

  @ParameterizedTest
  @EnumSource(Encoding.class)
  void gbkIsTurnedIntoUtf8IfItIsSaid(Encoding said) throws IOException {
    String text = longText("a中文字北京上海");

    assertThat(mended(text.getBytes(GBK), said)).isEqualTo(text);
    assertThat(done).isEqualTo(Map.of(Mend.GB18030, 1L));
  }

  @Test
  void gb18030HasEveryCharacter() throws IOException {
    String text = longText("aé中文字𝄞😀한");

    assertThat(mended(text.getBytes(GB18030), Encoding.GB18030)).isEqualTo(text);
  }

  @Test
  void whatIsNotSaidIsLeftAsItIs() throws IOException {
    byte[] file = "_id\n北京\n".getBytes(GBK);

    ByteArrayOutputStream out = new ByteArrayOutputStream();
    assertThat(FileMending.copy(new ByteArrayInputStream(file), FileType.CSV, null, out)).isEmpty();
    assertThat(out.toByteArray()).isEqualTo(file);
  }

  @Test
  void aFileOfAsciiAloneIsTheSameInGbk() throws IOException {
    assertThat(mended("_id\na\n".getBytes(GBK), Encoding.GBK)).isEqualTo("_id\na\n");
    assertThat(mended(new byte[0], Encoding.GBK)).isEmpty();
    assertThat(mended(bytes(0xFF, 0xFE), null)).isEmpty();
  }

  @Test
  void bytesThatAreNotInTheEncodingAreToldWithTheirPlace() {
    byte[] start = "_id\n北京,".getBytes(GBK);
    byte[] file = java.util.Arrays.copyOf(start, start.length + 2);
    file[start.length] = (byte) 0xFF;
    file[start.length + 1] = 'x';

    Problem problem = refused(file, Encoding.GBK);

    assertThat(problem.line()).isEqualTo(2);
    assertThat(problem.column()).isEqualTo(4);
    assertThat(problem.what()).isEqualTo("0xFF is not GB18030");
  }

  @Test
  void aCharacterThatIsCutOffIsNoCharacter() {
    assertThat(refused(bytes('a', 0xB1), Encoding.GBK).what()).isEqualTo("0xB1 is not GB18030");
    assertThat(refused(bytes(0xFF, 0xFE, 'a', 0, 'b'), null).what())
        .isEqualTo("0x62 is not UTF-16LE");
    assertThat(refused(bytes(0xFE, 0xFF, 0, 'a', 0xDC, 0), null).column()).isEqualTo(2);
  }

  @Test
  void utf8IsNotTakenForGbk() throws IOException {
    String text = longText("a中文字");
    assertThat(refused(text.getBytes(StandardCharsets.UTF_8), Encoding.GBK).what())
        .isEqualTo("the file is UTF-8 already");
    byte[] late = ("x".repeat(100_000) + "中").getBytes(StandardCharsets.UTF_8);
    assertThat(refused(late, Encoding.GBK).what()).isEqualTo("the file is UTF-8 already");
    // Bytes that are both, and short: who says that it is GBK is believed.
    assertThat(mended("联通\n".getBytes(GBK), Encoding.GBK)).isEqualTo("联通\n");
  }

  @Test
  void whatBeginsAsUtf16IsNotGbk() {
    assertThat(refused(utf16("_id\n", true), Encoding.GBK).what())
        .isEqualTo("the file begins as UTF-16 does, and is not GBK");
  }

  @Test
  void utf32IsLeftAsItIs() throws IOException {
    byte[] file = bytes(0xFF, 0xFE, 0, 0, 'a', 0, 0, 0);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    assertThat(FileMending.copy(new ByteArrayInputStream(file), FileType.CSV, null, out)).isEmpty();
    assertThat(out.toByteArray()).isEqualTo(file);
  }
}
