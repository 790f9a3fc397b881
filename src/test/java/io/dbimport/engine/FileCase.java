package io.dbimport.engine;

import io.dbimport.FileType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A case of the specification of a file format, from {@code spec/*-files.spec}: what a file gives.
 * Immutable.
 *
 * <p>A case begins with {@code === its id}, then a line with the source of its rule: {@code
 * official} is a page of the service's, {@code observed} what users met, by the keys of the
 * reference; {@code mongoimport} is what the tool does that the service resembles; {@code rfc};
 * {@code contract}; {@code ours} is this project's choice where those are silent. A line {@code
 * csv-numbers:} may follow. Then come these parts:
 *
 * <ul>
 *   <li>{@code --- file}: each line ends with LF. {@code «FF FE»} stands for bytes, {@code «3*x»}
 *       for xxx, and what follows {@code «no newline»} is not there.
 *   <li>{@code --- documents}: those that an import makes, a line each; without {@code _id} one is
 *       made. None when the part is not there, and so on.
 *   <li>{@code --- problems}: {@code line:column kind}, and perhaps part of the text. After {@code
 *       stop} an import goes no further.
 *   <li>{@code --- read on}: what is found by who reads on after that, as {@code check} does: how
 *       many documents in all, and the problems behind the first.
 *   <li>{@code --- conflicts}: {@code line:column} of documents whose {@code _id} an INSERT meets.
 * </ul>
 *
 * @param latin1 the file, a character a byte
 * @param stop whether the last of the problems ends an import
 */
record FileCase(
    String id,
    String source,
    FileType type,
    CsvNumbers numbers,
    String latin1,
    List<JsonNode> documents,
    List<Expected> problems,
    boolean stop,
    int documentsReadingOn,
    List<Expected> problemsReadingOn,
    List<String> conflicts) {

  private static final Set<String> SOURCES =
      Set.of("official", "observed", "mongoimport", "rfc", "contract", "ours");
  private static final Pattern TOKEN =
      Pattern.compile(
          "«(?:(?<bytes>[0-9A-F]{2}(?: [0-9A-F]{2})*)|(?<times>\\d+)\\*(?<text>[^»]+))»");

  /** The database writes all digits of 1e10000. */
  private static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNameLength(RecordReader.MAX_RECORD_BYTES)
                          .maxStringLength(RecordReader.MAX_RECORD_BYTES)
                          .maxNestingDepth(JsonDocument.MAX_DEPTH)
                          .maxNumberLength(20_000)
                          .build())
                  .build())
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build();

  /** Numbers are equal by value: the database keeps digits, not exponents. */
  private static final Comparator<JsonNode> BY_VALUE =
      (one, other) ->
          one.isNumber() && other.isNumber()
              ? one.decimalValue().compareTo(other.decimalValue())
              : one.equals(other) ? 0 : 1;

  /**
   * A problem.
   *
   * @param place {@code line:column}
   * @param text part of what it says
   */
  record Expected(String place, String kind, String text) {
    boolean is(Problem problem) {
      return place.equals(problem.line() + ":" + problem.column())
          && kind.equals(problem.kind().tag())
          && problem.what().contains(text);
    }
  }

  /** All cases of both types. */
  static Stream<FileCase> all() throws IOException {
    return Stream.concat(
        read("json-files.spec", FileType.JSON), read("csv-files.spec", FileType.CSV));
  }

  private static Stream<FileCase> read(String name, FileType type) throws IOException {
    try (InputStream in =
        Objects.requireNonNull(FileCase.class.getResourceAsStream("/spec/" + name))) {
      String all = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return Stream.of(all.split("(?m)^=== "))
          .skip(1)
          .map(text -> of(text, type))
          .toList()
          .stream();
    }
  }

  private static FileCase of(String text, FileType type) {
    Map<String, String> parts = new LinkedHashMap<>();
    String[] split = text.split("(?m)^--- ", -1);
    String[] head = split[0].strip().split("\n", -1);
    for (int i = 1; i < split.length; i++) {
      int end = split[i].indexOf('\n');
      parts.put(split[i].substring(0, end), split[i].substring(end + 1));
    }
    String id = head[0];
    if (!SOURCES.contains(head[1].replaceAll(":.*", ""))) {
      throw new IllegalArgumentException(id + ": no source: " + head[1]);
    }
    boolean last = parts.keySet().stream().reduce((a, b) -> b).orElseThrow().equals("file");
    String file = parts.getOrDefault("file", "");
    List<String> readOn = lines(parts, "read on");
    List<String> problems = lines(parts, "problems");
    boolean stop = problems.stream().anyMatch(line -> line.startsWith("stop "));
    List<JsonNode> documents =
        lines(parts, "documents").stream().map(line -> JSON.readTree(replaced(line))).toList();
    return new FileCase(
        id,
        head[1],
        type,
        head.length > 2
            ? CsvNumbers.valueOf(head[2].replaceAll(".*: ", "").toUpperCase(Locale.ROOT))
            : CsvNumbers.ALL,
        replaced(latin1(last ? withoutGap(file) : file)),
        documents,
        problems.stream().map(line -> expected(line.replaceFirst("^stop ", ""))).toList(),
        stop,
        readOn.isEmpty()
            ? documents.size()
            : Integer.parseInt(readOn.getFirst().replaceFirst("documents ", "")),
        readOn.stream().skip(1).map(FileCase::expected).toList(),
        lines(parts, "conflicts"));
  }

  /** The blank line, or the comment, before the next case. */
  private static String withoutGap(String file) {
    return file.replaceFirst("\n(# .*\n\n)?$", "");
  }

  private static List<String> lines(Map<String, String> parts, String part) {
    return parts
        .getOrDefault(part, "")
        .lines()
        .filter(line -> !line.isBlank() && !line.startsWith("# "))
        .toList();
  }

  private static Expected expected(String line) {
    String[] words = line.split(" ", 3);
    return new Expected(words[0], words[1], words.length > 2 ? words[2] : "");
  }

  /** UTF-8 as one character a byte, tokens left alone. */
  private static String latin1(String text) {
    String whole = text.replaceFirst("(?s)«no newline».*", "");
    return new String(whole.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1)
        .replace("Â«", "«")
        .replace("Â»", "»");
  }

  private static String replaced(String text) {
    return TOKEN.matcher(text).replaceAll(FileCase::replacement);
  }

  private static String replacement(MatchResult token) {
    String bytes = token.group("bytes");
    String replacement =
        bytes == null
            ? token.group("text").repeat(Integer.parseInt(token.group("times")))
            : new String(HexFormat.ofDelimiter(" ").parseHex(bytes), StandardCharsets.ISO_8859_1);
    return Matcher.quoteReplacement(replacement);
  }

  byte[] file() {
    return latin1.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** The problems that a reader finds that does not stop. */
  List<Expected> allProblems() {
    List<Expected> all = new ArrayList<>(problems);
    all.addAll(problemsReadingOn);
    return all;
  }

  /** Records that cannot become documents, in an import. */
  long bad() {
    return (long) problems.size() - (stop ? 1 : 0);
  }

  /** Whether this is the document of the case, a generated {@code _id} aside. */
  static boolean same(JsonNode expected, String document) {
    ObjectNode found = (ObjectNode) JSON.readTree(document);
    if (!expected.has("_id")) {
      JsonNode generated = found.remove("_id");
      if (generated == null || !generated.asString().matches("[0-9a-f]{32}")) {
        return false;
      }
    }
    return expected.equals(BY_VALUE, found);
  }

  @Override
  public String toString() {
    return type + " " + id;
  }
}
