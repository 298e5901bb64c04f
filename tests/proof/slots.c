/* SPDX-License-Identifier: MIT */

/*
 * Which slots of a table a range covers, at every level. Contracts of lib/map.h and lib/cursor.h.
 */

#include "level.c"
#include "lib/map.h"

/* The whole blocks in the range: from the first that begins in it to the last that ends in it. */
#define BEGIN(size) ((range.first + size - 1) / size)
#define END(size)   ((range.last + 1) / size)
#define TABLE(size) (range.first / size / 512 * 512)
#define ARE_SLOTS(size)                                                                                    \
    (\result.begin == BEGIN(size) - TABLE(size) && \result.end == END(size) - TABLE(size))
#define IN_ONE_TABLE(size) (range.first / size / 512 == range.last / size / 512)
#define CUTS_FIRST(size)   (range.first % size != 0)
#define CUTS_LAST(size)    (range.last % size != size - 1)

/*@ requires format == &FORMAT && IS_LEVEL && range.first <= range.last < 2 * HALF;
    requires AT_EACH_LEVEL(IN_ONE_TABLE);
    assigns \nothing;
    exits \false;
    ensures slots_0: level == 0 ==> ARE_SLOTS(SIZE_0);
    ensures slots_1: level == 1 ==> ARE_SLOTS(SIZE_1);
    ensures slots_2: level == 2 ==> ARE_SLOTS(SIZE_2);
    ensures slots_3: level == 3 ==> ARE_SLOTS(SIZE_3);
    ensures slots_4: level == 4 ==> ARE_SLOTS(SIZE_4);
    ensures cuts_first: \result.cuts_first <==> AT_EACH_LEVEL(CUTS_FIRST);
    ensures cuts_last: \result.cuts_last <==> AT_EACH_LEVEL(CUTS_LAST); */
static inline Slots slots_within(const MemFormat *format, unsigned level, Range range);

#define level        (cursor->level)
#define LEFT(size)   (512 - (cursor->at / size) % 512)
#define BLOCKS(size) ((cursor->last + 1 - cursor->at) / size)
#define IS_RUN(size) (\result == \min(LEFT(size), BLOCKS(size)))

/*@ requires format == &FORMAT && \valid_read(cursor) && IS_LEVEL && cursor->at <= cursor->last < 2 * HALF;
    assigns \nothing;
    exits \false;
    ensures run: AT_EACH_LEVEL(IS_RUN); */
static inline unsigned cursor_run(const MemFormat *format, const Cursor *cursor);
#undef level
