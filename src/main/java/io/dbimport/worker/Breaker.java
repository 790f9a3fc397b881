package io.dbimport.worker;

import io.dbimport.worker.LaneKey.Environment;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The slots for calls of the API's address or of one environment, and whether calls get through.
 * Confined to the loop thread.
 *
 * <p>A call that fails is a strike and keeps its slot back until one gets through that was admitted
 * after it failed; an earlier one may have been answered before calls began to fail. So when they
 * begin to, no more of them do than there are slots. A few strikes in a row open the breaker, and
 * so do strikes on every slot: no call is admitted, and probes are due. One that answers gives the
 * slots back and opens it by half: one call, then two, four and so on are let through, until all
 * slots are in use again; a failure on the way opens it again. How calls from before the last
 * opening end is no news.
 *
 * <p>At the address the calls of one environment may fail for a reason of its own, which its own
 * breaker looks after: they open the address's only together with those of another. Where one
 * environment's keep all slots back but one, that one is for another to find out by, and may be one
 * failure more.
 */
final class Breaker {
  /** Strikes in a row that open it; fewer where there are fewer slots. */
  static final int STRIKES = 5;

  /** The pause after the first probe that did not answer; it doubles with each. */
  static final Duration FIRST_PAUSE = Duration.ofSeconds(1);

  static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

  /**
   * A call that failed and keeps a slot back.
   *
   * @param admitted the last call that had been admitted by then
   */
  private record Strike(long admitted, Environment whose, boolean alone) {}

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

  /** The number of the last call that was admitted, and of the last one before the last opening. */
  private long admitted;

  private long beforeOpening;

  /** Of each slot that is kept back, in the order of their failures. */
  private final ArrayDeque<Strike> strikes = new ArrayDeque<>();

  /** Calls that failed since the last one that got through. */
  private int inARow;

  /** Whose call was the last of those; null while there is none. */
  private @Nullable Environment striker;

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
    // One is never kept back, or no call could ever give the others back.
    boolean hasSlot = inFlight + Math.min(strikes.size(), slots - 1) < slots;
    return switch (state) {
      case CLOSED -> hasSlot;
      case OPEN -> false;
      case HALF_OPEN -> hasSlot && fresh < window;
    };
  }

  /** Takes a slot for a call. Returns the call's number, which its end is to be told with. */
  long take() {
    inFlight++;
    fresh++;
    return ++admitted;
  }

  /** A call ended without news, or is not made after all. */
  void ended(long call) {
    if (inFlight == 0) {
      throw new IllegalStateException("no call is open");
    }
    inFlight--;
    if (isFresh(call)) {
      fresh--;
    }
  }

  /** A call got through. */
  void succeeded(long call) {
    ended(call);
    while (!strikes.isEmpty() && strikes.element().admitted < call) {
      strikes.remove();
    }
    if (!isFresh(call)) {
      return;
    }
    inARow = 0;
    striker = null;
    general = false;
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
   * @param whose the environment that was called
   * @param alone whether that says enough without another environment's failure
   * @return whether it was news: false for a call from before the last opening
   */
  boolean failed(long call, Environment whose, boolean alone, Moment now) {
    boolean news = isFresh(call);
    ended(call);
    strikes.add(new Strike(admitted, whose, alone));
    if (strikes.size() > slots) {
      strikes.remove();
    }
    if (news) {
      general |= alone || (striker != null && !striker.equals(whose));
      striker = whose;
      inARow++;
    }
    if (news && general && state == State.HALF_OPEN) {
      open(now, pause());
    } else if (state != State.OPEN && (manyInARow() || onEverySlot())) {
      open(now, 0);
    }
    return news;
  }

  private boolean manyInARow() {
    return general && inARow >= Math.min(STRIKES, slots);
  }

  private boolean onEverySlot() {
    return strikes.size() == slots
        && (strikes.stream().anyMatch(Strike::alone)
            || strikes.stream().map(Strike::whose).distinct().count() > 1);
  }

  private boolean isFresh(long call) {
    return call > beforeOpening;
  }

  /** When a probe is due, by the monotonic clock; {@code Long.MAX_VALUE} for never. */
  long probeDueNanos() {
    return state == State.OPEN && !probing ? probeDueNanos : Long.MAX_VALUE;
  }

  /** A probe is made now. Nothing but what it finds ends the opening. */
  void probe() {
    probing = true;
  }

  /** The probe came back. */
  void probed(boolean answers, Moment now) {
    probing = false;
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
    return strikes.isEmpty() && beforeOpening == 0;
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
    beforeOpening = admitted;
    fresh = 0;
    inARow = 0;
    general = true;
    openedNanos = now.nanos();
    probeDueNanos = now.nanos() + probeAfterNanos;
  }

  private void openByHalf(Moment now) {
    openNanosBefore = openNanos(now);
    state = State.HALF_OPEN;
    strikes.clear();
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
}
