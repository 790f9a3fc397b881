package io.dbimport.worker;

/**
 * The right to make one call, with the slots taken for it: it is brought back to {@link Admission}
 * exactly once. Immutable.
 *
 * @param lane whose first request may be called
 * @param own number of the call at the tenant's breaker
 * @param atAddress number of the call at the address's breaker
 */
record Turn(Lane lane, Tenant tenant, long own, long atAddress) {}
