/** The commands, their settings, and the wiring of every process, by hand. */
@NullMarked
package io.dbimport.cli;

import org.jspecify.annotations.NullMarked;
