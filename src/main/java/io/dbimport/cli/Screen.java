package io.dbimport.cli;

import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStringBuilder;
import org.jline.utils.AttributedStyle;
import org.jline.utils.WCWidth;
import org.jspecify.annotations.Nullable;

/**
 * What a command prints: with colour and progress on a terminal, plain where output is piped or
 * {@code NO_COLOR} is set to anything. Every text passes the masking. Thread-safe.
 */
public final class Screen implements AutoCloseable {
  private static final int USUAL_WIDTH = 100;
  private static final int WIDEST = 120;
  private static final int LEAST_CELLS = 10;
  private static final int MOST_CELLS = 40;

  /** What is drawn at every block of a file costs more than sending it. */
  private static final long REDRAW_NANOS = Duration.ofMillis(100).toNanos();

  /** How a text looks. */
  @SuppressWarnings("ImmutableEnumChecker") // a style never changes; its library does not say so
  public enum Look {
    PLAIN(AttributedStyle.DEFAULT),
    STRONG(AttributedStyle.BOLD),
    FAINT(AttributedStyle.DEFAULT.faint()),
    GOOD(AttributedStyle.DEFAULT.foreground(AttributedStyle.GREEN)),
    BAD(AttributedStyle.DEFAULT.foreground(AttributedStyle.RED)),
    NOTE(AttributedStyle.DEFAULT.foreground(AttributedStyle.CYAN));

    private final AttributedStyle style;

    Look(AttributedStyle style) {
      this.style = style;
    }
  }

  private final PrintWriter out;
  private final @Nullable Terminal terminal;
  private boolean progressShown;
  private long progressNanos;

  private Screen(PrintWriter out, @Nullable Terminal terminal) {
    this.out = out;
    this.terminal = terminal;
  }

  /** The terminal the process runs on, or standard output where that is none. */
  @SuppressWarnings("SystemConsoleNull") // since Java 22 there may be one that is no terminal
  public static Screen open() {
    boolean isTerminal = System.console() != null && System.console().isTerminal();
    if (isTerminal) {
      try {
        // Signals belong to StopSignal: a terminal that takes them gives Ctrl-C back to the JVM.
        Terminal terminal =
            TerminalBuilder.builder().system(true).dumb(true).nativeSignals(false).build();
        boolean dumb = terminal.getType().startsWith(Terminal.TYPE_DUMB);
        if (!dumb && System.getenv().getOrDefault("NO_COLOR", "").isEmpty()) {
          return new Screen(terminal.writer(), terminal);
        }
        terminal.close();
      } catch (IOException noTerminal) {
        return plain(standardOutput());
      }
    }
    return plain(standardOutput());
  }

