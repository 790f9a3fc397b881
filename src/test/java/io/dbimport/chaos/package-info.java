/** Whole workers among failures, and the judge of what they did. */
@NullMarked
package io.dbimport.chaos;

import org.jspecify.annotations.NullMarked;
