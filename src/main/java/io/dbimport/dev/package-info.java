/**
 * What demo and dev need and production never has: an embedded Kafka broker and PostgreSQL, sample
 * data.
 */
@NullMarked
package io.dbimport.dev;

import org.jspecify.annotations.NullMarked;
