/* SPDX-License-Identifier: MIT */

/* Entries of any format: what goes in comes out, and stands where the manual says. */

#include "lib/run.h"
#include "manual.h"

/* Flags that a leaf keeps; the memory type stands in its index. */
#define RIGHTS (MEM_VMAP_WRITE | MEM_VMAP_EXEC | MEM_VMAP_USER | MEM_VMAP_GLOBAL)
#define NOTED  (MEM_VMAP_ACCESSED | MEM_VMAP_DIRTY)
#define KEPT   ((RIGHTS | NOTED | MEM_VMAP_NO_RESERVE) & ~FORMAT.lacks)

INLINE bool has_leaves(unsigned level)
{
    return level <= FORMAT.top && FORMAT.levels[level].leaf;
}

INLINE uint64_t size_of(unsigned level)
{
    return (uint64_t)1 << FORMAT.levels[level].shift;
}

/* A physical address of the format that is a multiple of `size`. */
INLINE bool is_phys(uint64_t phys, uint64_t size)
{
    return phys < (uint64_t)1 << FORMAT.pa_bits_max && phys % size == 0;
}

/* What mem_vmap_map may ask for; `type` is an index into the CPU's memory types. */
INLINE bool is_asked(int flags, unsigned type)
{
    bool known = (flags & ~(KEPT | MEM_VMAP_TYPE_MASK)) == 0;
    return known && (flags & MEM_VMAP_TYPE_MASK) <= MEM_VMAP_DEVICE && type < 16 &&
           (FORMAT.type_indices >> type & 1) != 0;
}

INLINE bool is_device(int flags)
{
    return (flags & MEM_VMAP_TYPE_MASK) == MEM_VMAP_DEVICE;
}

/* Whether an entry of this level is a leaf of this address, these flags and this type. */
INLINE bool is_leaf(unsigned level, uint64_t leaf, uint64_t phys, int flags, unsigned type)
{
    unsigned shift = FORMAT.levels[level].shift;
    return FORMAT.kind(leaf, level) == ENTRY_LEAF && FORMAT.leaf_phys(leaf, level) == phys &&
           FORMAT.decode(leaf) == (flags & KEPT) && FORMAT.decode_type(leaf, level) == type &&
           (leaf & FORMAT.reserved(level)) == 0 && (leaf & manual_zero(true, shift)) == 0 &&
           FORMAT.is_dirty(leaf) == ((flags & MEM_VMAP_DIRTY) != 0) &&
           ((leaf & FORMAT.accessed) != 0) == ((flags & MEM_VMAP_ACCESSED) != 0) &&
           ((leaf & FORMAT.no_reserve) != 0) == ((flags & MEM_VMAP_NO_RESERVE) != 0) &&
           ((leaf & FORMAT.device) != 0) == is_device(flags);
}

INLINE Answer leaf(unsigned level, uint64_t phys, int flags, unsigned type)
{
    APPLIES_IF(has_leaves(level));
    APPLIES_IF(is_phys(phys, size_of(level)) && is_asked(flags, type));
    uint64_t attributes = FORMAT.encode(flags, level, type);
    uint64_t entry = FORMAT.address(phys, level) | attributes;
    return is_leaf(level, entry, phys, flags, type) && !leaf_in_run(&FORMAT, entry) &&
           manual_leaf_address(entry, FORMAT.levels[level].shift) == phys &&
           FORMAT.attributes(entry, level) == attributes;
}
AT_EACH_LEVEL(leaf, (uint64_t phys, int flags, unsigned type), phys, flags, type)

/* The `index`-th entry of a contiguous run, whose first byte is at `base`. */
INLINE Answer run(unsigned level, uint64_t base, unsigned index, int flags, unsigned type)
{
    APPLIES_IF(has_leaves(level) && FORMAT.contiguous != 0 && FORMAT.levels[level].run != 0);
    uint64_t size = size_of(level), count = (uint64_t)1 << FORMAT.levels[level].run;
    APPLIES_IF(is_phys(base, size * count) && index < count && is_asked(flags, type));
    uint64_t at = FORMAT.runs_are_equal ? base : base + index * size;
    uint64_t attributes = FORMAT.encode(flags, level, type);
    uint64_t entry = FORMAT.address(at, level) | attributes | FORMAT.contiguous;
    return leaf_in_run(&FORMAT, entry) && is_leaf(level, entry, at, flags, type) &&
           leaf_attributes(&FORMAT, entry, level) == attributes &&
           leaf_phys_of(&FORMAT, entry, level, index * size + 5) == base + index * size + 5;
}
AT_EACH_LEVEL(run, (uint64_t base, unsigned index, int flags, unsigned type), base, index, flags, type)

