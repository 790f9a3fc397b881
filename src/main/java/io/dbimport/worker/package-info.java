/**
 * What happens to a delivery, from decoding to its outcome and the end of its job. Pure: time and
 * random are passed in, and nothing here does input or output.
 */
@NullMarked
package io.dbimport.worker;

import org.jspecify.annotations.NullMarked;
