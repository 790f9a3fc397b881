package io.dbimport.event;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/** Damage to bytes, of the kinds that disks, networks and people do. Confined to one thread. */
public final class Mutations {
  /** Bytes that mean something in JSON or in UTF-8: hits that plain random bytes rarely make. */
  private static final byte[] TELLING = {
    '{',
    '}',
    '[',
    ']',
    '"',
    '\\',
    ':',
    ',',
    '0',
    '9',
    '-',
    '.',
    'e',
    'u',
    't',
    'n',
    ' ',
    '\n',
    0,
    (byte) 0x80,
    (byte) 0xc0,
    (byte) 0xed,
    (byte) 0xf4,
    (byte) 0xfe,
    (byte) 0xff
  };

  private final RandomGenerator random;

  public Mutations(RandomGenerator random) {
    this.random = random;
  }

  /** A damaged copy: one to four changes. */
  public byte[] of(byte[] bytes) {
    byte[] damaged = bytes.clone();
    for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
      damaged = changed(damaged);
    }
    return damaged;
  }

  private byte[] changed(byte[] bytes) {
    if (bytes.length == 0) {
      return new byte[] {telling()};
    }
    int at = random.nextInt(bytes.length);
    int length = Math.min(bytes.length - at, 1 + random.nextInt(12));
    return switch (random.nextInt(8)) {
      case 0 -> replaced(bytes, at, 1, new byte[] {(byte) random.nextInt(256)});
      case 1 -> replaced(bytes, at, 1, new byte[] {telling()});
      case 2 -> replaced(bytes, at, 1, new byte[] {(byte) (bytes[at] ^ 1 << random.nextInt(8))});
      case 3 -> replaced(bytes, at, 0, new byte[] {telling()});
      case 4 -> replaced(bytes, at, length, new byte[0]);
      case 5 -> replaced(bytes, at, 0, Arrays.copyOfRange(bytes, at, at + length));
      case 6 -> {
        int from = random.nextInt(bytes.length - length + 1);
        yield replaced(bytes, at, length, Arrays.copyOfRange(bytes, from, from + length));
      }
      default -> random.nextInt(20) == 0 ? Arrays.copyOf(bytes, at) : bytes;
    };
  }

  private byte telling() {
    return TELLING[random.nextInt(TELLING.length)];
  }

  private static byte[] replaced(byte[] bytes, int at, int length, byte[] by) {
    byte[] result = Arrays.copyOf(bytes, bytes.length - length + by.length);
    System.arraycopy(by, 0, result, at, by.length);
    System.arraycopy(bytes, at + length, result, at + by.length, bytes.length - at - length);
    return result;
  }
}