  /** UTF-8 whatever the locale says: what is printed is in many scripts. */
  private static PrintWriter standardOutput() {
    return new PrintWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8), true);
  }

  /** Without colour and progress. */
  public static Screen plain(PrintWriter out) {
    return new Screen(out, null);
  }

  /** Whether progress is drawn and redrawn. */
  public boolean live() {
    return terminal != null;
  }

  /** Columns to fill at most. */
  public int width() {
    int columns = terminal == null ? USUAL_WIDTH : terminal.getColumns();
    return columns <= 0 ? USUAL_WIDTH : Math.min(columns, WIDEST);
  }

  /**
   * Columns that a line may have before the terminal breaks it; no end to them where it is none.
   */
  int columns() {
    return terminal == null || terminal.getColumns() <= 0
        ? Integer.MAX_VALUE
        : terminal.getColumns();
  }

  /** Prints one line. */
  public void line(String text) {
    line(Look.PLAIN, text);
  }

  /** Prints one line that looks like this. */
  public synchronized void line(Look look, String text) {
    eraseProgress();
    out.println(styled(look, shown(text)));
    out.flush();
  }

  /** Prints one line of parts, each with its own look. */
  public synchronized void line(List<Part> parts) {
    eraseProgress();
    StringBuilder line = new StringBuilder();
    parts.forEach(part -> line.append(styled(part.look(), shown(part.text()))));
    out.println(line.toString().stripTrailing());
    out.flush();
  }

  /** Part of a line. */
  public record Part(Look look, String text) {
    public static Part of(String text) {
      return new Part(Look.PLAIN, text);
    }
  }

  /** Draws a bar over the last one; nothing where output is piped. */
  public synchronized void progress(String what, long done, long of) {
    long now = System.nanoTime();
    boolean soonEnough = !progressShown || now - progressNanos >= REDRAW_NANOS || done == of;
    if (terminal == null || !soonEnough) {
      return;
    }
    progressNanos = now;
    // One column is left, or a terminal may go on in the next line, which is not erased.
    out.print("\r\033[2K" + bar(what, done, of, width() - 1).toAnsi(terminal));
    out.flush();
    progressShown = true;
  }

  /** A bar of so many columns at most; what it is about is cut where it is too long. */
  static AttributedString bar(String what, long done, long of, int columns) {
    String counts =
        of == 1 ? "" : of <= 0 ? " %,d".formatted(done) : " %,d/%,d".formatted(done, of);
    int room = columns - columns(counts) - LEAST_CELLS - 3;
    AttributedString label = new AttributedString(shown(what));
    if (label.columnLength() > room) {
      label = label.columnSubSequence(0, Math.max(0, room - 1));
      label = AttributedString.join(AttributedString.EMPTY, label, new AttributedString("…"));
    }
    int cells =
        Math.clamp(columns - label.columnLength() - columns(counts) - 3, LEAST_CELLS, MOST_CELLS);
    int full = of <= 0 ? 0 : (int) Math.min(cells, cells * done / of);
    return new AttributedStringBuilder()
        .append("  ")
        .append(label)
        .append(" ")
        .styled(Look.GOOD.style, "━".repeat(full))
        .styled(Look.FAINT.style, "━".repeat(cells - full))
        .append(counts)
        .toAttributedString()
        .columnSubSequence(0, columns);
  }

  /** Takes the bar away. */
  public synchronized void progressOver() {
    eraseProgress();
    out.flush();
  }

  private void eraseProgress() {
    if (progressShown) {
      out.print("\r\033[2K");
      progressShown = false;
    }
  }

  private String styled(Look look, String text) {
    Terminal onto = terminal;
    return onto == null || look == Look.PLAIN
        ? text
        : new AttributedString(text, look.style).toAnsi(onto);
  }

  /** Without secrets, and without what a terminal would obey: files and peers wrote parts of it. */
  static String shown(String text) {
    return Masking.mask(text)
        .codePoints()
        .map(c -> Character.isISOControl(c) && c != '\n' && c != '\t' ? '\uFFFD' : c)
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }

  /** Prints a text in as many lines as its words take, each behind this many blanks. */
  public void wrapped(Look look, int indent, String text) {
    for (String line : lines(text, Math.max(20, width() - indent))) {
      line(look, " ".repeat(indent) + line);
    }
  }

  /** The text in lines of so many columns; a longer word has a line of its own. At least one. */
  static List<String> lines(String text, int columns) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (String word : shown(text).strip().split("\\s+", -1)) {
      if (!line.isEmpty() && columns(line.toString()) + 1 + columns(word) > columns) {
        lines.add(line.toString());
        line.setLength(0);
      }
      line.append(line.isEmpty() ? "" : " ").append(word);
    }
    lines.add(line.toString());
    return lines;
  }

  /** Columns that a text takes: a Chinese character takes two. */
  public static int columns(String text) {
    return text.codePoints().map(c -> Math.max(0, WCWidth.wcwidth(c))).sum();
  }

  /** The text, filled up with blanks to this many columns. */
  public static String padded(String text, int columns) {
    return text + " ".repeat(Math.max(0, columns - columns(text)));
  }

  /** A duration in the largest unit that tells something. */
  public static String spoken(Duration duration) {
    long millis = duration.toMillis();
    return millis < 1000 ? millis + " ms" : "%.1f s".formatted(millis / 1000.0);
  }

  @Override
  public synchronized void close() {
    eraseProgress();
    out.flush();
    if (terminal != null) {
      try {
        terminal.close();
      } catch (IOException gone) {
        // The terminal went away, and nobody is left to tell.
        out.flush();
      }
    }
  }
}
