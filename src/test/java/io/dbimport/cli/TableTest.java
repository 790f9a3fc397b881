package io.dbimport.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.cli.Table.Cell;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Tables on screens of any width. */
final class TableTest {
  private static final String WIDE =
      """
        SETTING  MEANING                            COUNT
        one      漢字 take two columns each, as is      7
        another  short                                123
      """;

  private static String within(int columns) {
    Table table = new Table(List.of("SETTING", "MEANING", "COUNT"));
    table.row(List.of(Cell.of("one"), Cell.of("漢字 take two columns each, as is"), Cell.number(7)));
    table.row(List.of(Cell.of("another"), Cell.of("short"), Cell.number(123)));
    StringWriter out = new StringWriter();
    table.printWithin(Screen.plain(new PrintWriter(out, true)), columns);
    return out.toString();
  }

  @Test
  void whatFitsIsATable() {
    assertThat(within(51)).isEqualTo(WIDE);
    assertThat(within(Integer.MAX_VALUE)).isEqualTo(WIDE);
  }

  @Test
  void whatATerminalWouldBreakIsAList() {
    assertThat(within(40))
        .isEqualTo(
            """
              one
                MEANING  漢字 take two columns each,
                         as is
                COUNT    7
              another
                MEANING  short
                COUNT    123
            """);
  }

  @Test
  void whereOutputIsPipedThereIsNoWidth() {
    StringWriter out = new StringWriter();
    Table table = new Table(List.of("A", "B"));
    table.row(List.of(Cell.of("x".repeat(300)), Cell.of("y".repeat(300))));
    table.print(Screen.plain(new PrintWriter(out, true)));
    assertThat(out.toString().lines()).hasSize(2);
  }
}
