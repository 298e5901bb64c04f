/* SPDX-License-Identifier: MIT */

/*
 * How many tables and credits a map takes, by the size of its leaves. Contracts of lib/map.h.
 *
 * WP proves a loop by an invariant. Those of lib/map.h run once a level, so they are unrolled instead: "completely"
 * makes WP prove that nothing is left to run after the last copy. The annotation has to stand before the loop;
 * so that no source need carry it, the keyword does (and the preprocessor is told to keep comments in macros).
 */

#include "level.c"
#include "lib/batch.h"
#include "lib/cursor.h"
#include "lib/page_run.h"

#define for /*@ loop pragma UNROLL "completely", 5; */ for
#include "lib/map.h"
#undef for

/* Counted in blocks of the levels above the page. */
#define TOUCHED(size) (last / size - first / size + 1)
#define WITHIN(size)  (\max(0, (last + 1) / size - (first + size - 1) / size))

#define first (mapping->first)
#define last  (mapping->last)

/*@ requires format == &FORMAT && \valid_read(mapping);
    requires first <= last < 2 * HALF && mapping->leaf_level <= 2;
    assigns \nothing;
    exits \false;
    behavior none:
      assumes (mapping->flags & MEM_VMAP_NO_RESERVE) != 0 || mapping->leaf_level == 0;
      ensures \result == 0;
    behavior leaves_of_2m:
      assumes (mapping->flags & MEM_VMAP_NO_RESERVE) == 0 && mapping->leaf_level == 1;
      ensures \result == WITHIN(SIZE_1);
    behavior leaves_of_1g:
      assumes (mapping->flags & MEM_VMAP_NO_RESERVE) == 0 && mapping->leaf_level == 2;
      ensures \result == WITHIN(SIZE_1) + WITHIN(SIZE_2);
    complete behaviors; */
static inline usize credits_for(const MemFormat *format, const Mapping *mapping);

/* Down from the root, the widest case: smaller `level` leaves out the first rounds. */

#if PROOF_DEPTH == 4
#define UPPER TOUCHED(SIZE_3)
#else
#define UPPER (TOUCHED(SIZE_3) + TOUCHED(SIZE_4))
#endif

/*@ requires format == &FORMAT && \valid_read(mapping) && level == FORMAT.top;
    requires first <= last < 2 * HALF && mapping->leaf_level <= 2;
    assigns \nothing;
    exits \false;
    behavior pages:
      assumes mapping->leaf_level == 0;
      ensures \result == UPPER + TOUCHED(SIZE_2) + TOUCHED(SIZE_1);
    behavior leaves_of_2m:
      assumes mapping->leaf_level == 1;
      ensures \result == UPPER + TOUCHED(SIZE_2) + TOUCHED(SIZE_1) - WITHIN(SIZE_1);
    behavior leaves_of_1g:
      assumes mapping->leaf_level == 2;
      ensures \result ==
          UPPER + TOUCHED(SIZE_2) - WITHIN(SIZE_2) + TOUCHED(SIZE_1) - WITHIN(SIZE_1);
    complete behaviors; */
static inline usize tables_below(const MemFormat *format, const Mapping *mapping, unsigned level);
