package io.dbimport;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The rooms: each may use those above it, and the libraries named for it. */
class HouseRulesTest {
  private static final String ROOT = "io.dbimport";

  /** What every room may use. */
  private static final List<String> EVERYWHERE =
      List.of("java..", "javax.net.ssl..", "javax.sql..", "javax.crypto..", "org.jspecify..");

  private static final List<String> HELIDON_COMMON =
      List.of("io.helidon.common..", "io.helidon.http..");
  private static final List<String> LOGGING = List.of("org.slf4j..");
  private static final List<String> METERS = List.of("io.micrometer..");
  private static final List<String> JSON = List.of("tools.jackson..");

  /** Room to its libraries, top to bottom. */
  private static final Map<String, List<String>> ROOMS = rooms();

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages(ROOT);

  private static Map<String, List<String>> rooms() {
    Map<String, List<String>> rooms = new LinkedHashMap<>();
    rooms.put(ROOT, List.of());
    rooms.put(ROOT + ".event", all(LOGGING, METERS, JSON));
    rooms.put(ROOT + ".worker", LOGGING);
    rooms.put(ROOT + ".kafka", all(LOGGING, METERS, List.of("org.apache.kafka..")));
    rooms.put(
        ROOT + ".client",
        all(LOGGING, METERS, JSON, HELIDON_COMMON, List.of("io.helidon.webclient..")));
    rooms.put(
        ROOT + ".engine",
        all(
            LOGGING,
            METERS,
            JSON,
            List.of("org.postgresql..", "com.zaxxer.hikari..", "software.amazon.awssdk..")));
    rooms.put(
        ROOT + ".server",
        all(
            LOGGING,
            METERS,
            JSON,
            HELIDON_COMMON,
            List.of(
                "io.helidon.webserver..",
                "io.prometheus..",
                "org.apache.commons.fileupload2..",
                "org.apache.commons.io..")));
    rooms.put(
        ROOT + ".cli",
        all(
            LOGGING,
            METERS,
            JSON,
            List.of(
                "picocli..",
                "org.jline..",
                "ch.qos.logback..",
                "org.apache.kafka..",
                "com.zaxxer.hikari..")));
    rooms.put(
        ROOT + ".dev",
        all(
            LOGGING,
            List.of(
                "picocli..",
                "kafka.server..",
                "scala..",
                "org.apache.kafka..",
                "io.zonky.test..",
                "org.bouncycastle..")));
    return rooms;
  }

  @SafeVarargs
  private static List<String> all(List<String>... lists) {
    List<String> all = new ArrayList<>();
    for (List<String> list : lists) {
      all.addAll(list);
    }
    return all;
  }

  @TestFactory
  List<DynamicTest> aRoomUsesOnlyThoseAboveItAndItsLibraries() {
    List<DynamicTest> tests = new ArrayList<>();
    List<String> allowed = new ArrayList<>(EVERYWHERE);
    ROOMS.forEach((room, libraries) -> {
      allowed.add(room);
      List<String> mayUse = new ArrayList<>(allowed);
      mayUse.addAll(libraries);
      tests.add(
          DynamicTest.dynamicTest(
              room,
              () ->
                  classes()
                      .that()
                      .resideInAPackage(room)
                      .should()
                      .onlyDependOnClassesThat(
                          DescribedPredicate.describe(
                              "in " + mayUse,
                              (JavaClass used) -> isIn(used.getBaseComponentType(), mayUse)))
                      .check(CLASSES)));
    });
    return tests;
  }

  @Test
  void everyClassIsInARoom() {
    assertThat(CLASSES)
        .hasSizeGreaterThan(100)
        .allSatisfy(c -> assertThat(ROOMS).containsKey(c.getPackageName()));
  }

  @Test
  void onlyTheProgramItselfPrints() {
    noClasses()
        .that()
        .resideOutsideOfPackages(ROOT + ".cli", ROOT + ".dev")
        .should()
        .accessField(System.class, "out")
        .orShould()
        .accessField(System.class, "err")
        .check(CLASSES);
  }

  @Test
  void theWorkerReadsNoClockOfItsOwn() {
    noClasses()
        .that()
        .resideInAPackage(ROOT + ".worker")
        .should()
        .callMethod(java.time.Instant.class, "now")
        .orShould()
        .callMethod(System.class, "nanoTime")
        .orShould()
        .callMethod(System.class, "currentTimeMillis")
        .check(CLASSES);
  }

  private static boolean isIn(JavaClass used, List<String> packages) {
    return used.isPrimitive()
        || packages.stream()
            .anyMatch(name ->
                name.endsWith("..")
                    ? used.getPackageName().equals(name.substring(0, name.length() - 2))
                        || used.getPackageName().startsWith(name.substring(0, name.length() - 1))
                    : used.getPackageName().equals(name));
  }
}
