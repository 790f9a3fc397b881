package io.dbimport.engine;

import static io.dbimport.engine.ProblemKind.AMBIGUOUS_KEY;
import static io.dbimport.engine.ProblemKind.KEY_DOLLAR;
import static io.dbimport.engine.ProblemKind.KEY_DOTS;
import static io.dbimport.engine.ProblemKind.REPEATED_KEY;
import static io.dbimport.engine.ProblemKind.TOO_DEEP;

import io.dbimport.engine.JsonScanner.Expected;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * Parses one record in one pass: checks JSON's grammar and the rules of the import page (keys,
 * repeated and ambiguous names, extended JSON), and writes the document anew without blanks.
 * Numbers and texts stay as they were written; extended JSON is brought to its relaxed form. Used
 * for record after record; not thread-safe.
 */
final class JsonDocument {
  static final int MAX_DEPTH = 500;

  /** From so many keys on an object's names are kept in a set. */
  private static final int FEW_KEYS = 32;

  private final JsonScanner scanner = new JsonScanner();
  private final ByteText out = scanner.out();
  private int depth;
  private boolean dotted;
  private Span id = Span.NONE;

  // The names in the objects that are open, as they stand in the output.
  private int[] nameFrom = new int[64];
  private int[] nameTo = new int[64];
  private int[] nameHash = new int[64];
  private int names;

  /**
   * Where a value stands.
   *
   * @param at index in the input
   * @param from in the output
   * @param to in the output, exclusive
   */
  record Span(int at, int from, int to) {
    static final Span NONE = new Span(0, 0, 0);
  }

  /** Reads the object that these bytes are. */
  void read(byte[] buffer, int start, int length) throws Broken {
    pass(buffer, start, length, Optional.empty());
    if (dotted) {
      // Rare: a second look, now at where the names lead.
      pass(buffer, start, length, Optional.of(new Places()));
    }
  }

  private void pass(byte[] buffer, int start, int length, Optional<Places> places) throws Broken {
    scanner.begin(buffer, start, length);
    depth = 0;
    names = 0;
    dotted = false;
    id = Span.NONE;
    object(places);
  }

  /** The document of the last record, to which more may be appended. */
  ByteText out() {
    return out;
  }

  /** The value of {@code _id}; {@link Span#NONE} when there is none. */
  Span id() {
    return id;
  }

  private void value(Optional<Places> places) throws Broken {
    switch (scanner.peek()) {
      case '"' -> scanner.string();
      case '{' -> object(places);
      case '[' -> array(places.isPresent());
      default -> scanner.scalar();
    }
  }

  private void array(boolean placed) throws Broken {
    enter();
    scanner.take('[');
    if (!scanner.takeIf(']')) {
      do {
        // Each element is a place of its own.
        value(placed ? Optional.of(new Places()) : Optional.empty());
      } while (scanner.more(']', Expected.VALUE));
    }
    depth--;
  }

  private void object(Optional<Places> places) throws Broken {
    enter();
    int at = scanner.at();
    int from = out.length();
    int firstName = names;
    boolean extended = false;
    Set<String> many = Set.of();
    scanner.take('{');
    if (!scanner.takeIf('}')) {
      do {
        int nameAt = scanner.at();
        int nameFromHere = out.length() + 1;
        scanner.name();
        extended |= checkName(nameAt, nameFromHere, out.length() - 1);
        if (names - firstName > FEW_KEYS) {
          many = many.isEmpty() ? namesFrom(firstName) : many;
          if (!many.add(nameText(names - 1))) {
            throw repeated(nameAt);
          }
        } else {
          checkNew(firstName, nameAt);
        }
        int thisName = names - 1;
        scanner.colon();
        int valueAt = scanner.at();
        int valueFrom = out.length();
        value(places.isPresent() ? Optional.of(place(places.get(), thisName, nameAt)) : places);
        if (depth == 1 && isId(thisName)) {
          id = new Span(valueAt, valueFrom, out.length());
        }
      } while (scanner.more('}', Expected.NAME));
    }
    names = firstName;
    depth--;
    if (extended) {
      ExtendedJson.normalise(out, from, at);
    }
  }

  private void enter() throws Broken {
    if (++depth > MAX_DEPTH) {
      throw new Broken(TOO_DEEP, scanner.at(), "more than 500 levels");
    }
  }

  /** Checks the name that stands in the output, and keeps it; true when it is extended JSON's. */
  private boolean checkName(int at, int from, int to) throws Broken {
    byte[] bytes = out.bytes();
    int hash = 0;
    byte before = '.';
    boolean dots = false;
    boolean broken = false;
    for (int i = from; i < to; i++) {
      byte b = bytes[i];
      hash = 31 * hash + b;
      if (b == '.') {
        dots = true;
        broken |= before == '.';
      }
      before = b;
    }
    broken |= dots && before == '.';
    if (broken) {
      throw new Broken(KEY_DOTS, at, "the key \"" + out.text(from, to) + "\"");
    }
    dotted |= dots;
    keep(from, to, hash);
    if (from == to || bytes[from] != '$') {
      return false;
    }
    String name = out.text(from, to);
    if (depth == 1 || !ExtendedJson.NAMES.contains(name)) {
      throw new Broken(KEY_DOLLAR, at, "the key \"" + name + "\"");
    }
    return true;
  }

  private void keep(int from, int to, int hash) {
    if (names == nameFrom.length) {
      nameFrom = Arrays.copyOf(nameFrom, names * 2);
      nameTo = Arrays.copyOf(nameTo, names * 2);
      nameHash = Arrays.copyOf(nameHash, names * 2);
    }
    nameFrom[names] = from;
    nameTo[names] = to;
    nameHash[names++] = hash;
  }

  private void checkNew(int firstName, int at) throws Broken {
    int last = names - 1;
    for (int i = firstName; i < last; i++) {
      if (nameHash[i] == nameHash[last]
          && Arrays.equals(
              out.bytes(), nameFrom[i], nameTo[i], out.bytes(), nameFrom[last], nameTo[last])) {
        throw repeated(at);
      }
    }
  }

  private Broken repeated(int at) {
    return new Broken(REPEATED_KEY, at, "the key \"" + nameText(names - 1) + "\" a second time");
  }

  private Set<String> namesFrom(int first) {
    Set<String> all = new HashSet<>();
    for (int i = first; i < names - 1; i++) {
      all.add(nameText(i));
    }
    return all;
  }

  private String nameText(int name) {
    return out.text(nameFrom[name], nameTo[name]);
  }

  private boolean isId(int name) {
    byte[] bytes = out.bytes();
    int from = nameFrom[name];
    return nameTo[name] - from == 3
        && bytes[from] == '_'
        && bytes[from + 1] == 'i'
        && bytes[from + 2] == 'd';
  }

  private Places place(Places outer, int name, int at) throws Broken {
    String text = nameText(name);
    boolean open = scanner.beginsObject();
    Optional<Places> place = outer.at(text, open);
    if (place.isEmpty()) {
      throw new Broken(
          AMBIGUOUS_KEY, at, "the key \"" + text + "\" names a place that is named already");
    }
    // The names of extended JSON, which is a value, lead nowhere.
    return open ? place.get() : new Places();
  }
}
