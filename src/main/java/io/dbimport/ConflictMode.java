package io.dbimport;

import java.util.Optional;

/** What happens to a document whose {@code _id} is already there. Immutable. */
public enum ConflictMode {
  /** It fails; calling the same import twice may double documents that carry no {@code _id}. */
  INSERT(1),
  /** It replaces the one that is there. */
  UPSERT(2);

  private final int code;

  ConflictMode(int code) {
    this.code = code;
  }

  /** The API's number for it, {@code conflict_mode}. */
  public int code() {
    return code;
  }

  /** The mode with this number; empty for any other number. */
  public static Optional<ConflictMode> of(long code) {
    return code == 1 ? Optional.of(INSERT) : code == 2 ? Optional.of(UPSERT) : Optional.empty();
  }
}
