package io.dbimport.cli;

import io.dbimport.client.ApiFamily;
import java.net.URI;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * One app as {@code DBIMPORT_APPS} has it. Immutable; prints no secret.
 *
 * @param family which paths its token is for
 * @param source where its tokens come from
 */
record AppSetting(ApiFamily family, Source source) {

  /** Where tokens come from. */
  sealed interface Source {

    /** One that never changes. */
    record Static(Secret token) implements Source {}

    /** A file that something else renews. */
    record InFile(Path file) implements Source {}

    /** {@code api_component_token}, for a platform. */
    record Component(String appid, Secret secret, Ticket ticket) implements Source {}

    /** {@code stable_token}, for one app. */
    record Stable(String appid, Secret secret) implements Source {}

    /**
     * A company's own service.
     *
     * @param post a POST instead of a GET
     */
    record Url(URI url, boolean post, @Nullable Secret authorization) implements Source {
      /** The query may give access. */
      @Override
      public String toString() {
        return "Url[" + url.getHost() + "]";
      }
    }
  }

  /** Where the {@code component_verify_ticket} is. */
  sealed interface Ticket {
    record InFile(Secret ticket) implements Ticket {}

    record InTopic(String topic) implements Ticket {}
  }
}
