/** Reading files and writing documents: what an import does behind the API. */
@NullMarked
package io.dbimport.engine;

import org.jspecify.annotations.NullMarked;
