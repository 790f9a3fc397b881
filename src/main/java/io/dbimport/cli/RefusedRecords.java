package io.dbimport.cli;

import io.dbimport.cli.Screen.Look;
import io.dbimport.client.FailureEntry;
import io.dbimport.client.FailureLink;
import io.dbimport.client.FailureListClient;
import io.dbimport.client.FailureListReply;
import io.dbimport.client.PlainWords;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a job refused: the first few of its list to be shown, all of it to be saved. Confined to one
 * command.
 *
 * @param most how many are shown
 * @param file where the list is saved, which must not be there yet; null for nowhere
 */
record RefusedRecords(FailureListClient lists, long most, @Nullable Path file) {
  private static final Pattern REFUSALS =
      Pattern.compile("(^|; )\\d+ of \\d+ records failed: .*", Pattern.DOTALL);

  /**
   * What came of it.
   *
   * @param shown how many were shown
   * @param all whether those were all there are
   * @param problem why not all of it could be read or saved; empty when nothing is wrong
   */
  record Told(long shown, boolean all, String problem) {
    /** Whether what was asked for was done. */
    boolean done() {
      return problem.isEmpty();
    }
  }

  /** Reads the list, shows its beginning, and saves it if that was asked for. */
  Told tell(FailureLink link, Consumer<FailureEntry> show) throws InterruptedException {
    Path to = file;
    try {
      return to == null ? show(link, show) : save(link, show, to);
    } catch (IOException unwritten) {
      String what = to == null ? "the list cannot be read: " : to + " cannot be written: ";
      return new Told(0, false, what + PlainWords.of(unwritten));
    }
  }

  private Told show(FailureLink link, Consumer<FailureEntry> show)
      throws IOException, InterruptedException {
    Counting counting = new Counting(show);
    FailureListReply reply =
        lists.read(
            link,
            (entry, _) -> {
              // One more than is shown: only then it is known that there are more.
              counting.take(entry);
              return counting.read <= most;
            });
    return counting.told(reply);
  }

  private Told save(FailureLink link, Consumer<FailureEntry> show, Path to)
      throws IOException, InterruptedException {
    Counting counting = new Counting(show);
    try (WholeFile whole = WholeFile.beside(to)) {
      FailureListReply reply;
      try (OutputStream out = whole.open()) {
        reply =
            lists.read(
                link,
                (entry, line) -> {
                  counting.take(entry);
                  out.write(line);
                  out.write('\n');
                  return true;
                });
      }
      Told told = counting.told(reply);
      return !told.done() || whole.publish(false)
          ? told
          : new Told(told.shown(), told.all(), to + " is there already");
    }
  }

  /**
   * A job's own text without the refusals that it repeats: the list has them. Our server writes
   * them so; what another one writes stays as it is.
   */
  static String reason(String errorMsg) {
    return REFUSALS.matcher(errorMsg).replaceFirst("");
  }

  /**
   * The same for people, on the screen.
   *
   * @param refused how many the job counted
   * @param more how to get at the rest
   * @return whether what was asked for was done
   */
  boolean print(Screen screen, int indent, FailureLink link, long refused, String more)
      throws InterruptedException {
    ProblemLines lines = new ProblemLines(screen, indent);
    Told told =
        tell(link, e -> lines.problem(e.line(), e.column(), e.kind(), e.what(), e.advice()));
    String margin = " ".repeat(indent);
    if (!told.done()) {
      screen.line(Look.BAD, margin + "the list of refused records: " + told.problem());
    } else if (file != null) {
      screen.line(Look.NOTE, margin + "the whole list is saved in " + file);
    } else if (!told.all()) {
      String rest = refused > told.shown() ? "%,d".formatted(refused - told.shown()) : "and";
      screen.line(Look.NOTE, "%s… %s more; %s".formatted(margin, rest, more));
    }
    return told.done();
  }

  private final class Counting {
    private final Consumer<FailureEntry> show;
    private long read;

    Counting(Consumer<FailureEntry> show) {
      this.show = show;
    }

    void take(FailureEntry entry) {
      if (read++ < most) {
        show.accept(entry);
      }
    }

    Told told(FailureListReply reply) {
      return switch (reply) {
        case FailureListReply.Whole() -> new Told(Math.min(read, most), read <= most, "");
        case FailureListReply.Enough() -> new Told(most, false, "");
        case FailureListReply.Broken(String why) -> new Told(Math.min(read, most), false, why);
      };
    }
  }
}
