package io.dbimport.engine;

/** An encoding that nothing in a file tells for certain: somebody must say it. Immutable. */
public enum Encoding {
  GBK,
  /** All of GBK, and every other character. */
  GB18030
}
