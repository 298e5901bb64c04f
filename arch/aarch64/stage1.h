/* SPDX-License-Identifier: MIT */
#ifndef MEM_ARCH_AARCH64_STAGE1_H
#define MEM_ARCH_AARCH64_STAGE1_H

/*
 * Stage 1 of the EL1&0 regime: DDI 0487, D8.4 "Memory access control". The memory type is an index into MAIR, which
 * the kernel sets up as the options of a space say; by default 0 write-back, 1 write-through, 2 uncached, 3
 * write-combining (Normal Non-cacheable), 4 device.
 *
 * A page that EL0 may execute is never executed by EL1, and the other way round.
 */

#include "arch/aarch64/format.h"

#define A64_RIGHTS (A64_DBM | A64_EL0 | A64_UXN | A64_PXN | A64_NOT_GLOBAL)
#define A64_GRANTS (A64_DBM | A64_EL0)

static inline MemEntry a64_execute(int flags)
{
    if (!(flags & MEM_VMAP_EXEC))
        return A64_UXN | A64_PXN;
    return flags & MEM_VMAP_USER ? A64_PXN : A64_UXN;
}

/* With LPA2 shareability stands in TCR. */
static inline MemEntry a64_stage1_encode_lpa2(int flags, unsigned level, unsigned type_index)
{
    MemEntry entry = a64_encode(flags, level) | a64_execute(flags);
    bool dirty = (flags & MEM_VMAP_WRITE) && (flags & MEM_VMAP_DIRTY);
    entry |= dirty ? 0 : A64_READ_ONLY;
    entry |= flags & MEM_VMAP_USER ? A64_EL0 : 0;
    entry |= flags & MEM_VMAP_GLOBAL ? 0 : A64_NOT_GLOBAL;
    return entry | (MemEntry)(type_index & 7) << A64_ATTR_SHIFT;
}

static inline MemEntry a64_stage1_encode(int flags, unsigned level, unsigned type_index)
{
    return a64_stage1_encode_lpa2(flags, level, type_index) | A64_INNER_SHAREABLE;
}

static inline bool a64_stage1_is_dirty(MemEntry leaf)
{
    return (leaf & A64_WAS_DIRTY) || ((leaf & A64_DBM) && !(leaf & A64_READ_ONLY));
}

static inline int a64_stage1_decode(MemEntry leaf)
{
    int flags = a64_decode(leaf);
    MemEntry never = leaf & A64_EL0 ? A64_UXN : A64_PXN;
    flags |= leaf & never ? 0 : MEM_VMAP_EXEC;
    flags |= leaf & A64_EL0 ? MEM_VMAP_USER : 0;
    flags |= leaf & A64_NOT_GLOBAL ? 0 : MEM_VMAP_GLOBAL;
    flags |= a64_stage1_is_dirty(leaf) ? MEM_VMAP_DIRTY : 0;
    return flags;
}

static inline MemEntry a64_stage1_never_used(MemEntry attributes)
{
    return (attributes & ~(A64_ACCESSED | A64_WAS_DIRTY)) | A64_READ_ONLY;
}

static inline MemEntry a64_stage1_with_dirty(MemEntry attributes)
{
    if (attributes & A64_DBM)
        return attributes & ~(MemEntry)A64_READ_ONLY;
    return attributes | A64_WAS_DIRTY;
}

static inline MemEntry a64_stage1_with_rights(MemEntry leaf, MemEntry rights)
{
    MemEntry clean = (leaf & ~(A64_RIGHTS | A64_WAS_DIRTY)) | A64_READ_ONLY | rights;
    return a64_stage1_is_dirty(leaf) ? a64_stage1_with_dirty(clean) : clean;
}

static inline unsigned a64_stage1_type(MemEntry leaf, unsigned level)
{
    (void)level;
    return (unsigned)(leaf >> A64_ATTR_SHIFT) & 7;
}

static inline MemEntry a64_stage1_interim(MemEntry before, MemEntry after, unsigned level,
                                          unsigned break_level)
{
    return a64_interim(before, after, level, break_level, A64_NOT_GLOBAL);
}

#define A64_STAGE1_FIELDS                                                                                  \
    .accessed = A64_ACCESSED, .local = A64_NOT_GLOBAL, .rights = A64_RIGHTS, .grants = A64_GRANTS,         \
    .trades = A64_EL0, .no_reserve = A64_NO_RESERVE, .device = A64_DEVICE, .updates_are_optional = true,   \
    .type_indices = 0xff, .type_index = {0, 1, 2, 3, 4}, .kind = a64_kind, .common_kind = a64_common_kind, \
    .relevel = a64_relevel, .with_rights = a64_stage1_with_rights, .is_dirty = a64_stage1_is_dirty,        \
    .with_dirty = a64_stage1_with_dirty, .never_used = a64_stage1_never_used, .decode = a64_stage1_decode, \
    .decode_type = a64_stage1_type, .interim = a64_stage1_interim, .made = a64_made

#endif
