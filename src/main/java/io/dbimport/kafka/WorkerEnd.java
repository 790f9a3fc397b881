package io.dbimport.kafka;

import java.util.Set;

/** Why a worker ended. Immutable. */
public sealed interface WorkerEnd {

  /** It was asked to stop; every call was answered, and all of it is committed and handed over. */
  record Drained() implements WorkerEnd {}

  /**
   * Drained, but these partitions were not handed over: whoever has them next waits until the
   * broker has given this worker up, and then until no call of it could be open.
   */
  record NotHandedOver(Set<Integer> partitions) implements WorkerEnd {}

  /** It was asked to stop, and the time for it ran out. */
  record StoppedBeforeDrained(String what) implements WorkerEnd {}

  /** Another process runs under the same instance id. */
  record InstanceIdInUse(String what) implements WorkerEnd {}

  /** Kafka does not let this worker in, or do what it must. */
  record NotAuthorised(String what) implements WorkerEnd {}

  /** Something that the worker cannot mend: a restart may. */
  record Broken(Throwable cause) implements WorkerEnd {}
}
