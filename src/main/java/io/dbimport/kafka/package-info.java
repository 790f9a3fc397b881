/**
 * The edge to Kafka: the poll loop, the tick that commits, the ledger and its restore, and the
 * topics.
 */
@NullMarked
package io.dbimport.kafka;

import org.jspecify.annotations.NullMarked;
