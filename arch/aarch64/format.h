/* SPDX-License-Identifier: MIT */
#ifndef MEM_ARCH_AARCH64_FORMAT_H
#define MEM_ARCH_AARCH64_FORMAT_H

/*
 * AArch64 translation tables, VMSAv8-64: Arm DDI 0487, section D8.3 "Translation table descriptor formats".
 *
 *    stage 1   58..55  54   53   52  51   50  47 .. 12  11  10  9..8  7    6    5   4..2  1  0
 *              ours    UXN  PXN  C   DBM  GP  address   nG  AF  SH    RO   EL0  NS  Attr  P  1     leaf
 *    stage 2   ours    XN   0    C   DBM  -   address   0   AF  SH    W    R    Attr..2    P  1     leaf
 *    both      ------ 0 ------------------    address   ------------ count ----------      1  1     table
 *
 * P is set in pages and clear in blocks. Where are the topmost bits of 52-bit addresses: with 64 KiB pages
 * (LPA) 51..48 stand in bits 15..12; with smaller ones (LPA2) 51..50 in bits 9..8, and SH in TCR instead.
 *
 * A writable leaf has DBM set, and is dirty as long as it does not forbid writing (D8.4.6, hardware management of
 * dirty state). A CPU without that never clears RO: then map presets the dirty state. A leaf that may not be
 * written keeps in a bit of ours that it was dirty. Table descriptors restrict nothing.
 */

#include "lib/format.h"

enum {
    A64_VALID = 1 << 0,
    A64_TABLE = 1 << 1, /* and a page of level 0 */
    A64_ATTR_SHIFT = 2,
    A64_EL0 = 1 << 6,       /* AP[1] */
    A64_READ_ONLY = 1 << 7, /* AP[2] */
    A64_INNER_SHAREABLE = 3 << 8,
    A64_ACCESSED = 1 << 10,
    A64_NOT_GLOBAL = 1 << 11,
    A64_STAGE2_READ = 1 << 6,  /* S2AP[0] */
    A64_STAGE2_WRITE = 1 << 7, /* S2AP[1] */
    A64_TABLE_COUNT_SHIFT = 2, /* ignored in table descriptors: 11..2 */
};
#define A64_NOT_CACHED ((MemEntry)1 << 16) /* nT, of blocks */
#define A64_DBM        ((MemEntry)1 << 51)
#define A64_CONTIGUOUS ((MemEntry)1 << 52)
#define A64_PXN        ((MemEntry)1 << 53)
#define A64_UXN        ((MemEntry)1 << 54) /* stage 2: XN[1] */
#define A64_WAS_DIRTY  ((MemEntry)1 << 55) /* 58..55: for software */
#define A64_NO_RESERVE ((MemEntry)1 << 56)
#define A64_DEVICE     ((MemEntry)1 << 57)

/* A level whose entries cover 1 << shift_ bytes, 1 << bits_ of them in a table: with leaves, with leaves of which
 * 1 << run_ may be contiguous, or without. */
#define A64_LEAVES(shift_, bits_)                                                                          \
    {                                                                                                      \
        .shift = (shift_), .index_bits = (bits_), .leaf = true                                             \
    }
#define A64_RUNS(shift_, bits_, run_)                                                                      \
    {                                                                                                      \
        .shift = (shift_), .index_bits = (bits_), .leaf = true, .run = (run_)                              \
    }
#define A64_TABLES(shift_, bits_)                                                                          \
    {                                                                                                      \
        .shift = (shift_), .index_bits = (bits_)                                                           \
    }

/* An entry that is broken, and will be made again, is what it was: all but A64_VALID is still there. */
static inline EntryKind a64_kind(MemEntry entry, unsigned level)
{
    if (entry == 0)
        return ENTRY_EMPTY;
    return level > 0 && (entry & A64_TABLE) ? ENTRY_TABLE : ENTRY_LEAF;
}

static inline EntryKind a64_common_kind(MemEntry all, MemEntry any, unsigned level)
{
    if (!(all & A64_VALID))
        return ENTRY_EMPTY;
    if (level == 0 || !(any & A64_TABLE))
        return ENTRY_LEAF;
    return all & A64_TABLE ? ENTRY_TABLE : ENTRY_EMPTY;
}

/* Where an address stands in an entry: 48 bits, */
#define A64_ADDRESS ((MemEntry)0x0000fffffffff000)

static inline MemEntry a64_address(usize phys, unsigned level)
{
    (void)level;
    return phys;
}

static inline usize a64_phys(MemEntry entry, unsigned level)
{
    (void)level;
    return entry & A64_ADDRESS;
}

static inline usize a64_leaf_phys(MemEntry leaf, unsigned level)
{
    return leaf & A64_ADDRESS & ~(level > 0 ? A64_NOT_CACHED : 0);
}

static inline MemEntry a64_attributes(MemEntry leaf, unsigned level)
{
    (void)level;
    return (leaf & ~A64_ADDRESS) | A64_VALID;
}

/* 52 bits with 64 KiB pages, */
static inline MemEntry a64_lpa_address(usize phys, unsigned level)
{
    (void)level;
    return (phys & 0x0000ffffffff0000) | (phys >> 48 & 0xf) << 12;
}

static inline usize a64_lpa_phys(MemEntry entry, unsigned level)
{
    (void)level;
    return (entry & 0x0000ffffffff0000) | (entry >> 12 & 0xf) << 48;
}

static inline usize a64_lpa_leaf_phys(MemEntry leaf, unsigned level)
{
    return a64_lpa_phys(leaf, level) & ~(level > 0 ? A64_NOT_CACHED : 0);
}

/* and 52 bits with smaller ones. */
#define A64_LPA2_ADDRESS ((MemEntry)0x0003fffffffff300)

