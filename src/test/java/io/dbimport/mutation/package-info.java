/** Breaks the code that decides, and sees a test fail for it. */
@NullMarked
package io.dbimport.mutation;

import org.jspecify.annotations.NullMarked;
