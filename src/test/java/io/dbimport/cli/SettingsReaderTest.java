package io.dbimport.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.cli.SettingsReader.Reading;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsReaderTest {
  @TempDir private Path folder = Path.of("");

  @Test
  void withNothingGivenTheDefaultsHold() {
    Settings settings = good(Map.of(), Map.of(), null);
    assertThat(settings.text(Setting.KAFKA_BOOTSTRAP_SERVERS)).isEqualTo("localhost:9092");
    assertThat(settings.duration(Setting.RETRY_FOR)).isEqualTo(Duration.ofMinutes(15));
    assertThat(settings.number(Setting.MAX_IN_FLIGHT)).isEqualTo(256);
    assertThat(settings.optional(Setting.DATABASE_URL)).isEmpty();
    assertThat(settings.isSet(Setting.TICK)).isFalse();
  }

  @Test
  void aFlagGoesBeforeTheEnvironmentAndThatBeforeTheFile() throws IOException {
    Path file = file("tick=40ms\nretry.for=1m\ngroup.id=from-file\nkafka.security.protocol=SSL\n");
    Settings settings =
        good(
            Map.of("TICK", "60ms"),
            Map.of(
                "DBIMPORT_TICK", "50ms",
                "DBIMPORT_RETRY_FOR", "2m",
                "DBIMPORT_KAFKA_SECURITY_PROTOCOL", "SASL_SSL"),
            file);
    assertThat(settings.duration(Setting.TICK)).isEqualTo(Duration.ofMillis(60));
    assertThat(settings.duration(Setting.RETRY_FOR)).isEqualTo(Duration.ofMinutes(2));
    assertThat(settings.text(Setting.GROUP_ID)).isEqualTo("from-file");
    assertThat(settings.kafka())
        .hasEntrySatisfying(
            "security.protocol",
            value -> assertThat(value.origin()).isEqualTo("DBIMPORT_KAFKA_SECURITY_PROTOCOL"));
  }

  @ParameterizedTest
  @CsvSource({
    "DBIMPORT_API_TIMOUT, did you mean DBIMPORT_API_TIMEOUT?",
    "DBIMPORT_TOPIC_PREFX, did you mean DBIMPORT_TOPIC_PREFIX?",
    "DBIMPORT_TOKEN_FIL, did you mean DBIMPORT_TOKEN_FILE?",
    "DBIMPORT_KAFKA_SECURITY_PROTOCOLL, did you mean security.protocol?",
    "DBIMPORT_SOMETHING_ELSE_ALTOGETHER, dbimport settings lists them",
  })
  void anUnknownSettingIsAnErrorThatSuggestsOne(String variable, String suggestion) {
    assertThat(problems(Map.of(), Map.of(variable, "x")))
        .singleElement()
        .asString()
        .startsWith(variable)
        .contains(suggestion);
  }

  @Test
  void anUnknownKeyOfTheFileIsSpeltAsTheFileSpellsKeys() throws IOException {
    Path file = file("api.timout=3s\n");
    assertThat(((Reading.Bad) SettingsReader.read(Map.of(), Map.of(), file)).problems())
        .containsExactly(
            "api.timout in " + file + ": there is no such setting; did you mean api.timeout?");
  }

  @Test
  void allProblemsAreToldAtOnce() {
    assertThat(
            problems(
                Map.of("TICK", "soon"),
                Map.of(
                    "DBIMPORT_API_URL", "ftp://somewhere",
                    "DBIMPORT_MAX_IN_FLIGHT", "0",
                    "DBIMPORT_WORKER_PORT", "70000",
                    "DBIMPORT_API_FAMILY", "both",
                    "DBIMPORT_GROUP_ID", "")))
        .hasSize(6)
        .anySatisfy(p -> assertThat(p).startsWith("--tick: \"soon\" is not accepted; write a dur"))
        .anySatisfy(p -> assertThat(p).startsWith("DBIMPORT_API_URL: \"ftp://somewhere\""))
        .anySatisfy(p -> assertThat(p).contains("a whole number from 1 to 10000"))
        .anySatisfy(p -> assertThat(p).contains("a whole number from 0 to 65535"))
        .anySatisfy(p -> assertThat(p).contains("write component or app"))
        .anySatisfy(p -> assertThat(p).contains("is empty; leave it out instead"));
  }

  @Test
  void filesThatCannotBeUsedAreToldWithAllElse() throws IOException {
    String wrong = file("wrong").toString();
    assertThat(
            problems(
                Map.of("TICK", "soon"),
                Map.of(
                    "DBIMPORT_API_CA", wrong,
                    "DBIMPORT_APPS", wrong,
                    "DBIMPORT_SERVER_APPS", wrong,
                    "DBIMPORT_SERVER_TLS_CERT", wrong,
                    "DBIMPORT_SERVER_TLS_KEY", wrong,
                    "DBIMPORT_TOKEN_FILE", folder + "/absent")))
        .hasSize(6)
        .anySatisfy(p -> assertThat(p).startsWith("--tick: "))
        .anySatisfy(p -> assertThat(p).startsWith("DBIMPORT_TOKEN_FILE: no secret can be read"))
        .anySatisfy(p -> assertThat(p).startsWith("DBIMPORT_API_CA: no certificate"))
        .anySatisfy(p -> assertThat(p).startsWith("DBIMPORT_APPS: " + wrong + " is not JSON"))
        .anySatisfy(p -> assertThat(p).startsWith("DBIMPORT_SERVER_APPS: " + wrong + " is not"))
        .anySatisfy(p -> assertThat(p).startsWith("DBIMPORT_SERVER_TLS_CERT: " + wrong + " and "));
    assertThat(
            problems(
                Map.of("TICK", "soon"),
                Map.of(
                    "DBIMPORT_API_CA", "absent-1",
                    "DBIMPORT_APPS", "absent-2",
                    "DBIMPORT_SERVER_APPS", "absent-3",
                    "DBIMPORT_SERVER_TLS_CERT", "absent-4",
                    "DBIMPORT_SERVER_TLS_KEY", folder.toString())))
        .hasSize(6)
        .anySatisfy(p -> assertThat(p).isEqualTo("DBIMPORT_API_CA: absent-1 is not there"))
        .anySatisfy(p -> assertThat(p).startsWith("DBIMPORT_APPS: absent-2 "))
        .anySatisfy(p -> assertThat(p).isEqualTo("DBIMPORT_SERVER_APPS: absent-3 is not there"))
        .anySatisfy(p -> assertThat(p).isEqualTo("DBIMPORT_SERVER_TLS_CERT: absent-4 is not there"))
        .anySatisfy(p -> assertThat(p).startsWith("DBIMPORT_SERVER_TLS_KEY: ").contains("folder"));
  }

  @Test
  void whatIsRefusedIsComparedWithNothing() {
    assertThat(
            problems(
                Map.of(),
                Map.of(
                    "DBIMPORT_RETRY_INITIAL", "5m",
                    "DBIMPORT_RETRY_MAX", "long",
                    "DBIMPORT_STORAGE", "s4://abc",
                    "DBIMPORT_STORAGE_ENDPOINT", "http://localhost:9000",
                    "DBIMPORT_SERVER_TLS_CERT", "",
                    "DBIMPORT_SERVER_TLS_KEY", "absent")))
        .satisfiesExactlyInAnyOrder(
            p -> assertThat(p).startsWith("DBIMPORT_RETRY_MAX: \"long\" is not accepted"),
            p -> assertThat(p).startsWith("DBIMPORT_STORAGE: \"s4://abc\" is not accepted"),
            p -> assertThat(p).startsWith("DBIMPORT_SERVER_TLS_CERT: is empty"),
            p -> assertThat(p).isEqualTo("DBIMPORT_SERVER_TLS_KEY: absent is not there"));
  }

  @Test
  void aPathThatIsNoneIsRefused() throws IOException {
    Path file = file("api.ca=a\\u0000b\nserver.link.secret.file=a\\u0000b\nstorage=file:\\u0000\n");
    assertThat(((Reading.Bad) SettingsReader.read(Map.of(), Map.of(), file)).problems())
        .hasSize(3)
        .anySatisfy(p -> assertThat(p).startsWith("api.ca in "))
        .anySatisfy(p -> assertThat(p).startsWith("server.link.secret.file in "))
        .anySatisfy(p -> assertThat(p).startsWith("storage in "))
        .allSatisfy(p -> assertThat(p).contains("is no path of a file"));
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "64KB, 65536", "500MB, 524288000", "20GB, 21474836480", "2TB, 2199023255552"})
  void aSizeIsANumberOfBytesOrOfAUnit(String text, long bytes) {
    assertThat(Format.bytes(text)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "0GB", "-1", "1.5GB", "5 GB", "5gb", "GB", "1000000GB", "many"})
  void whatIsNoSizeIsRefused(String text) {
    assertThat(problems(Map.of(), Map.of("DBIMPORT_STORAGE_QUOTA", text))).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource({
    "DBIMPORT_CONSOLE_PORT, 8090",
    "DBIMPORT_CONSOLE_PASSWORD, word",
  })
  void aValueWhoseFeatureIsNotBuiltYetIsRefused(String variable, String value) {
    assertThat(problems(Map.of(), Map.of(variable, value)))
        .singleElement()
        .asString()
        .startsWith(variable)
        .contains("is not built yet")
        .doesNotContain("\"word\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"s3://abc", "s3://a-b.c-1/in/2026/", "s3://abc/", "file:x"})
  void uploadsLieInAFolderOrABucket(String where) {
    assertThat(SettingsReader.read(Map.of(), Map.of("DBIMPORT_STORAGE", where), null))
        .isInstanceOf(Reading.Good.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "file:",
        "/data",
        "s3:abc",
        "s3://",
        "s3://ab",
        "s3://Abc",
        "s3://a_b",
        "s3://-ab",
        "s3://abc//x",
        "s3://abc/../x",
        "s3://key:secret@abc",
        "s3://abc/a\\b"
      })
  void whatIsNoPlaceForUploadsIsRefused(String where) {
    assertThat(problems(Map.of(), Map.of("DBIMPORT_STORAGE", where)))
        .singleElement()
        .asString()
        .startsWith("DBIMPORT_STORAGE: ")
        .contains("is not accepted");
  }

  @Test
  void anEndpointIsForABucketAlone() {
    Map<String, String> endpoint = Map.of("DBIMPORT_STORAGE_ENDPOINT", "http://localhost:9000");
    assertThat(problems(Map.of(), endpoint))
        .containsExactly(
            "DBIMPORT_STORAGE_ENDPOINT: has no use unless DBIMPORT_STORAGE is s3://BUCKET/PREFIX");
    assertThat(SettingsReader.read(Map.of("STORAGE", "s3://abc"), endpoint, null))
        .isInstanceOf(Reading.Good.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {".", "..", "a/b", "good,/", "pg_x", "public", "good, dbimport"})
  void whatIsNoEnvironmentIsRefusedWhereverItIsGiven(String names) throws IOException {
    Path file = file("server.environments=" + names);

    assertThat(problems(Map.of(), Map.of("DBIMPORT_SERVER_ENVIRONMENTS", names)))
        .singleElement()
        .asString()
        .startsWith("DBIMPORT_SERVER_ENVIRONMENTS: ")
        .contains(
            "\"" + names.replaceFirst("good,\\s*", "") + "\" is no environment, one is 1 to 63")
        .contains("without a slash");
    assertThat(problems(Map.of("SERVER_ENVIRONMENTS", names), Map.of()))
        .singleElement()
        .asString()
        .startsWith("--server-environments: ");
    assertThat(((Reading.Bad) SettingsReader.read(Map.of(), Map.of(), file)).problems())
        .singleElement()
        .asString()
        .startsWith("server.environments in " + file);
  }

  @Test
  void aServerHasAnEnvironment() {
    assertThat(problems(Map.of(), Map.of("DBIMPORT_SERVER_ENVIRONMENTS", " , ")))
        .containsExactly("DBIMPORT_SERVER_ENVIRONMENTS: \",\" names no environment");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-1", "fast", "1e3", "1000001", "0.0", "5/s"})
  void aRateIsANumberOfCallsPerSecond(String wrong) {
    assertThat(problems(Map.of(), Map.of("DBIMPORT_RATE_TOTAL", wrong)))
        .singleElement()
        .asString()
        .contains("a number of calls per second above 0");
    assertThat(SettingsReader.read(Map.of(), Map.of("DBIMPORT_RATE_PER_ENV", "0.5"), null))
        .isNotInstanceOf(Reading.Bad.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "TRANSACTIONAL_ID",
        "ISOLATION_LEVEL",
        "ENABLE_AUTO_COMMIT",
        "ENABLE_IDEMPOTENCE",
        "ACKS",
        "GROUP_PROTOCOL",
        "GROUP_INSTANCE_ID",
        "AUTO_OFFSET_RESET"
      })
  void aKafkaPropertyThatCarriesAGuaranteeIsRefused(String name) {
    assertThat(problems(Map.of(), Map.of("DBIMPORT_KAFKA_" + name, "x")))
        .singleElement()
        .asString()
        .contains("the worker's guarantees rest on it");
  }

  @Test
  void aSecretComesFromAFileAndIsReadAgain() throws IOException {
    Path file = file("planted-secret-1\n");
    Settings settings = good(Map.of(), Map.of("DBIMPORT_TOKEN_FILE", file.toString()), null);
    Secret token = settings.secret(Setting.TOKEN).orElseThrow();
    assertThat(token.value()).isEqualTo("planted-secret-1");
    Files.writeString(file, "planted-secret-2");
    assertThat(token.value()).isEqualTo("planted-secret-2");
  }

  @Test
  void aSecretGivenTwiceOrInAnAbsentFileIsAnError() throws IOException {
    Path file = file("planted-secret-3");
    assertThat(
            problems(
                Map.of(),
                Map.of(
                    "DBIMPORT_TOKEN", "planted-secret-4", "DBIMPORT_TOKEN_FILE", file.toString())))
        .singleElement()
        .asString()
        .contains("give it one way only")
        .doesNotContain("planted-secret");
    assertThat(problems(Map.of(), Map.of("DBIMPORT_TOKEN_FILE", folder + "/absent")))
        .singleElement()
        .asString()
        .contains("no secret can be read from");
  }

  @Test
  void aFlagForASecretGoesBeforeTheEnvironmentWhicheverWayItIsGiven() throws IOException {
    Path file = file("planted-secret-5");
    Settings settings =
        good(
            Map.of("TOKEN_FILE", file.toString()),
            Map.of("DBIMPORT_TOKEN", "planted-secret-6"),
            null);
    assertThat(settings.secret(Setting.TOKEN).orElseThrow().value()).isEqualTo("planted-secret-5");
  }

  @Test
  void settingsThatDoNotFitEachOtherAreErrors() throws IOException {
    Path there = file("x");
    assertThat(problems(Map.of(), Map.of("DBIMPORT_SERVER_TLS_CERT", there.toString())))
        .singleElement()
        .asString()
        .contains("give both or neither");
    assertThat(problems(Map.of(), Map.of("DBIMPORT_RETRY_INITIAL", "5m")))
        .singleElement()
        .asString()
        .contains("DBIMPORT_RETRY_MAX");
    assertThat(problems(Map.of(), Map.of("DBIMPORT_API_CA", "absent.pem")))
        .singleElement()
        .asString()
        .contains("absent.pem is not there");
    assertThat(problems(Map.of(), Map.of("DBIMPORT_API_CA", there.toString())))
        .singleElement()
        .asString()
        .startsWith("DBIMPORT_API_CA: ")
        .contains("no certificate");
  }

  @Test
  void aFileThatIsNoneIsAnError() {
    assertThat(((Reading.Bad) SettingsReader.read(Map.of(), Map.of(), folder)).problems())
        .singleElement()
        .asString()
        .contains("cannot be read as a properties file");
  }

  private Path file(String text) throws IOException {
    return Files.writeString(Files.createTempFile(folder, "settings", ".txt"), text);
  }

  private static Settings good(
      Map<String, String> flags, Map<String, String> environment, @Nullable Path file) {
    return ((Reading.Good) SettingsReader.read(flags, environment, file)).settings();
  }

  private static List<String> problems(Map<String, String> flags, Map<String, String> environment) {
    return ((Reading.Bad) SettingsReader.read(flags, environment, null)).problems();
  }
}
