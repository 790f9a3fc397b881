package io.dbimport.client;

import io.dbimport.client.TokenSource.Fetched;
import io.dbimport.client.TokenSource.Fetched.Failed;
import io.dbimport.client.TokenSource.Fetched.Fresh;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One app's token, renewed in time: ahead of its end while calls go on using it, and at once when
 * the API did not take it. However many calls need a token, one thread fetches it. Thread-safe: the
 * lock guards what is known, and is never held while a service is asked.
 */
public final class RenewedToken implements AccessTokens {
  private static final Logger LOG = LoggerFactory.getLogger(RenewedToken.class);
  private static final long MARGIN_NANOS = Duration.ofMinutes(5).toNanos();
  private static final long FIRST_BACKOFF_NANOS = Duration.ofSeconds(1).toNanos();
  private static final long LONGEST_BACKOFF_NANOS = Duration.ofMinutes(1).toNanos();

  /** WeChat takes a forced refresh of a stable token every 30 s, and 20 times a day. */
  private static final long FIRST_SPACING_NANOS = Duration.ofSeconds(30).toNanos();

  private static final long LONGEST_SPACING_NANOS = Duration.ofHours(1).toNanos();

  /** A token that was taken for as long as this was a good one. */
  private static final long PROVEN_NANOS = Duration.ofMinutes(5).toNanos();

  private record Held(
      String token, long fetchedAtNanos, long renewAtNanos, long endNanos, boolean rejected) {
    Held asRejected() {
      return new Held(token, fetchedAtNanos, renewAtNanos, endNanos, true);
    }

    boolean usable(long nowNanos) {
      return !rejected && nowNanos - endNanos < 0;
    }

    /** Never the token. */
    @Override
    public String toString() {
      return "Held[***]";
    }
  }

  private final String name;
  private final TokenSource source;
  private final LongSupplier nanoTime;
  private final RandomGenerator random;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition fetched = lock.newCondition();
  private @Nullable Held held;
  private boolean fetching;
  private long notBeforeNanos;
  private String problem = "it was not asked for yet";
  private int failures;
  private int rejections;

  /**
   * Nothing is fetched before the first call.
   *
   * @param name of the app, for people
   * @param nanoTime the monotonic clock
   * @param random spreads renewals and retries
   */
  public RenewedToken(
      String name, TokenSource source, LongSupplier nanoTime, RandomGenerator random) {
    this.name = name;
    this.source = source;
    this.nanoTime = nanoTime;
    this.random = random;
    this.notBeforeNanos = nanoTime.getAsLong();
  }

  @Override
  public TokenReply token(@Nullable String appId, Duration atMost) throws InterruptedException {
    if (appId != null) {
      return new TokenReply.UnknownApp(appId);
    }
    long left = atMost.toNanos();
    lock.lockInterruptibly();
    try {
      while (true) {
        long now = nanoTime.getAsLong();
        Held known = held;
        boolean usable = known != null && known.usable(now);
        if (known == null || !usable || now - known.renewAtNanos >= 0) {
          fetchUnlessResting(now);
        }
        if (known != null && usable) {
          return new TokenReply.Token(known.token);
        }
        if (!fetching) {
          return noToken(problem);
        }
        if (left <= 0) {
          return noToken(
              "it is being asked for, and was not there within " + atMost.toMillis() + " ms");
        }
        left = fetched.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  private TokenReply noToken(String why) {
    return new TokenReply.NoToken("there is no token for app " + name + ": " + why);
  }

  /** Many calls come back with the token that was used last: the first of them counts. */
  @Override
  public void rejected(@Nullable String appId, String token) {
    lock.lock();
    try {
      Held known = held;
      if (known == null || known.rejected || !known.token.equals(token)) {
        return;
      }
      long now = nanoTime.getAsLong();
      held = known.asRejected();
      if (now - known.fetchedAtNanos >= PROVEN_NANOS) {
        rejections = 0;
      }
      if (rejections > 0) {
        // Another one right away would be no better, and the API counts them.
        rest(now, backoff(FIRST_SPACING_NANOS, LONGEST_SPACING_NANOS, rejections - 1));
        problem = "the API did not take the token that was just renewed";
      }
      rejections++;
      fetchUnlessResting(now);
    } finally {
      lock.unlock();
    }
  }

  private void fetchUnlessResting(long now) {
    if (fetching || now - notBeforeNanos < 0) {
      return;
    }
    fetching = true;
    Held known = held;
    boolean afterRejection = known != null && known.rejected;
    Thread.ofVirtual().name("token of " + name).start(() -> fetch(afterRejection));
  }

  private void fetch(boolean afterRejection) {
    Fetched result = new Failed("asking for it was cut short");
    try {
      result = source.fetch(afterRejection);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException bug) {
      result = new Failed("a fault of ours: " + bug.getClass().getSimpleName());
      LOG.error("asking for the token of app {} failed", name, bug);
    } finally {
      done(result);
    }
  }

  private void done(Fetched result) {
    lock.lock();
    try {
      long now = nanoTime.getAsLong();
      fetching = false;
      Held known = held;
      switch (result) {
        case Fresh(String token, Duration _)
            when known != null && known.rejected && known.token.equals(token) ->
            failed(now, "the service gave the token again that the API did not take");
        case Fresh(String token, Duration life) -> {
          held =
              new Held(token, now, now + renewAfter(life.toNanos()), now + life.toNanos(), false);
          failures = 0;
        }
        case Failed(String why) -> failed(now, why);
      }
      fetched.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void failed(long now, String why) {
    problem = why;
    rest(now, backoff(FIRST_BACKOFF_NANOS, LONGEST_BACKOFF_NANOS, failures++));
    Held known = held;
    LOG.warn(
        "the token of app {} is not renewed{}: {}",
        name,
        known != null && known.usable(now) ? ", the old one goes on being used" : "",
        why);
  }

  private void rest(long now, long nanos) {
    if (now + nanos - notBeforeNanos > 0) {
      notBeforeNanos = now + nanos;
    }
  }

  /** Doubled each time, and by chance up to half as much again: instances do not ask together. */
  private long backoff(long first, long longest, int earlier) {
    long whole = earlier < 20 ? Math.min(longest, first << earlier) : longest;
    return whole + random.nextLong(whole / 2 + 1);
  }

  /** After 80 to 90 % of its life, 5 minutes before its end at the latest; half, if it is short. */
  private long renewAfter(long life) {
    long usual = life / 10 * 8 + random.nextLong(life / 10 + 1);
    return Math.min(usual, Math.max(life - MARGIN_NANOS, life / 2));
  }
}
