/* SPDX-License-Identifier: MIT */
#ifndef MEM_ARCH_RISCV_FORMAT_H
#define MEM_ARCH_RISCV_FORMAT_H

/*
 * RISC-V page-table entries: Privileged Architecture, section "Sv39: Page-Based 39-bit Virtual-Memory System"
 * and those on Sv48 and Sv57. All depths share everything here.
 *
 *    63  62..61  60..54  53 .. 10          9   8   7  6  5  4  3  2  1  0
 *    N   PBMT    0       physical >> 12    ours    D  A  G  U  X  W  R  V     leaf: R or X is set
 *    0   0       0       physical >> 12    count   0  0  0  0  0  0  0  1     table
 *
 * Any level may have leaves. Entries that link tables have two bits for software and no more: their count is
 * modulo 4, and a count of 0 makes the engine look at the table.
 */

#include "lib/format.h"

enum {
    RISCV_VALID = 1 << 0,
    RISCV_READ = 1 << 1,
    RISCV_WRITE = 1 << 2,
    RISCV_EXECUTE = 1 << 3,
    RISCV_USER = 1 << 4,
    RISCV_GLOBAL = 1 << 5,
    RISCV_ACCESSED = 1 << 6,
    RISCV_DIRTY = 1 << 7,
    RISCV_NO_RESERVE = 1 << 8, /* RSW: ours */
    RISCV_DEVICE = 1 << 9,     /* RSW: ours */
    RISCV_ADDRESS_SHIFT = 2,   /* from an address to its place in an entry */
    RISCV_PBMT_SHIFT = 61,     /* Svpbmt: 0 as the PMA say, 1 not cacheable, 2 I/O */
};
#define RISCV_ADDRESS ((MemEntry)0x003ffffffffffc00)
#define RISCV_UNUSED  ((MemEntry)0x1fc0000000000000) /* reserved for future standard use: zero */
#define RISCV_NAPOT   ((MemEntry)1 << 63)
#define RISCV_RUN     (RISCV_NAPOT | 1 << 13) /* Svnapot: a run of 64 KiB has 1000 in the lowest address bits */

static inline EntryKind riscv_kind(MemEntry entry, unsigned level)
{
    (void)level;
    if (!(entry & RISCV_VALID))
        return ENTRY_EMPTY;
    return entry & (RISCV_READ | RISCV_WRITE | RISCV_EXECUTE) ? ENTRY_LEAF : ENTRY_TABLE;
}

static inline EntryKind riscv_common_kind(MemEntry all, MemEntry any, unsigned level)
{
    (void)level;
    if (all & RISCV_READ)
        return ENTRY_LEAF;
    return (all & RISCV_VALID) && !(any & RISCV_READ) ? ENTRY_TABLE : ENTRY_EMPTY;
}

/* A, D and U of such an entry are reserved, and G would be inherited. */
static inline MemEntry riscv_table(usize phys, unsigned level)
{
    (void)level;
    return phys >> RISCV_ADDRESS_SHIFT | RISCV_VALID;
}

static inline usize riscv_phys(MemEntry entry, unsigned level)
{
    (void)level;
    return (entry & RISCV_ADDRESS) << RISCV_ADDRESS_SHIFT;
}

/* Each page of a run has the address of the run. */
static inline usize riscv_leaf_phys(MemEntry leaf, unsigned level)
{
    return riscv_phys(leaf, level) & ~(usize)(leaf & RISCV_NAPOT ? 0xffff : 0);
}

static inline MemEntry riscv_address(usize phys, unsigned level)
{
    (void)level;
    return phys >> RISCV_ADDRESS_SHIFT;
}

static inline MemEntry riscv_attributes(MemEntry leaf, unsigned level)
{
    (void)level;
    return leaf & ~RISCV_ADDRESS;
}

static inline MemEntry riscv_relevel(MemEntry attributes, unsigned from, unsigned to)
{
    (void)from;
    (void)to;
    return attributes;
}

/* Readable always: W without R is reserved. `type_index` is the PBMT field. */
static inline MemEntry riscv_encode(int flags, unsigned level, unsigned type_index)
{
    (void)level;
    MemEntry entry = RISCV_VALID | RISCV_READ;
    entry |= flags & MEM_VMAP_WRITE ? RISCV_WRITE : 0;
    entry |= flags & MEM_VMAP_EXEC ? RISCV_EXECUTE : 0;
    entry |= flags & MEM_VMAP_USER ? RISCV_USER : 0;
    entry |= flags & MEM_VMAP_GLOBAL ? RISCV_GLOBAL : 0;
    entry |= flags & MEM_VMAP_ACCESSED ? RISCV_ACCESSED : 0;
    entry |= flags & MEM_VMAP_DIRTY ? RISCV_DIRTY : 0;
    entry |= flags & MEM_VMAP_NO_RESERVE ? RISCV_NO_RESERVE : 0;
    entry |= (flags & MEM_VMAP_TYPE_MASK) == MEM_VMAP_DEVICE ? RISCV_DEVICE : 0;
    return entry | (MemEntry)(type_index & 3) << RISCV_PBMT_SHIFT;
}

