package io.dbimport.engine;

/** What an UPSERT does to a document that is there. */
public enum OnUpsert {
  /** The new one takes its place, as mongoimport has it. */
  REPLACE,
  /** Fields of the new one take the place of those of the same name; the others stay. */
  MERGE
}
