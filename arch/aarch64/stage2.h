/* SPDX-License-Identifier: MIT */
#ifndef MEM_ARCH_AARCH64_STAGE2_H
#define MEM_ARCH_AARCH64_STAGE2_H

/*
 * Stage 2, which translates a guest's physical addresses: DDI 0487, D8.4.5 and D8.5.5 (MemAttr, with
 * HCR_EL2.FWB clear). There is no user and no global page. The input has the whole width of the format, from one
 * root table: no concatenated tables.
 */

#include "arch/aarch64/format.h"

#define A64_STAGE2_RIGHTS (A64_DBM | A64_UXN)

/* Readable always; write-only is never made. */
static inline MemEntry a64_stage2_encode_lpa2(int flags, unsigned level, unsigned type_index)
{
    MemEntry entry = a64_encode(flags, level) | A64_STAGE2_READ;
    bool dirty = (flags & MEM_VMAP_WRITE) && (flags & MEM_VMAP_DIRTY);
    entry |= dirty ? A64_STAGE2_WRITE : 0;
    entry |= flags & MEM_VMAP_EXEC ? 0 : A64_UXN;
    return entry | (MemEntry)(type_index & 15) << A64_ATTR_SHIFT;
}

static inline MemEntry a64_stage2_encode(int flags, unsigned level, unsigned type_index)
{
    return a64_stage2_encode_lpa2(flags, level, type_index) | A64_INNER_SHAREABLE;
}

static inline bool a64_stage2_is_dirty(MemEntry leaf)
{
    return (leaf & (A64_WAS_DIRTY | A64_STAGE2_WRITE)) != 0;
}

static inline int a64_stage2_decode(MemEntry leaf)
{
    int flags = a64_decode(leaf);
    flags |= leaf & A64_UXN ? 0 : MEM_VMAP_EXEC;
    flags |= a64_stage2_is_dirty(leaf) ? MEM_VMAP_DIRTY : 0;
    return flags;
}

static inline MemEntry a64_stage2_never_used(MemEntry attributes)
{
    return attributes & ~(A64_ACCESSED | A64_WAS_DIRTY | A64_STAGE2_WRITE);
}

static inline MemEntry a64_stage2_with_dirty(MemEntry attributes)
{
    return attributes | (attributes & A64_DBM ? (MemEntry)A64_STAGE2_WRITE : A64_WAS_DIRTY);
}

static inline MemEntry a64_stage2_with_rights(MemEntry leaf, MemEntry rights)
{
    MemEntry clean = (leaf & ~(A64_STAGE2_RIGHTS | A64_WAS_DIRTY | A64_STAGE2_WRITE)) | rights;
    return a64_stage2_is_dirty(leaf) ? a64_stage2_with_dirty(clean) : clean;
}

static inline unsigned a64_stage2_type(MemEntry leaf, unsigned level)
{
    (void)level;
    return (unsigned)(leaf >> A64_ATTR_SHIFT) & 15;
}

static inline MemEntry a64_stage2_interim(MemEntry before, MemEntry after, unsigned level,
                                          unsigned break_level)
{
    return a64_interim(before, after, level, break_level, 0);
}

/* MemAttr: 15 write-back, 10 write-through, 5 Normal Non-cacheable; 0 Device-nGnRnE, 1 Device-nGnRE. */
#define A64_STAGE2_FIELDS                                                                                  \
    .second_stage = true, .accessed = A64_ACCESSED, .rights = A64_STAGE2_RIGHTS, .grants = A64_DBM,        \
    .no_reserve = A64_NO_RESERVE, .device = A64_DEVICE, .lacks = MEM_VMAP_USER | MEM_VMAP_GLOBAL,          \
    .updates_are_optional = true, .type_indices = 0xeeef, .type_index = {15, 10, 0, 5, 1},                 \
    .kind = a64_kind, .common_kind = a64_common_kind, .relevel = a64_relevel,                              \
    .with_rights = a64_stage2_with_rights, .is_dirty = a64_stage2_is_dirty,                                \
    .with_dirty = a64_stage2_with_dirty, .never_used = a64_stage2_never_used, .decode = a64_stage2_decode, \
    .decode_type = a64_stage2_type, .interim = a64_stage2_interim, .made = a64_made

#endif