static inline int riscv_decode(MemEntry leaf)
{
    int flags = 0;
    flags |= leaf & RISCV_WRITE ? MEM_VMAP_WRITE : 0;
    flags |= leaf & RISCV_EXECUTE ? MEM_VMAP_EXEC : 0;
    flags |= leaf & RISCV_USER ? MEM_VMAP_USER : 0;
    flags |= leaf & RISCV_GLOBAL ? MEM_VMAP_GLOBAL : 0;
    flags |= leaf & RISCV_ACCESSED ? MEM_VMAP_ACCESSED : 0;
    flags |= leaf & RISCV_DIRTY ? MEM_VMAP_DIRTY : 0;
    flags |= leaf & RISCV_NO_RESERVE ? MEM_VMAP_NO_RESERVE : 0;
    return flags;
}

static inline unsigned riscv_decode_type(MemEntry leaf, unsigned level)
{
    (void)level;
    return (unsigned)(leaf >> RISCV_PBMT_SHIFT) & 3;
}

/* A large leaf's address bits below its size: a misaligned superpage faults. Runs are of pages only. */
static inline MemEntry riscv_reserved(unsigned level)
{
    MemEntry below = (((MemEntry)1 << (12 + 9 * level)) - 1) >> RISCV_ADDRESS_SHIFT;
    return (below & RISCV_ADDRESS) | RISCV_UNUSED | (level > 0 ? RISCV_NAPOT : 0);
}

/* What protect changes. */
#define RISCV_RIGHTS ((MemEntry)(RISCV_WRITE | RISCV_EXECUTE | RISCV_USER | RISCV_GLOBAL))

static inline MemEntry riscv_with_rights(MemEntry leaf, MemEntry rights)
{
    return (leaf & ~RISCV_RIGHTS) | rights;
}

static inline bool riscv_is_dirty(MemEntry leaf)
{
    return (leaf & RISCV_DIRTY) != 0;
}

static inline MemEntry riscv_with_dirty(MemEntry attributes)
{
    return attributes | RISCV_DIRTY;
}

static inline MemEntry riscv_never_used(MemEntry attributes)
{
    return attributes & ~(MemEntry)(RISCV_ACCESSED | RISCV_DIRTY);
}

/* The lowest level: 4 KiB, and with Svnapot 64 KiB. */
#define RISCV_PAGES                                                                                        \
    {                                                                                                      \
        .shift = 12, .index_bits = 9, .leaf = true, .run = 4                                               \
    }

/* What the depths share; the initialisers of a MemFormat are completed by its own file. */
#define RISCV_COMMON_FIELDS                                                                                \
    .va_sign_extended = true, .absent_may_be_cached = true, .pa_bits_max = 56, .linear_bits = 56,          \
    .address_shift = RISCV_ADDRESS_SHIFT, .count_shift = 8, .count_bits = 2, .accessed = RISCV_ACCESSED,   \
    .global = RISCV_GLOBAL, .rights = RISCV_RIGHTS,                                                        \
    .grants = RISCV_WRITE | RISCV_EXECUTE | RISCV_USER | RISCV_GLOBAL, .trades = RISCV_USER,               \
    .contiguous = RISCV_RUN, .runs_are_equal = true, .runs_are_optional = true, .rights_are_plain = true,  \
    .no_reserve = RISCV_NO_RESERVE, .device = RISCV_DEVICE, .updates_are_optional = true,                  \
    .type_indices = 0x07, .type_index = RISCV_PLAIN_TYPES, .kind = riscv_kind,                             \
    .common_kind = riscv_common_kind, .table = riscv_table, .table_phys = riscv_phys,                      \
    .address = riscv_address, .leaf_phys = riscv_leaf_phys, .attributes = riscv_attributes,                \
    .relevel = riscv_relevel, .with_rights = riscv_with_rights, .is_dirty = riscv_is_dirty,                \
    .with_dirty = riscv_with_dirty, .never_used = riscv_never_used, .encode = riscv_encode,                \
    .decode = riscv_decode, .decode_type = riscv_decode_type, .reserved = riscv_reserved

/* Without Svpbmt there is one type: what the physical memory attributes say. */
#define RISCV_PLAIN_TYPES                                                                                  \
    {                                                                                                      \
        0, MEM_VMAP_TYPE_NONE, MEM_VMAP_TYPE_NONE, MEM_VMAP_TYPE_NONE, MEM_VMAP_TYPE_NONE                  \
    }

#endif
