/* SPDX-License-Identifier: MIT */

/*
 * Which leaves a range gets: the largest that the CPU and the caps allow, that fit, and that are aligned in both
 * spaces. Contract of lib/map.h, whose loop is unrolled as map.c explains.
 */

#include "level.c"
#include "lib/batch.h"
#include "lib/cursor.h"
#include "lib/page_run.h"

#define while /*@ loop pragma UNROLL "completely", 3; */ while
#include "lib/map.h"
#undef while

#define SIZE(level) ((level) == 0 ? SIZE_0 : (level) == 1 ? SIZE_1 : SIZE_2)

/* The longest leaf that length and caps allow. */
#define MOST(len, flags)                                                                                   \
    (((flags)&MEM_VMAP_CAP_4K) != 0   ? \min(len, SIZE_0)                                                  \
     : ((flags)&MEM_VMAP_CAP_2M) != 0 ? \min(len, SIZE_1)                                                  \
                                      : (len))

/*@ assigns \nothing;
    exits \false;
    ensures \result == MOST(len, flags); */
static inline usize leaf_size_most(usize len, int flags);

/* Whether leaves of this level can map the range: alike in both spaces, and there is room for one. */
#define POSSIBLE(level) (SIZE(level) <= most && offset % SIZE(level) == 0)

/*@ requires format == &FORMAT;
    requires \valid_read(vmap) && vmap->leaf_level <= 2;
    assigns \nothing;
    exits \false;
    ensures range: \result <= vmap->leaf_level;
    ensures possible: \result > 0 ==> POSSIBLE(\result);
    ensures largest_1: \result < 1 <= vmap->leaf_level ==> !POSSIBLE(1);
    ensures largest_2: \result < 2 <= vmap->leaf_level ==> !POSSIBLE(2); */
static inline unsigned leaf_level_for(const MemFormat *format, const MemVmap *vmap, usize offset,
                                      usize most);

/*@ requires format == &FORMAT;
    assigns \nothing;
    exits \false;
    ensures no_runs: \result == 0; */
static inline unsigned run_levels_for(const MemFormat *format, const MemVmap *vmap, usize offset,
                                      usize most, unsigned leaf_level);
