package io.dbimport.dev;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The sample files that come with the program. Stateless. */
final class Samples {
  static final String COUNTRIES = "countries.jsonl";
  static final String COUNTRIES_WITH_ERRORS = "countries-with-errors.jsonl";
  static final String EARTHQUAKES = "earthquakes.jsonl";
  static final String AIRPORTS = "airports.csv";

  static final List<String> ALL = List.of(COUNTRIES, COUNTRIES_WITH_ERRORS, EARTHQUAKES, AIRPORTS);

  private Samples() {}

  /** Unpacks a sample into the folder. */
  static Path unpack(String name, Path folder) throws IOException {
    try (InputStream in = Samples.class.getResourceAsStream("/samples/" + name)) {
      if (in == null) {
        throw new FileNotFoundException("there is no sample " + name);
      }
      Path file = Files.createDirectories(folder).resolve(name);
      Files.copy(in, file);
      return file;
    }
  }
}
