/** The import API over HTTP: routes, tokens, uploads, and jobs over the engine. */
@NullMarked
package io.dbimport.server;

import org.jspecify.annotations.NullMarked;
