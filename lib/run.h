/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_RUN_H
#define MEM_LIB_RUN_H

/*
 * Contiguous runs, pure: aligned neighbours of one table, marked so that a TLB may hold them as one leaf. The
 * tables say nothing else of them, and no page is needed to make or unmake one.
 *
 * What the MMU notes it may note in any entry of a run.
 */

#include "lib/format.h"

/* How many entries a run of this level has; 1 where there are none. */
MEM_INLINE unsigned run_entries(const MemFormat *format, unsigned level)
{
    return format->contiguous != 0 ? 1u << format->levels[level].run : 1;
}

/* The size of a run less 1; of a leaf where there are none. */
MEM_INLINE usize run_mask(const MemFormat *format, unsigned level)
{
    return ((level_mask(format, level) + 1) * run_entries(format, level)) - 1;
}

/* The size of the contiguous runs of a level, or 0. */
MEM_INLINE usize run_size(const MemFormat *format, unsigned level)
{
    return run_entries(format, level) > 1 ? run_mask(format, level) + 1 : 0;
}

MEM_INLINE bool leaf_in_run(const MemFormat *format, MemEntry leaf)
{
    return format->contiguous != 0 && (leaf & format->contiguous) == format->contiguous;
}

/* The size less 1 of a leaf, or of the run that it is part of. */
MEM_INLINE usize leaf_mask(const MemFormat *format, MemEntry leaf, unsigned level)
{
    return leaf_in_run(format, leaf) ? run_mask(format, level) : level_mask(format, level);
}

/* Whether the block at `at` is the last of its leaf, or of the run that it is part of. */
MEM_INLINE bool leaf_ends(const MemFormat *format, MemEntry leaf, unsigned level, usize at)
{
    usize mask = leaf_mask(format, leaf, level);
    return ((at | level_mask(format, level)) & mask) == mask;
}

/* The physical address of `at`, which `leaf` maps. */
MEM_INLINE usize leaf_phys_of(const MemFormat *format, MemEntry leaf, unsigned level, usize at)
{
    usize mask = format->runs_are_equal ? leaf_mask(format, leaf, level) : level_mask(format, level);
    return format->leaf_phys(leaf, level) | (at & mask);
}

/* The physical address of the first byte of the block of `leaf`, which lies around `at`. */
MEM_INLINE usize leaf_base(const MemFormat *format, MemEntry leaf, unsigned level, usize at)
{
    return leaf_phys_of(format, leaf, level, at & ~level_mask(format, level));
}

/* All of a leaf but its address and its part in a run. */
MEM_INLINE MemEntry leaf_attributes(const MemFormat *format, MemEntry leaf, unsigned level)
{
    return format->attributes(leaf, level) & ~format->contiguous;
}

/* What the MMU has noted in a leaf, as flags. */
MEM_INLINE int noted_flags(const MemFormat *format, MemEntry leaf)
{
    return (leaf & format->accessed ? MEM_VMAP_ACCESSED : 0) |
           (format->is_dirty(leaf) ? MEM_VMAP_DIRTY : 0);
}

#endif