/* protect: the rights become others, and nothing else does. */
INLINE Answer rights(unsigned level, uint64_t phys, int flags, int others, unsigned type)
{
    APPLIES_IF(has_leaves(level));
    APPLIES_IF(is_phys(phys, size_of(level)) && is_asked(flags, type) && is_asked(others, type));
    uint64_t entry = FORMAT.address(phys, level) | FORMAT.encode(flags, level, type);
    uint64_t changed = FORMAT.with_rights(entry, FORMAT.encode(others, level, type) & FORMAT.rights);
    return is_leaf(level, changed, phys, (flags & ~RIGHTS) | (others & RIGHTS), type);
}
AT_EACH_LEVEL(rights, (uint64_t phys, int flags, int others, unsigned type), phys, flags, others, type)

/* What the MMU would note, noted and forgotten. */
INLINE Answer noted(unsigned level, uint64_t phys, int flags, unsigned type)
{
    APPLIES_IF(has_leaves(level));
    APPLIES_IF(is_phys(phys, size_of(level)) && is_asked(flags, type));
    uint64_t attributes = FORMAT.encode(flags, level, type), address = FORMAT.address(phys, level);
    return is_leaf(level, address | FORMAT.with_dirty(attributes), phys, flags | MEM_VMAP_DIRTY, type) &&
           is_leaf(level, address | FORMAT.never_used(attributes), phys, flags & ~NOTED, type) &&
           is_leaf(level, address | attributes | FORMAT.accessed, phys, flags | MEM_VMAP_ACCESSED, type);
}
AT_EACH_LEVEL(noted, (uint64_t phys, int flags, unsigned type), phys, flags, type)

INLINE bool is_same_there(unsigned from, unsigned to, int flags, unsigned type)
{
    uint64_t attributes = FORMAT.encode(flags, from, type);
    return !has_leaves(to) || FORMAT.relevel(attributes, from, to) == FORMAT.encode(flags, to, type);
}

/* Split and collapse: a leaf of another level has what it would have had there. */
INLINE Answer relevel(unsigned from, int flags, unsigned type)
{
    APPLIES_IF(has_leaves(from));
    APPLIES_IF(is_asked(flags, type));
    return is_same_there(from, 0, flags, type) && is_same_there(from, 1, flags, type) &&
           is_same_there(from, 2, flags, type) && is_same_there(from, 3, flags, type) &&
           is_same_there(from, 4, flags, type);
}
AT_EACH_LEVEL(relevel, (int flags, unsigned type), flags, type)

INLINE uint64_t counted(uint64_t entry)
{
    return (entry & count_mask(&FORMAT)) >> FORMAT.count_shift;
}

/* An entry that links a table and counts its entries, of which some come or go. */
INLINE Answer table(unsigned level, uint64_t phys, int32_t count, int32_t change)
{
    APPLIES_IF(level > 0 && level <= FORMAT.top);
    int64_t entries = (int64_t)1 << FORMAT.levels[level - 1].index_bits, sum = (int64_t)count + change;
    APPLIES_IF(is_phys(phys, table_size(&FORMAT)) && count >= 0 && count <= entries && sum >= 0 &&
               sum <= entries);
    uint64_t modulus = (uint64_t)1 << FORMAT.count_bits, empty = FORMAT.table(phys, level);
    uint64_t before = count_add(&FORMAT, empty, (unsigned)count);
    uint64_t after = count_add(&FORMAT, before, (unsigned)change);
    return FORMAT.kind(after, level) == ENTRY_TABLE && FORMAT.table_phys(after, level) == phys &&
           manual_address(after) == phys && (after & manual_zero(false, FORMAT.levels[0].shift)) == 0 &&
           counted(empty) == 0 && counted(before) == (uint64_t)count % modulus &&
           counted(after) == (uint64_t)sum % modulus && ((after ^ empty) & ~count_mask(&FORMAT)) == 0 &&
           table_size(&FORMAT) == size_of(0);
}
AT_EACH_LEVEL(table, (uint64_t phys, int32_t count, int32_t change), phys, count, change)

/* All zero is nothing, and no leaf or table is all zero. */
INLINE Answer empty(unsigned level, uint64_t phys, int flags, unsigned type)
{
    APPLIES_IF(level <= FORMAT.top);
    APPLIES_IF(is_phys(phys, table_size(&FORMAT)) && is_asked(flags, type));
    return FORMAT.kind(0, level) == ENTRY_EMPTY && FORMAT.encode(flags, level, type) != 0 &&
           FORMAT.table(phys, level) != 0;
}
AT_EACH_LEVEL(empty, (uint64_t phys, int flags, unsigned type), phys, flags, type)