static inline MemEntry a64_lpa2_address(usize phys, unsigned level)
{
    (void)level;
    return (phys & 0x0003fffffffff000) | (phys >> 50 & 3) << 8;
}

static inline usize a64_lpa2_phys(MemEntry entry, unsigned level)
{
    (void)level;
    return (entry & 0x0003fffffffff000) | (entry >> 8 & 3) << 50;
}

static inline usize a64_lpa2_leaf_phys(MemEntry leaf, unsigned level)
{
    return a64_lpa2_phys(leaf, level) & ~(level > 0 ? A64_NOT_CACHED : 0);
}

static inline MemEntry a64_lpa2_attributes(MemEntry leaf, unsigned level)
{
    (void)level;
    return (leaf & ~A64_LPA2_ADDRESS) | A64_VALID;
}

static inline MemEntry a64_table(usize phys, unsigned level)
{
    return a64_address(phys, level) | A64_TABLE | A64_VALID;
}

static inline MemEntry a64_lpa_table(usize phys, unsigned level)
{
    return a64_lpa_address(phys, level) | A64_TABLE | A64_VALID;
}

static inline MemEntry a64_lpa2_table(usize phys, unsigned level)
{
    return a64_lpa2_address(phys, level) | A64_TABLE | A64_VALID;
}

static inline MemEntry a64_relevel(MemEntry attributes, unsigned from, unsigned to)
{
    (void)from;
    return to == 0 ? attributes | A64_TABLE : attributes & ~(MemEntry)A64_TABLE;
}

/*
 * Break-before-make (D8.16.1, and FEAT_BBM): entries of another size, another part in a contiguous run, or that
 * become global, replace what was there only when no CPU has it cached. From level 1 on a block with nT, which is
 * not cached, may stand there meanwhile; from level 2 on sizes and marks of runs change at once. The rights of a
 * run, whose entries must agree, and global entries have it done in any case.
 */
static inline MemEntry a64_interim(MemEntry before, MemEntry after, unsigned level, unsigned break_level,
                                   MemEntry not_global)
{
    EntryKind was = a64_kind(before, level), is = a64_kind(after, level);
    MemEntry broken = before & ~(MemEntry)A64_VALID, block = is == ENTRY_LEAF ? after : before;
    bool resized = was != is || ((before ^ after) & A64_CONTIGUOUS) != 0;
    bool becomes_global = was == ENTRY_LEAF && is == ENTRY_LEAF && (before & ~after & not_global) != 0;
    if (before == after)
        return after;
    if (becomes_global)
        return broken;
    if (resized && break_level >= 2)
        return after;
    if (!resized && !(before & A64_CONTIGUOUS))
        return after;
    return break_level >= 1 && level > 0 ? block | A64_NOT_CACHED : broken;
}

/* What a CPU may use only after a DSB (D8.2.7), and, for its own fetches of instructions, an ISB. */
static inline void a64_made(void)
{
#ifdef __aarch64__
    __asm__ volatile("dsb ishst\n\tisb" ::: "memory");
#endif
}

/* What both stages encode alike. */
static inline MemEntry a64_encode(int flags, unsigned level)
{
    MemEntry entry = A64_VALID | (level == 0 ? A64_TABLE : 0);
    entry |= flags & MEM_VMAP_WRITE ? A64_DBM : 0;
    entry |= flags & MEM_VMAP_ACCESSED ? A64_ACCESSED : 0;
    entry |= flags & MEM_VMAP_NO_RESERVE ? A64_NO_RESERVE : 0;
    entry |= (flags & MEM_VMAP_TYPE_MASK) == MEM_VMAP_DEVICE ? A64_DEVICE : 0;
    entry |= (flags & MEM_VMAP_DIRTY) && !(flags & MEM_VMAP_WRITE) ? A64_WAS_DIRTY : 0;
    return entry;
}

static inline int a64_decode(MemEntry leaf)
{
    int flags = 0;
    flags |= leaf & A64_DBM ? MEM_VMAP_WRITE : 0;
    flags |= leaf & A64_ACCESSED ? MEM_VMAP_ACCESSED : 0;
    flags |= leaf & A64_NO_RESERVE ? MEM_VMAP_NO_RESERVE : 0;
    return flags;
}

/* What follows from where the address stands. With LPA2 it takes some of the bits that other tables count in. */
#define A64_PLAIN_FIELDS                                                                                   \
    .contiguous = A64_CONTIGUOUS, .pa_bits_max = 48, .linear_bits = 48,                                    \
    .count_shift = A64_TABLE_COUNT_SHIFT, .count_bits = 10, .table = a64_table, .table_phys = a64_phys,    \
    .address = a64_address, .leaf_phys = a64_leaf_phys, .attributes = a64_attributes
#define A64_LPA_FIELDS                                                                                     \
    .contiguous = A64_CONTIGUOUS, .pa_bits_max = 52, .linear_bits = 48,                                    \
    .count_shift = A64_TABLE_COUNT_SHIFT, .count_bits = 10, .table = a64_lpa_table,                        \
    .table_phys = a64_lpa_phys, .address = a64_lpa_address, .leaf_phys = a64_lpa_leaf_phys,                \
    .attributes = a64_attributes
#define A64_LPA2_FIELDS                                                                                    \
    .contiguous = A64_CONTIGUOUS, .pa_bits_max = 52, .linear_bits = 50, .count_shift = 51,                 \
    .count_bits = 8, .table = a64_lpa2_table, .table_phys = a64_lpa2_phys, .address = a64_lpa2_address,    \
    .leaf_phys = a64_lpa2_leaf_phys, .attributes = a64_lpa2_attributes

#endif
