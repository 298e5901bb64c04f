/* SPDX-License-Identifier: MIT */
#ifndef TESTS_INTERLEAVING_WATCH_H
#define TESTS_INTERLEAVING_WATCH_H

/*
 * Looks at a space after every store of a call, as the walker of another CPU would, and writes accessed and dirty
 * bits just before each store, as an MMU would. What must hold:
 *
 * - at each probe there is the old mapping or the new one, and nothing else, at any time;
 * - between the last store to a new table and the one that links it there is a fence;
 * - a table that was unlinked is written only when `drops` has changed, and with a fence between;
 * - with several CPUs no dirty bit is lost.
 */

#include "tests/support/space.h"

#define WATCH_PROBES 16

void watch_begin(Space *space, const usize *probes, unsigned count);

/* Ends it; fails the test for what was seen. */
void watch_end(void);

/* Calls `interrupt` once, before the `at`-th load from here (1 = the next), and in it counts no loads. */
void interrupt_load(usize at, void (*interrupt)(Space *space), Space *space);

/* Whether that happened; forgets it where it did not. */
bool interrupt_happened(void);

extern const struct CMUnitTest event_tests[], reader_tests[], writer_tests[];
extern const unsigned event_test_count, reader_test_count, writer_test_count;

#endif
