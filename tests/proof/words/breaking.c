/* SPDX-License-Identifier: MIT */

/*
 * Break-before-make (DDI 0487, D8.16.1): the entry that stands between two is either the second one, where nothing need
 * be broken, or one that no CPU caches; and to the engine it is what it stands for.
 */

#include "lib/run.h"
#include "goals.h"

/* Bit 0 is clear; or bit 16 of a block, nT, is set, which CPUs of level 1 know. */
INLINE bool is_not_cached(uint64_t entry, unsigned level, unsigned break_level)
{
    return !(entry & 1) || (break_level >= 1 && level > 0 && !(entry & 2) && (entry >> 16 & 1) != 0);
}

INLINE bool same_leaf(uint64_t entry, uint64_t leaf, unsigned level)
{
    return FORMAT.kind(entry, level) == ENTRY_LEAF &&
           FORMAT.leaf_phys(entry, level) == FORMAT.leaf_phys(leaf, level) &&
           FORMAT.decode(entry) == FORMAT.decode(leaf) &&
           FORMAT.decode_type(entry, level) == FORMAT.decode_type(leaf, level) &&
           leaf_in_run(&FORMAT, entry) == leaf_in_run(&FORMAT, leaf);
}

INLINE uint64_t leaf_of(unsigned level, uint64_t phys, int flags, unsigned type)
{
    return FORMAT.address(phys, level) | FORMAT.encode(flags, level, type);
}

INLINE bool is_leaf_here(unsigned level, uint64_t phys, int flags)
{
    return phys < (uint64_t)1 << FORMAT.pa_bits_max &&
           phys % ((uint64_t)1 << FORMAT.levels[level].shift) == 0 &&
           (flags & (MEM_VMAP_TYPE_MASK | FORMAT.lacks)) == 0;
}

/* A leaf becomes part of a contiguous run, or no longer is. */
INLINE Answer mark(unsigned level, uint64_t phys, int flags, unsigned type, unsigned break_level,
                   bool marks)
{
    APPLIES_IF(level <= FORMAT.top && FORMAT.levels[level].run != 0 && FORMAT.interim != NULL);
    APPLIES_IF(is_leaf_here(level, phys, flags) && break_level <= 2);
    uint64_t plain = leaf_of(level, phys, flags, type), run = plain | FORMAT.contiguous;
    uint64_t before = marks ? plain : run, after = marks ? run : plain;
    uint64_t interim = FORMAT.interim(before, after, level, break_level);
    if (break_level == 2)
        return interim == after;
    return is_not_cached(interim, level, break_level) &&
           (same_leaf(interim, before, level) || same_leaf(interim, after, level));
}
AT_EACH_LEVEL(mark, (uint64_t phys, int flags, unsigned type, unsigned break_level, bool marks), phys,
              flags, type, break_level, marks)

/* A leaf becomes a table of smaller ones. */
INLINE Answer split(unsigned level, uint64_t phys, uint64_t table, int flags, unsigned type,
                    unsigned break_level)
{
    APPLIES_IF(level > 0 && level <= FORMAT.top && FORMAT.levels[level].leaf && FORMAT.interim != NULL);
    APPLIES_IF(is_leaf_here(level, phys, flags) && is_leaf_here(0, table, 0) && break_level <= 2);
    uint64_t before = leaf_of(level, phys, flags, type), after = FORMAT.table(table, level);
    uint64_t interim = FORMAT.interim(before, after, level, break_level);
    if (break_level == 2)
        return interim == after;
    return is_not_cached(interim, level, break_level) && same_leaf(interim, before, level);
}
AT_EACH_LEVEL(split, (uint64_t phys, uint64_t table, int flags, unsigned type, unsigned break_level), phys,
              table, flags, type, break_level)

/* And back: until the leaf stands there, the entry is the table, or the leaf that is not cached. */
INLINE Answer join(unsigned level, uint64_t phys, uint64_t table, int flags, unsigned type,
                   unsigned break_level)
{
    APPLIES_IF(level > 0 && level <= FORMAT.top && FORMAT.levels[level].leaf && FORMAT.interim != NULL);
    APPLIES_IF(is_leaf_here(level, phys, flags) && is_leaf_here(0, table, 0) && break_level <= 2);
    uint64_t before = FORMAT.table(table, level), after = leaf_of(level, phys, flags, type);
    uint64_t interim = FORMAT.interim(before, after, level, break_level);
    bool is_table =
        FORMAT.kind(interim, level) == ENTRY_TABLE && FORMAT.table_phys(interim, level) == table;
    if (break_level == 2)
        return interim == after;
    return is_not_cached(interim, level, break_level) && (is_table || same_leaf(interim, after, level));
}
AT_EACH_LEVEL(join, (uint64_t phys, uint64_t table, int flags, unsigned type, unsigned break_level), phys,
              table, flags, type, break_level)

/* What a CPU takes for all address spaces must not stand where it may have cached that of one. */
INLINE Answer globalise(unsigned level, uint64_t phys, int flags, unsigned type, unsigned break_level)
{
    APPLIES_IF(level <= FORMAT.top && FORMAT.levels[level].leaf && FORMAT.interim != NULL &&
               FORMAT.local != 0);
    APPLIES_IF(is_leaf_here(level, phys, flags) && !(flags & MEM_VMAP_GLOBAL) && break_level <= 2);
    uint64_t before = leaf_of(level, phys, flags, type);
    uint64_t after = leaf_of(level, phys, flags | MEM_VMAP_GLOBAL, type);
    uint64_t interim = FORMAT.interim(before, after, level, break_level);
    return is_not_cached(interim, level, break_level) && same_leaf(interim, before, level);
}
AT_EACH_LEVEL(globalise, (uint64_t phys, int flags, unsigned type, unsigned break_level), phys, flags, type,
              break_level)
