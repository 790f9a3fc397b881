package io.dbimport.worker;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The request ids of one partition that are claimed or answered. Confined to the loop thread.
 *
 * <p>A week of requests is a million of them and more, so they lie in arrays of primitives: 48
 * bytes each, in pages, and an open-addressed table of their numbers that is at most three quarters
 * full. One million take 58 MB. A page is given back once all in it are forgotten.
 */
final class Remembered {

  /** How a request stands. */
  enum State {
    /** Claimed by a delivery that has no outcome yet. */
    OPEN,
    /** Its job was started. */
    ACCEPTED,
    /** It failed, and may have been carried out. */
    UNKNOWN
  }

  /**
   * What is known of a request id. Immutable.
   *
   * @param content of the request, as in its {@link RequestKey}
   * @param offset of the delivery that claimed the id, or whose outcome this is
   * @param jobId of an accepted request, else 0
   * @param acceptedAt when it was accepted or found unknown, to the millisecond, within the years
   *     1970 to 2527; the epoch while it is open
   * @param attempts the calls made, at most {@value #MOST_ATTEMPTS}; 0 while it is open
   */
  record Entry(
      State state, long content, long offset, long jobId, Instant acceptedAt, int attempts) {}

  private static final int MOST_ATTEMPTS = (1 << 18) - 1;
  private static final long LAST_MILLIS = (1L << 44) - 1;

  private static final int PAGE_BITS = 10;
  private static final int PAGE_ENTRIES = 1 << PAGE_BITS;

  // An entry's words: the first half of its id, and then these. The stamp holds 44 bits of
  // milliseconds, 18 of attempts and 2 of the state, counted from 1: it is 0 in an entry that is
  // free, whose first word is then the next free one.
  private static final int LOW = 1;
  private static final int CONTENT = 2;
  private static final int OFFSET = 3;
  private static final int JOB_ID = 4;
  private static final int STAMP = 5;
  private static final int WORDS = 6;

  /** Room for entries that came about the same time, and so are forgotten about the same time. */
  private static final class Page {
    private static final long[] GIVEN_BACK = {};

    long[] words = GIVEN_BACK;
    int entries;
    int firstFree;

    /** No entry here was answered before this. */
    long oldestMillis = Long.MAX_VALUE;

    boolean full() {
      return entries == PAGE_ENTRIES;
    }

    /** Takes a free entry; its place in the page. */
    int take() {
      if (words.length == 0) {
        words = new long[PAGE_ENTRIES * WORDS];
        firstFree = 0;
        for (int entry = 0; entry < PAGE_ENTRIES; entry++) {
          words[entry * WORDS] = entry + 1L;
        }
      }
      int taken = firstFree;
      firstFree = (int) words[taken * WORDS];
      entries++;
      return taken;
    }

    void free(int at) {
      words[at] = firstFree;
      words[at + STAMP] = 0;
      firstFree = at / WORDS;
      entries--;
    }
  }

  private final List<Page> pages = new ArrayList<>();

  /** Every page before this one is full. */
  private int firstRoom;

  /** Numbers of entries, counted from 1; 0 where there is none. */
  private int[] table = new int[64];

  private int size;

  /**
   * A delivery claims the id.
   *
   * @throws IllegalStateException when it is remembered already
   */
  void open(RequestKey key, long offset) {
    int slot = slot(key.high(), key.low());
    if (table[slot] != 0) {
      throw new IllegalStateException(
          "offset " + offset + " claims a request id that is remembered: " + entry(table[slot]));
    }
    put(slot, key, offset, 0, stamp(State.OPEN, 0, 0));
  }

  /** Its job was started: remembered in place of what was known of the id, if anything. */
  void accepted(RequestKey key, long offset, long jobId, Instant acceptedAt, int attempts) {
    answered(State.ACCEPTED, key, offset, jobId, acceptedAt, attempts);
  }

  /** What became of it is unknown: remembered in place of what was known of the id. */
  void unknown(RequestKey key, long offset, Instant at, int attempts) {
    answered(State.UNKNOWN, key, offset, 0, at, attempts);
  }

  private void answered(
      State state, RequestKey key, long offset, long jobId, Instant at, int attempts) {
    int slot = slot(key.high(), key.low());
    long millis = millis(at);
    Page page = put(slot, key, offset, jobId, stamp(state, millis, attempts));
    page.oldestMillis = Math.min(page.oldestMillis, millis);
  }

  /** The id is free again; one that is not remembered is free already. */
  void forget(RequestKey key) {
    int slot = slot(key.high(), key.low());
    if (table[slot] != 0) {
      remove(slot);
    }
  }

  /** The delivery at this offset is gone: if it claimed an id, the id is free. Reads all. */
  void forgetOpen(long offset) {
    for (Page page : pages) {
      for (int at = 0; at < page.words.length; at += WORDS) {
        long stamp = page.words[at + STAMP];
        if (stamp != 0 && stateOf(stamp) == State.OPEN && page.words[at + OFFSET] == offset) {
          remove(slot(page.words[at], page.words[at + LOW]));
        }
      }
    }
  }

  /**
   * What is known of the id; null when nothing is. Not an Optional: it is asked for each delivery,
   * and the compiler checks null as well.
   */
  @Nullable Entry find(RequestKey key) {
    int number = table[slot(key.high(), key.low())];
    return number == 0 ? null : entry(number);
  }

  int size() {
    return size;
  }

