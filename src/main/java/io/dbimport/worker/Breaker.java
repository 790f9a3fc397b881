package io.dbimport.worker;

import java.time.Duration;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The slots for calls of the API's address or of one environment, and whether calls get through.
 * Confined to the loop thread.
 *
 * <p>A call that fails is a strike and keeps its slot back until one gets through: so when calls
 * begin to fail without an answer, no more of them do than there are slots. A few strikes in a row
 * open the breaker: no call is admitted, and probes are due. One that answers opens it by half: one
 * call, then two, four and so on are let through, until all slots are in use again; a failure on
 * the way opens it again. Failures of calls from before the last opening are no news.
 *
 * <p>At the address the calls of one environment may fail for a reason of its own, which its own
 * breaker looks after: they open the address's only together with those of another.
 */
final class Breaker {
  /** Strikes in a row that open it; fewer where there are fewer slots. */
  static final int STRIKES = 5;

  /** The pause after the first probe that did not answer; it doubles with each. */
  static final Duration FIRST_PAUSE = Duration.ofSeconds(1);

  static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

  /** The open calls of one environment. Confined to the loop thread. */
  static final class Share {
    private int open;

    /** Those admitted since the breaker's last opening, if that is the one noted here. */
    private int fresh;

    private int opening;
  }

  private enum State {
    CLOSED,
    OPEN,
    HALF_OPEN
  }

  private final int slots;
  private final RandomGenerator random;
  private State state = State.CLOSED;

  /** Calls that are open, and those of them that were admitted since the last opening. */
  private int inFlight;

  private int fresh;
  private int strikes;

  /** How often it opened. */
  private int openings;

  /** Whose call failed since the last one that got through; null while none did. */
  private @Nullable Share striker;

  /** Whether those failures have more than one environment's reasons. */
  private boolean general;

  /** Fresh calls at once while half-open. */
  private int window;

  private int pauses;
  private boolean probing;
  private long probeDueNanos;
  private long openedNanos;
  private long openNanosBefore;

  /**
   * @param slots calls at once, at least 1
   */
  Breaker(int slots, RandomGenerator random) {
    this.slots = slots;
    this.random = random;
  }

  /** Whether one more call may be made now. */
  boolean admits() {
    return switch (state) {
      case CLOSED -> inFlight + withheld() < slots;
      case OPEN -> false;
      case HALF_OPEN -> inFlight + withheld() < slots && fresh < window;
    };
  }

  /** The slots that strikes keep back. One stays, or no call could ever clear them. */
  private int withheld() {
    return Math.min(strikes, slots - 1);
  }

  /** Takes a slot for a call. */
  void take(Share share) {
    ofThisOpening(share);
    share.open++;
    share.fresh++;
    inFlight++;
    fresh++;
  }

  /** A call that was just admitted is not made. */
  void giveBack(Share share) {
    ofThisOpening(share);
    end(share, share.fresh > 0);
  }

  /** A call ended without news. */
  void ended(Share share) {
    end(share, !hasStragglers(share));
  }

  /** A call got through. */
  void succeeded(Share share, Moment now) {
    ended(share);
    strikes = 0;
    striker = null;
    general = false;
    if (state == State.OPEN) {
      openByHalf(now);
    }
    if (state == State.HALF_OPEN) {
      window = 2 * window;
      if (window >= slots) {
        close();
      }
    }
  }

  /**
   * A call failed.
   *
   * @param alone whether that says enough without another environment's failure
   * @return whether it was news: false for a call from before the last opening
   */
  boolean failed(Share share, boolean alone, Moment now) {
    boolean news = !hasStragglers(share);
    end(share, news);
    if (!news) {
      return false;
    }
    general |= alone || (striker != null && striker != share);
    striker = share;
    strikes++;
    if (general && state == State.HALF_OPEN) {
      open(now, pause());
    } else if (general && strikes >= Math.min(STRIKES, slots)) {
      open(now, 0);
    }
    return true;
  }

  /** When a probe is due, by the monotonic clock; {@code Long.MAX_VALUE} for never. */
  long probeDueNanos() {
    return state == State.OPEN && !probing ? probeDueNanos : Long.MAX_VALUE;
  }

  /** A probe is made now. Returns which opening it is for. */
  int probe() {
    probing = true;
    return openings;
  }

  /** The probe that was made for this opening came back; what it says of an earlier one is old. */
  void probed(int opening, boolean answers, Moment now) {
    probing = false;
    if (state != State.OPEN || opening != openings) {
      return;
    }
    if (answers) {
      openByHalf(now);
    } else {
      probeDueNanos = now.nanos() + pause();
    }
  }

  /** Nothing came for long while it was half-open. */
  void rest() {
    if (state == State.HALF_OPEN) {
      close();
    }
  }

  boolean isOpen() {
    return state == State.OPEN;
  }

  boolean isClosed() {
    return state == State.CLOSED;
  }

  /** Whether there is nothing to remember: no strike now, no opening ever. */
  boolean isPristine() {
    return strikes == 0 && openings == 0;
  }

  int inFlight() {
    return inFlight;
  }

  /** How long it has been open in all. */
  long openNanos(Moment now) {
    return openNanosBefore + (state == State.OPEN ? now.nanos() - openedNanos : 0);
  }

  private void open(Moment now, long probeAfterNanos) {
    state = State.OPEN;
    openings++;
    fresh = 0;
    openedNanos = now.nanos();
    probeDueNanos = now.nanos() + probeAfterNanos;
  }

  private void openByHalf(Moment now) {
    openNanosBefore = openNanos(now);
    state = State.HALF_OPEN;
    strikes = 0;
    window = 1;
  }

  private void close() {
    state = State.CLOSED;
    pauses = 0;
  }

  /** Between half and all of the backoff, so that many breakers do not probe in step. */
  private long pause() {
    long ceiling = Math.min(LONGEST_PAUSE.toNanos(), FIRST_PAUSE.toNanos() << Math.min(pauses, 10));
    pauses++;
    return ceiling / 2 + random.nextLong(ceiling / 2 + 1);
  }

  private void ofThisOpening(Share share) {
    if (share.opening != openings) {
      share.opening = openings;
      share.fresh = 0;
    }
  }

  private boolean hasStragglers(Share share) {
    ofThisOpening(share);
    return share.open > share.fresh;
  }

  private void end(Share share, boolean wasFresh) {
    if (share.open == 0) {
      throw new IllegalStateException("no call is open");
    }
    share.open--;
    inFlight--;
    if (wasFresh) {
      share.fresh--;
      fresh--;
    }
  }
}
