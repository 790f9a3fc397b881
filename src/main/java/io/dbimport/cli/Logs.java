package io.dbimport.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import java.util.List;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/** Sets up what is logged. Stateless. */
public final class Logs {
  private Logs() {}

  /**
   * Our own lines from this level on; the libraries' warnings, and all of theirs from debug on.
   *
   * @param level as {@link Setting#LOG_LEVEL} spells it
   */
  public static void level(String level) {
    // Some libraries log through the JDK's own loggers; all of it must pass the masking.
    if (!SLF4JBridgeHandler.isInstalled()) {
      SLF4JBridgeHandler.removeHandlersForRootLogger();
      SLF4JBridgeHandler.install();
    }
    Level ours = Level.toLevel(level, Level.INFO);
    if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
      Level theirs = ours.isGreaterOrEqual(Level.INFO) ? Level.WARN : ours;
      context.getLogger("ROOT").setLevel(theirs.isGreaterOrEqual(ours) ? theirs : ours);
      context.getLogger("io.dbimport").setLevel(ours);
    }
    if (!ours.isGreaterOrEqual(Level.INFO)) {
      java.util.logging.Logger.getLogger("").setLevel(java.util.logging.Level.ALL);
    }
  }

  /**
   * For commands that tell themselves what happens: only warnings of ours and errors of Kafka's
   * clients and brokers, unless a level was asked for.
   */
  public static void quiet(Settings settings) {
    if (settings.isSet(Setting.LOG_LEVEL)) {
      return;
    }
    level("warn");
    if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
      for (String logger : List.of("org.apache.kafka", "kafka", "io.zonky")) {
        context.getLogger(logger).setLevel(Level.ERROR);
      }
    }
  }
}