  /**
   * Forgets what was answered before the instant, to the millisecond; claims stay. Reads only pages
   * with something to forget, and gives memory back.
   *
   * @return how many were forgotten
   */
  int expire(Instant before) {
    long beforeMillis = millis(before);
    int sizeBefore = size;
    for (Page page : pages) {
      if (page.oldestMillis < beforeMillis) {
        expire(page, beforeMillis);
      }
      if (page.entries == 0) {
        page.words = Page.GIVEN_BACK;
      }
    }
    if (size < table.length / 8) {
      rebuild(table.length / 2);
    }
    return sizeBefore - size;
  }

  private void expire(Page page, long beforeMillis) {
    long[] words = page.words;
    page.oldestMillis = Long.MAX_VALUE;
    for (int at = 0; at < words.length; at += WORDS) {
      long stamp = words[at + STAMP];
      if (stamp == 0 || stateOf(stamp) == State.OPEN) {
        continue;
      }
      if (millisOf(stamp) < beforeMillis) {
        remove(slot(words[at], words[at + LOW]));
      } else {
        page.oldestMillis = Math.min(page.oldestMillis, millisOf(stamp));
      }
    }
  }

  /** Where the id stands in the table, or else where it is to be put. */
  private int slot(long high, long low) {
    int mask = table.length - 1;
    int slot = home(high);
    while (table[slot] != 0) {
      long[] words = page(table[slot]).words;
      int at = at(table[slot]);
      if (words[at] == high && words[at + LOW] == low) {
        return slot;
      }
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private Page put(int slot, RequestKey key, long offset, long jobId, long stamp) {
    boolean added = table[slot] == 0;
    if (added) {
      table[slot] = take();
      size++;
    }
    Page page = page(table[slot]);
    int at = at(table[slot]);
    page.words[at] = key.high();
    page.words[at + LOW] = key.low();
    page.words[at + CONTENT] = key.content();
    page.words[at + OFFSET] = offset;
    page.words[at + JOB_ID] = jobId;
    page.words[at + STAMP] = stamp;
    if (added && size > table.length / 4 * 3) {
      rebuild(table.length * 2);
    }
    return page;
  }

  /** The number of a free entry, in the first page that has one. */
  private int take() {
    while (firstRoom < pages.size() && pages.get(firstRoom).full()) {
      firstRoom++;
    }
    if (firstRoom == pages.size()) {
      pages.add(new Page());
    }
    return (firstRoom << PAGE_BITS) + pages.get(firstRoom).take() + 1;
  }

  private void remove(int slot) {
    int number = table[slot];
    page(number).free(at(number));
    firstRoom = Math.min(firstRoom, pageOf(number));
    size--;
    // Those behind it move up as far as they may, so that no search ends before what it looks for.
    int mask = table.length - 1;
    int hole = slot;
    for (int next = (hole + 1) & mask; table[next] != 0; next = (next + 1) & mask) {
      int home = home(page(table[next]).words[at(table[next])]);
      if (((next - home) & mask) >= ((next - hole) & mask)) {
        table[hole] = table[next];
        hole = next;
      }
    }
    table[hole] = 0;
  }

  private void rebuild(int length) {
    int[] old = table;
    table = new int[length];
    for (int number : old) {
      if (number != 0) {
        int slot = home(page(number).words[at(number)]);
        while (table[slot] != 0) {
          slot = (slot + 1) & (length - 1);
        }
        table[slot] = number;
      }
    }
  }

  /** Where the search for an id begins: the bits of a hash are as good as random. */
  private int home(long high) {
    return (int) high & (table.length - 1);
  }

  private Page page(int number) {
    return pages.get(pageOf(number));
  }

  private static int pageOf(int number) {
    return (number - 1) >> PAGE_BITS;
  }

  private static int at(int number) {
    return ((number - 1) & (PAGE_ENTRIES - 1)) * WORDS;
  }

  private Entry entry(int number) {
    long[] words = page(number).words;
    int at = at(number);
    long stamp = words[at + STAMP];
    return new Entry(
        stateOf(stamp),
        words[at + CONTENT],
        words[at + OFFSET],
        words[at + JOB_ID],
        Instant.ofEpochMilli(millisOf(stamp)),
        attemptsOf(stamp));
  }

  private static long stamp(State state, long millis, int attempts) {
    long code =
        switch (state) {
          case OPEN -> 1;
          case ACCEPTED -> 2;
          case UNKNOWN -> 3;
        };
    return (millis << 20) | ((long) Math.clamp(attempts, 0, MOST_ATTEMPTS) << 2) | code;
  }

  private static long millisOf(long stamp) {
    return stamp >>> 20;
  }

  private static int attemptsOf(long stamp) {
    return (int) (stamp >>> 2) & MOST_ATTEMPTS;
  }

  private static State stateOf(long stamp) {
    return switch ((int) stamp & 3) {
      case 1 -> State.OPEN;
      case 2 -> State.ACCEPTED;
      case 3 -> State.UNKNOWN;
      default -> throw new IllegalStateException("a free entry");
    };
  }

  private static long millis(Instant instant) {
    // Not toEpochMilli: it throws for what is far away.
    long seconds = Math.clamp(instant.getEpochSecond(), -1, LAST_MILLIS / 1_000 + 1);
    return Math.clamp(seconds * 1_000 + instant.getNano() / 1_000_000, 0, LAST_MILLIS);
  }
}
