/**
 * Benches: processes that are measured, and the mains that measure them. Built by {@code -Pbench}.
 */
@NullMarked
package io.dbimport.bench;

import org.jspecify.annotations.NullMarked;
