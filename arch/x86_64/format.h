/* SPDX-License-Identifier: MIT */
#ifndef MEM_ARCH_X86_64_FORMAT_H
#define MEM_ARCH_X86_64_FORMAT_H

/*
 * x86-64 page-table entries: Intel SDM volume 3A, section 4.5 "4-level paging and 5-level paging", tables
 * 4-15 to 4-20, and AMD64 APM volume 2, section 5.3. Both depths share everything here.
 *
 *    63  62..59  58..55  54  53..52  51 .. 13   12   11..9   8  7   6  5  4   3   2  1  0
 *    XD  PKEY    ------ ignored --   address    PAT  ignored G  PAT D  A  PCD PWT US RW P     leaf
 *    0   ------- ignored ---------   address         ignored    0      A  0   0   1  1  1     table
 *
 * Bit 7 is PS in a leaf of level 1 or 2, and PAT in a page, whose bit 12 is address.
 * Parents are permissive: rights are the leaf's alone. Their accessed bit is preset, so that the CPU never
 * writes them and a plain store may update the count in bits 61..52.
 */

#include "lib/format.h"

enum {
    X86_PRESENT = 1 << 0,
    X86_WRITE = 1 << 1,
    X86_USER = 1 << 2,
    X86_PWT = 1 << 3,
    X86_PCD = 1 << 4,
    X86_ACCESSED = 1 << 5,
    X86_DIRTY = 1 << 6,
    X86_LARGE = 1 << 7,    /* PS: levels 1 and 2 */
    X86_PAT_PAGE = 1 << 7, /* level 0 */
    X86_GLOBAL = 1 << 8,
    X86_NO_RESERVE = 1 << 9, /* ignored by the CPU: ours */
    X86_DEVICE = 1 << 10,    /* ignored by the CPU: ours */
    X86_PAT_LARGE = 1 << 12, /* levels 1 and 2 */
};
#define X86_NO_EXECUTE ((MemEntry)1 << 63)
#define X86_ADDRESS    ((MemEntry)0x000ffffffffff000)

/* The address bits of a leaf. Those of a large leaf begin at 13: bit 12 is PAT (SDM table 4-18). */
static inline MemEntry x86_leaf_address_mask(unsigned level)
{
    return level == 0 ? X86_ADDRESS : X86_ADDRESS & ~(MemEntry)X86_PAT_LARGE;
}

static inline EntryKind x86_common_kind(MemEntry all, MemEntry any, unsigned level)
{
    if (!(all & X86_PRESENT))
        return ENTRY_EMPTY;
    if (level == 0 || (all & X86_LARGE))
        return ENTRY_LEAF;
    return any & X86_LARGE ? ENTRY_EMPTY : ENTRY_TABLE;
}

static inline EntryKind x86_kind(MemEntry entry, unsigned level)
{
    if (!(entry & X86_PRESENT))
        return ENTRY_EMPTY;
    return level == 0 || (entry & X86_LARGE) ? ENTRY_LEAF : ENTRY_TABLE;
}

static inline MemEntry x86_table(usize phys, unsigned level)
{
    (void)level;
    return phys | X86_PRESENT | X86_WRITE | X86_USER | X86_ACCESSED;
}

static inline usize x86_table_phys(MemEntry entry, unsigned level)
{
    (void)level;
    return entry & X86_ADDRESS;
}

static inline MemEntry x86_address(usize phys, unsigned level)
{
    (void)level;
    return phys;
}

static inline usize x86_leaf_phys(MemEntry leaf, unsigned level)
{
    return leaf & x86_leaf_address_mask(level);
}

static inline MemEntry x86_attributes(MemEntry leaf, unsigned level)
{
    return leaf & ~x86_leaf_address_mask(level);
}

/* PS comes and goes at level 0, and PAT moves between bit 7 and bit 12 (SDM section 4.9.2). */
static inline MemEntry x86_relevel(MemEntry attributes, unsigned from, unsigned to)
{
    if ((from == 0) == (to == 0))
        return attributes;
    if (to == 0) {
        MemEntry pat = attributes & X86_PAT_LARGE ? X86_PAT_PAGE : 0;
        return (attributes & ~(MemEntry)(X86_LARGE | X86_PAT_LARGE)) | pat;
    }
    MemEntry pat = attributes & X86_PAT_PAGE ? X86_PAT_LARGE : 0;
    return attributes | X86_LARGE | pat;
}

