package io.dbimport.cli;

import io.dbimport.FileType;
import io.dbimport.engine.FileCheck;
import io.dbimport.engine.FileMending.Mend;
import io.dbimport.engine.Problem;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** A check for programs: one JSON object, a problem a line. Confined to one command. */
final class CheckAsJson implements CheckReport {
  private final Screen screen;
  private boolean first = true;
  private boolean firstFile = true;
  private boolean good = true;
  private String mended = "";

  CheckAsJson(Screen screen) {
    this.screen = screen;
    screen.line("{\"files\": [");
  }

  @Override
  public void begin(String file, FileType type) {
    screen.line(
        "%s{\"file\": %s, \"type\": %s, \"problems\": ["
            .formatted(
                firstFile ? "" : ",",
                Json.compact(file),
                Json.compact(type.name().toLowerCase(Locale.ROOT))));
    firstFile = false;
    first = true;
  }

  @Override
  public void problem(Problem problem) {
    screen.line((first ? "  " : "  ,") + Json.compact(problem.fields()));
    first = false;
  }

  @Override
  public void end(FileCheck check) {
    good &= check.good();
    screen.line(
        ("], \"records\": %d, \"refused\": %d, \"without_id\": %d, \"repeated_id\": %d,"
                + " \"uncompared_id\": %d, \"other_separator\": %s, \"readable\": %b,"
                + " \"good\": %b}")
            .formatted(
                check.records(),
                check.bad(),
                check.withoutId(),
                check.repeated(),
                check.unremembered(),
                Json.compact(check.otherSeparator()),
                check.readable(),
                check.good()));
  }

  @Override
  public void mended(String into, Map<Mend, Long> done) {
    List<Map<String, Object>> all = new ArrayList<>();
    new TreeMap<>(done)
        .forEach((mend, times) -> {
          Map<String, Object> one = new LinkedHashMap<>();
          one.put("kind", mend.name().toLowerCase(Locale.ROOT).replace('_', '-'));
          one.put("times", times);
          one.put("done", mend.done());
          all.add(one);
        });
    mended =
        "\"mended\": {\"file\": %s, \"done\": %s}, "
            .formatted(Json.compact(into), Json.compact(all));
    good = true;
  }

  @Override
  public void close() {
    screen.line("], %s\"good\": %b}".formatted(mended, good));
  }
}
