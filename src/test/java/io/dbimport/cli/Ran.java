package io.dbimport.cli;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import picocli.CommandLine;

/** What a command printed in this JVM and how it ended. Immutable. */
record Ran(int code, String out, String err) {
  static Ran command(List<String> args) {
    CommandLine main = Main.commandLine();
    StringWriter err = new StringWriter();
    main.setErr(new PrintWriter(err, true));
    PrintStream before = System.out;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
    try {
      int code = main.execute(args.toArray(String[]::new));
      return new Ran(code, out.toString(StandardCharsets.UTF_8), err.toString());
    } finally {
      System.setOut(before);
    }
  }
}