/* `type_index` selects the PAT field by PAT:PCD:PWT (SDM table 4-11). */
static inline MemEntry x86_encode(int flags, unsigned level, unsigned type_index)
{
    MemEntry pat = level == 0 ? X86_PAT_PAGE : X86_PAT_LARGE;
    MemEntry entry = X86_PRESENT | (level == 0 ? 0 : X86_LARGE);
    entry |= flags & MEM_VMAP_WRITE ? X86_WRITE : 0;
    entry |= flags & MEM_VMAP_EXEC ? 0 : X86_NO_EXECUTE;
    entry |= flags & MEM_VMAP_USER ? X86_USER : 0;
    entry |= flags & MEM_VMAP_GLOBAL ? X86_GLOBAL : 0;
    entry |= flags & MEM_VMAP_ACCESSED ? X86_ACCESSED : 0;
    entry |= flags & MEM_VMAP_DIRTY ? X86_DIRTY : 0;
    entry |= flags & MEM_VMAP_NO_RESERVE ? X86_NO_RESERVE : 0;
    entry |= (flags & MEM_VMAP_TYPE_MASK) == MEM_VMAP_DEVICE ? X86_DEVICE : 0;
    entry |= (MemEntry)(type_index & 3) * X86_PWT;
    entry |= type_index & 4 ? pat : 0;
    return entry;
}

static inline int x86_decode(MemEntry leaf)
{
    int flags = 0;
    flags |= leaf & X86_WRITE ? MEM_VMAP_WRITE : 0;
    flags |= leaf & X86_NO_EXECUTE ? 0 : MEM_VMAP_EXEC;
    flags |= leaf & X86_USER ? MEM_VMAP_USER : 0;
    flags |= leaf & X86_GLOBAL ? MEM_VMAP_GLOBAL : 0;
    flags |= leaf & X86_ACCESSED ? MEM_VMAP_ACCESSED : 0;
    flags |= leaf & X86_DIRTY ? MEM_VMAP_DIRTY : 0;
    flags |= leaf & X86_NO_RESERVE ? MEM_VMAP_NO_RESERVE : 0;
    return flags;
}

static inline unsigned x86_decode_type(MemEntry leaf, unsigned level)
{
    MemEntry pat = level == 0 ? X86_PAT_PAGE : X86_PAT_LARGE;
    return (unsigned)((leaf / X86_PWT) & 3) | (leaf & pat ? 4 : 0);
}

/* A large leaf's address bits below its size (SDM tables 4-15 and 4-17). */
static inline MemEntry x86_reserved(unsigned level)
{
    MemEntry below = ((MemEntry)1 << (12 + 9 * level)) - 1;
    return below & x86_leaf_address_mask(level);
}

/* What protect changes. */
#define X86_RIGHTS ((MemEntry)(X86_WRITE | X86_USER | X86_GLOBAL | X86_NO_EXECUTE))

static inline MemEntry x86_with_rights(MemEntry leaf, MemEntry rights)
{
    return (leaf & ~X86_RIGHTS) | rights;
}

static inline bool x86_is_dirty(MemEntry leaf)
{
    return (leaf & X86_DIRTY) != 0;
}

static inline MemEntry x86_with_dirty(MemEntry attributes)
{
    return attributes | X86_DIRTY;
}

static inline MemEntry x86_never_used(MemEntry attributes)
{
    return attributes & ~(MemEntry)(X86_ACCESSED | X86_DIRTY);
}

/* What the two depths share; the initialisers of a MemFormat are completed by its own file. */
#define X86_COMMON_FIELDS                                                                                  \
    .va_sign_extended = true, .pa_bits_max = 52, .linear_bits = 52, .count_shift = 52, .count_bits = 10,   \
    .accessed = X86_ACCESSED, .global = X86_GLOBAL, .rights = X86_RIGHTS,                                  \
    .grants = X86_WRITE | X86_USER | X86_GLOBAL, .trades = X86_USER, .rights_are_plain = true,             \
    .no_reserve = X86_NO_RESERVE, .device = X86_DEVICE, .type_indices = 0xff, .kind = x86_kind,            \
    .common_kind = x86_common_kind, .table = x86_table, .table_phys = x86_table_phys,                      \
    .address = x86_address, .leaf_phys = x86_leaf_phys, .attributes = x86_attributes,                      \
    .relevel = x86_relevel, .with_rights = x86_with_rights, .is_dirty = x86_is_dirty,                      \
    .with_dirty = x86_with_dirty, .never_used = x86_never_used, .encode = x86_encode,                      \
    .decode = x86_decode, .decode_type = x86_decode_type, .reserved = x86_reserved

/* IA32_PAT after reset: WB, WT, UC-, UC and the same again; no write-combining (SDM table 4-12). */
#define X86_RESET_TYPES                                                                                    \
    {                                                                                                      \
        0, 1, 3, MEM_VMAP_TYPE_NONE, 3                                                                     \
    }

#endif
