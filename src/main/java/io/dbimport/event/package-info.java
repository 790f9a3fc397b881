/**
 * Words to and from JSON and headers: requests decoded, results encoded, the ledger's records, and
 * the schemas of all of them.
 */
@NullMarked
package io.dbimport.event;

import org.jspecify.annotations.NullMarked;
