/* SPDX-License-Identifier: MIT */
#ifndef MEM_VMAP_PLAN_H
#define MEM_VMAP_PLAN_H

/* What CPUs must forget, as plain data. */

#include <mem/vmap_config.h>

/* Virtual addresses, the last one included, that were mapped by leaves of `stride` bytes. */
typedef struct mem_vmap_range {
    usize first;
    usize last;
    usize stride;
} MemVmapRange;

/*
 * What the CPUs must forget, as plain data. Where `everything` is false the `ranges` say it all:
 * invalidate the translation of every `stride`-th address of each. Where it is true, every
 * translation of this space goes.
 */
typedef struct mem_vmap_plan {
    usize root;      /* physical address of the space's root table: which space this is */
    bool everything; /* too many ranges: forget the whole space */
    bool tables;     /* tables went: walk caches (paging-structure caches) must go too */
    bool global;     /* some of the entries were global: a root reload does not drop them */
    unsigned count;
    MemVmapRange ranges[MEM_VMAP_BATCH_RANGES];
} MemVmapPlan;

#endif
