/* SPDX-License-Identifier: MIT */
#ifndef TESTS_MODEL_TINY_ENTRIES_H
#define TESTS_MODEL_TINY_ENTRIES_H

/*
 * Formats so small that a test can look at the whole address space after each operation, and whose entries
 * differ from level to level: an entry read or written at the wrong level stops the test.
 *
 *    bits 3..0: what it is and of which level; bits 27..4: address, shifted up by the level; bits 34..30:
 *    memory type, shifted up by the level; bits 43..36: count; from 44 on: rights and notes
 */

#include "tests/model/tiny.h"

#include <stdlib.h>

#define TINY_BIT(n)   ((MemEntry)1 << (44 + (n)))
#define TINY_WRITE    TINY_BIT(0)
#define TINY_EXEC     TINY_BIT(1)
#define TINY_KERNEL   TINY_BIT(2) /* denies USER where it is set */
#define TINY_GLOBAL   TINY_BIT(3)
#define TINY_ACCESSED TINY_BIT(4)
#define TINY_DIRTY    TINY_BIT(5)
#define TINY_CHEAP    TINY_BIT(6)
#define TINY_DEVICE   TINY_BIT(7)
#define TINY_NOTES    (~(MemEntry)0 << 44)

static inline MemEntry tag_of(EntryKind kind, unsigned level)
{
    return 1 + 2 * level + (kind == ENTRY_TABLE);
}

static inline EntryKind tiny_kind(MemEntry entry, unsigned level)
{
    MemEntry tag = entry & 15;
    if (tag == 0)
        return ENTRY_EMPTY;
    if (tag == tag_of(ENTRY_LEAF, level))
        return ENTRY_LEAF;
    if (tag == tag_of(ENTRY_TABLE, level) && level > 0)
        return ENTRY_TABLE;
    abort(); /* an entry of another level, or no entry at all */
}

static inline MemEntry field(usize phys, unsigned level)
{
    return (MemEntry)(phys >> 4) << (4 + level);
}

static inline usize unfield(MemEntry entry, unsigned level)
{
    return ((entry >> (4 + level)) & 0xfffff) << 4;
}

static inline MemEntry tiny_table(usize phys, unsigned level)
{
    return field(phys, level) | tag_of(ENTRY_TABLE, level);
}

static inline usize tiny_phys(MemEntry entry, unsigned level)
{
    return unfield(entry, level);
}

static inline MemEntry tiny_address(usize phys, unsigned level)
{
    return field(phys, level);
}

static inline MemEntry tiny_attributes(MemEntry leaf, unsigned level)
{
    return leaf & ~((MemEntry)0xfffff << (4 + level));
}

static inline unsigned tiny_decode_type(MemEntry leaf, unsigned level)
{
    return (leaf >> (30 + level)) & 7;
}

static inline MemEntry with_type(MemEntry rest, unsigned level, unsigned type_index)
{
    return rest | tag_of(ENTRY_LEAF, level) | (MemEntry)type_index << (30 + level);
}

static inline MemEntry tiny_relevel(MemEntry attributes, unsigned from, unsigned to)
{
    return with_type(attributes & TINY_NOTES, to, tiny_decode_type(attributes, from));
}

static inline MemEntry tiny_encode(int flags, unsigned level, unsigned type_index)
{
    MemEntry entry = 0;
    entry |= flags & MEM_VMAP_WRITE ? TINY_WRITE : 0;
    entry |= flags & MEM_VMAP_EXEC ? TINY_EXEC : 0;
    entry |= flags & MEM_VMAP_USER ? 0 : TINY_KERNEL;
    entry |= flags & MEM_VMAP_GLOBAL ? TINY_GLOBAL : 0;
    entry |= flags & MEM_VMAP_ACCESSED ? TINY_ACCESSED : 0;
    entry |= flags & MEM_VMAP_DIRTY ? TINY_DIRTY : 0;
    entry |= flags & MEM_VMAP_NO_RESERVE ? TINY_CHEAP : 0;
    entry |= (flags & MEM_VMAP_TYPE_MASK) == MEM_VMAP_DEVICE ? TINY_DEVICE : 0;
    return with_type(entry, level, type_index);
}

static inline int tiny_decode(MemEntry leaf)
{
    int flags = 0;
    flags |= leaf & TINY_WRITE ? MEM_VMAP_WRITE : 0;
    flags |= leaf & TINY_EXEC ? MEM_VMAP_EXEC : 0;
    flags |= leaf & TINY_KERNEL ? 0 : MEM_VMAP_USER;
    flags |= leaf & TINY_GLOBAL ? MEM_VMAP_GLOBAL : 0;
    flags |= leaf & TINY_ACCESSED ? MEM_VMAP_ACCESSED : 0;
    flags |= leaf & TINY_DIRTY ? MEM_VMAP_DIRTY : 0;
    flags |= leaf & TINY_CHEAP ? MEM_VMAP_NO_RESERVE : 0;
    return flags;
}

static inline MemEntry tiny_reserved(unsigned level)
{
    MemEntry address = (MemEntry)0xfffff << (4 + level), type = (MemEntry)7 << (30 + level);
    return ~(address | type | TINY_NOTES | 15);
}

/* What protect changes. */
#define TINY_RIGHTS ((MemEntry)(TINY_WRITE | TINY_EXEC | TINY_KERNEL | TINY_GLOBAL))

static inline MemEntry tiny_with_rights(MemEntry leaf, MemEntry rights)
{
    return (leaf & ~TINY_RIGHTS) | rights;
}

static inline bool tiny_is_dirty(MemEntry leaf)
{
    return (leaf & TINY_DIRTY) != 0;
}

static inline MemEntry tiny_with_dirty(MemEntry attributes)
{
    return attributes | TINY_DIRTY;
}

static inline MemEntry tiny_never_used(MemEntry attributes)
{
    return attributes & ~(MemEntry)(TINY_ACCESSED | TINY_DIRTY);
}

/* The fields of a MemFormat that all share, but for two that contiguous runs may have their own of. */
#define TINY_FIELDS_WITHOUT(leaf_phys_, attributes_)                                                       \
    .pa_bits_max = 24, .count_shift = 36, .accessed = TINY_ACCESSED, .global = TINY_GLOBAL,                \
    .rights = TINY_RIGHTS, .grants = TINY_WRITE | TINY_EXEC | TINY_GLOBAL, .no_reserve = TINY_CHEAP,       \
    .device = TINY_DEVICE, .type_indices = 0xff, .type_index = {0, 1, 2, 3, 2}, .kind = tiny_kind,         \
    .table = tiny_table, .table_phys = tiny_phys, .address = tiny_address, .leaf_phys = leaf_phys_,        \
    .attributes = attributes_, .relevel = tiny_relevel, .with_rights = tiny_with_rights,                   \
    .is_dirty = tiny_is_dirty, .with_dirty = tiny_with_dirty, .never_used = tiny_never_used,               \
    .encode = tiny_encode, .decode = tiny_decode, .decode_type = tiny_decode_type,                         \
    .reserved = tiny_reserved
#define TINY_COMMON_FIELDS TINY_FIELDS_WITHOUT(tiny_phys, tiny_attributes)

#endif
