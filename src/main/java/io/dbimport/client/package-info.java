/** The import API over HTTPS: one call, one deadline, one reply. */
@NullMarked
package io.dbimport.client;

import org.jspecify.annotations.NullMarked;
