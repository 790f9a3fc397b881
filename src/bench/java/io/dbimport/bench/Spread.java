package io.dbimport.bench;

import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;

/** Figures of several runs as people read them: median (least-most). Stateless. */
final class Spread {
  private Spread() {}

  /** With so many decimals; a figure that is not a number is left out. */
  static String of(DoubleStream figures, int decimals) {
    double[] sorted = figures.filter(figure -> !Double.isNaN(figure)).sorted().toArray();
    if (sorted.length == 0) {
      return "-";
    }
    double least = sorted[0];
    double most = sorted[sorted.length - 1];
    String median = text(median(sorted), decimals);
    return sorted.length == 1
        ? median
        : median + " (" + text(least, decimals) + "-" + text(most, decimals) + ")";
  }

  /** The smallest figure that this share of them does not pass; they are not empty. */
  static double quantile(List<Double> figures, double share) {
    List<Double> sorted = figures.stream().sorted().toList();
    return sorted.get(Math.max(0, (int) Math.ceil(share * sorted.size()) - 1));
  }

  private static double median(double[] sorted) {
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  private static String text(double figure, int decimals) {
    return Double.isInfinite(figure)
        ? "never"
        : String.format(Locale.ROOT, "%,." + decimals + "f", figure);
  }
}
