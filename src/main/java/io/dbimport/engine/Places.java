package io.dbimport.engine;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The places that the names in a document lead to, where {@code a.b} leads to the same as {@code b}
 * inside of {@code a}; also the columns of a CSV file. Not thread-safe.
 */
final class Places {
  private final Map<String, Places> inside = new HashMap<>();
  private boolean named;
  private boolean closed;

  /**
   * The place that a name leads to from here; empty when another name led there, or when a value
   * stands on the way.
   *
   * @param open whether more may be inside of it: an object, not a value
   */
  Optional<Places> at(String name, boolean open) {
    Places place = this;
    for (String part : name.split("\\.", -1)) {
      if (place.closed) {
        return Optional.empty();
      }
      place = place.inside.computeIfAbsent(part, _ -> new Places());
    }
    if (place.named || (!open && !place.inside.isEmpty())) {
      return Optional.empty();
    }
    place.named = true;
    place.closed = !open;
    return Optional.of(place);
  }
}
