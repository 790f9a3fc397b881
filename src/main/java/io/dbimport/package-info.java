/**
 * The words everything else is written in: a request, what one attempt to carry it out gave, how it
 * ended, and the API that is called. Only the JDK is used here.
 */
@NullMarked
package io.dbimport;

import org.jspecify.annotations.NullMarked;
