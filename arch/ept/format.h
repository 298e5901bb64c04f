/* SPDX-License-Identifier: MIT */
#ifndef MEM_ARCH_EPT_FORMAT_H
#define MEM_ARCH_EPT_FORMAT_H

/*
 * Extended page tables, which translate a guest's physical addresses: Intel SDM volume 3C, section 29.3
 * "The Extended Page Table Mechanism", tables 29-1 to 29-6. Both depths share everything here.
 *
 *    62..57   56..52   51 .. 12   11    10   9  8  7  6     5..3  2  1  0
 *    various  ignored  address    ours  XU   D  A  1  IPAT  type  X  W  R     leaf
 *    ignored  ignored  address    ---   XU   0  A  0  0     0     1  1  1     table
 *
 * Bit 7 is set in leaves of level 1 and 2, and ignored in pages. There is no user and no global page. The
 * guest's PAT counts (IPAT clear), as is usual.
 */

#include "lib/format.h"

enum {
    EPT_READ = 1 << 0,
    EPT_WRITE = 1 << 1,
    EPT_EXECUTE = 1 << 2,
    EPT_TYPE_SHIFT = 3,
    EPT_LARGE = 1 << 7, /* levels 1 and 2 */
    EPT_ACCESSED = 1 << 8,
    EPT_DIRTY = 1 << 9,
    EPT_NO_RESERVE = 1 << 11, /* ignored by the CPU: ours */
};
#define EPT_DEVICE  ((MemEntry)1 << 52) /* ignored by the CPU: ours */
#define EPT_ADDRESS ((MemEntry)0x000ffffffffff000)

static inline EntryKind ept_common_kind(MemEntry all, MemEntry any, unsigned level)
{
    if (!(all & EPT_READ))
        return ENTRY_EMPTY;
    if (level == 0 || (all & EPT_LARGE))
        return ENTRY_LEAF;
    return any & EPT_LARGE ? ENTRY_EMPTY : ENTRY_TABLE;
}

static inline EntryKind ept_kind(MemEntry entry, unsigned level)
{
    if (!(entry & (EPT_READ | EPT_WRITE | EPT_EXECUTE)))
        return ENTRY_EMPTY;
    return level == 0 || (entry & EPT_LARGE) ? ENTRY_LEAF : ENTRY_TABLE;
}

/* Its accessed bit is preset, so that the CPU never writes it and a plain store may update the count. */
static inline MemEntry ept_table(usize phys, unsigned level)
{
    (void)level;
    return phys | EPT_READ | EPT_WRITE | EPT_EXECUTE | EPT_ACCESSED;
}

static inline usize ept_phys(MemEntry entry, unsigned level)
{
    (void)level;
    return entry & EPT_ADDRESS;
}

static inline MemEntry ept_address(usize phys, unsigned level)
{
    (void)level;
    return phys;
}

static inline MemEntry ept_attributes(MemEntry leaf, unsigned level)
{
    (void)level;
    return leaf & ~EPT_ADDRESS;
}

static inline MemEntry ept_relevel(MemEntry attributes, unsigned from, unsigned to)
{
    (void)from;
    return to == 0 ? attributes & ~(MemEntry)EPT_LARGE : attributes | EPT_LARGE;
}

/* Readable always: W without R is a misconfiguration. `type_index` is the EPT memory type itself. */
static inline MemEntry ept_encode(int flags, unsigned level, unsigned type_index)
{
    MemEntry entry = EPT_READ | (level == 0 ? 0 : EPT_LARGE);
    entry |= flags & MEM_VMAP_WRITE ? EPT_WRITE : 0;
    entry |= flags & MEM_VMAP_EXEC ? EPT_EXECUTE : 0;
    entry |= flags & MEM_VMAP_ACCESSED ? EPT_ACCESSED : 0;
    entry |= flags & MEM_VMAP_DIRTY ? EPT_DIRTY : 0;
    entry |= flags & MEM_VMAP_NO_RESERVE ? EPT_NO_RESERVE : 0;
    entry |= (flags & MEM_VMAP_TYPE_MASK) == MEM_VMAP_DEVICE ? EPT_DEVICE : 0;
    return entry | (MemEntry)(type_index & 7) << EPT_TYPE_SHIFT;
}

static inline int ept_decode(MemEntry leaf)
{
    int flags = 0;
    flags |= leaf & EPT_WRITE ? MEM_VMAP_WRITE : 0;
    flags |= leaf & EPT_EXECUTE ? MEM_VMAP_EXEC : 0;
    flags |= leaf & EPT_ACCESSED ? MEM_VMAP_ACCESSED : 0;
    flags |= leaf & EPT_DIRTY ? MEM_VMAP_DIRTY : 0;
    flags |= leaf & EPT_NO_RESERVE ? MEM_VMAP_NO_RESERVE : 0;
    return flags;
}

static inline unsigned ept_decode_type(MemEntry leaf, unsigned level)
{
    (void)level;
    return (unsigned)(leaf >> EPT_TYPE_SHIFT) & 7;
}

/* A large leaf's address bits below its size (SDM tables 29-3 and 29-5). */
static inline MemEntry ept_reserved(unsigned level)
{
    return (((MemEntry)1 << (12 + 9 * level)) - 1) & EPT_ADDRESS;
}

/* Memory types of the SDM, table 29-6: 0 UC, 1 WC, 4 WT, 5 WP, 6 WB. */
#define EPT_TYPES                                                                                          \
    {                                                                                                      \
        6, 4, 0, 1, 0                                                                                      \
    }

/* What protect changes. */
#define EPT_RIGHTS ((MemEntry)(EPT_WRITE | EPT_EXECUTE))

static inline MemEntry ept_with_rights(MemEntry leaf, MemEntry rights)
{
    return (leaf & ~EPT_RIGHTS) | rights;
}

static inline bool ept_is_dirty(MemEntry leaf)
{
    return (leaf & EPT_DIRTY) != 0;
}

static inline MemEntry ept_with_dirty(MemEntry attributes)
{
    return attributes | EPT_DIRTY;
}

static inline MemEntry ept_never_used(MemEntry attributes)
{
    return attributes & ~(MemEntry)(EPT_ACCESSED | EPT_DIRTY);
}

/* What the two depths share; the initialisers of a MemFormat are completed by its own file. */
#define EPT_COMMON_FIELDS                                                                                  \
    .second_stage = true, .pa_bits_max = 52, .linear_bits = 52, .count_shift = 52, .count_bits = 10,       \
    .accessed = EPT_ACCESSED, .rights = EPT_RIGHTS, .grants = EPT_WRITE | EPT_EXECUTE,                     \
    .rights_are_plain = true, .no_reserve = EPT_NO_RESERVE, .device = EPT_DEVICE,                          \
    .lacks = MEM_VMAP_USER | MEM_VMAP_GLOBAL, .updates_are_optional = true, .type_indices = 0x73,          \
    .type_index = EPT_TYPES, .kind = ept_kind, .common_kind = ept_common_kind, .table = ept_table,         \
    .table_phys = ept_phys, .address = ept_address, .leaf_phys = ept_phys, .attributes = ept_attributes,   \
    .relevel = ept_relevel, .with_rights = ept_with_rights, .is_dirty = ept_is_dirty,                      \
    .with_dirty = ept_with_dirty, .never_used = ept_never_used, .encode = ept_encode,                      \
    .decode = ept_decode, .decode_type = ept_decode_type, .reserved = ept_reserved

#endif
