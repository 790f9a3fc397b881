package io.dbimport.server;

import io.helidon.http.Status;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerResponse;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.Optional;

/** {@code /metrics}, {@code /livez} and {@code /readyz}. Thread-safe. */
final class ObserveRoutes {
  private static final String PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";

  private final PrometheusMeterRegistry registry;
  private final Health health;

  ObserveRoutes(PrometheusMeterRegistry registry, Health health) {
    this.registry = registry;
    this.health = health;
  }

  void addTo(HttpRouting.Builder routing) {
    routing
        .get(
            "/metrics",
            (_, response) -> {
              response.header("Content-Type", PROMETHEUS_TEXT);
              response.send(registry.scrape());
            })
        .get("/livez", (_, response) -> tell(response, health.notLive()))
        .get("/readyz", (_, response) -> tell(response, health.notReady()));
  }

  private static void tell(ServerResponse response, Optional<String> trouble) {
    response.header("Content-Type", "text/plain; charset=utf-8");
    response
        .status(trouble.isPresent() ? Status.SERVICE_UNAVAILABLE_503 : Status.OK_200)
        .send(trouble.orElse("ok") + "\n");
  }

  /** The JVM's own meters. The garbage collector's listeners live as long as the process. */
  @SuppressWarnings("resource")
  static void bindJvm(MeterRegistry registry) {
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new JvmGcMetrics().bindTo(registry);
    new ClassLoaderMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
  }
}
