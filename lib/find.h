/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_FIND_H
#define MEM_LIB_FIND_H

/* The leaf that maps one address: through the software TLB, or by a walk. */

#include "lib/tlb.h"

#if MEM_VMAP_TLB_LINES > 0

/* The entry that ends the walk for the linear address `at`. */
MEM_INLINE Snapshot find(const MemFormat *format, MemVmap *vmap, usize at)
{
    MemVmapCpu *cpu = tlb_here(vmap);
    Snapshot found;
    if (cpu == NULL)
        return walk(format, vmap, at);
    if (MEM_LIKELY(tlb_find(format, vmap, cpu, at, &found)))
        return found;
    found = walk(format, vmap, at);
    mem_vmap_tlb_insert(cpu, vmap, at >> format->levels[1].shift, &found);
    return found;
}

#else

MEM_INLINE Snapshot find(const MemFormat *format, MemVmap *vmap, usize at)
{
    return walk(format, vmap, at);
}

#endif

/* The leaf that maps `virt`: 0, MEM_ERANGE or MEM_EMISS. */
MEM_INLINE int engine_find(const MemFormat *format, MemVmap *vmap, usize virt, MemEntry *leaf,
                           unsigned *level)
{
    if (MEM_UNLIKELY(!virt_exists(format, virt)))
        return MEM_ERANGE;
    Snapshot found = find(format, vmap, linear_from_virt(format, virt));
    *leaf = found.entry;
    *level = found.level;
    return format->kind(found.entry, found.level) == ENTRY_LEAF ? 0 : MEM_EMISS;
}

/* The physical address of `virt`; 0, with the miss flag set, where there is none. */
MEM_INLINE usize engine_translate(const MemFormat *format, MemVmap *vmap, usize virt)
{
    MemEntry leaf;
    unsigned level;
    bool miss = engine_find(format, vmap, virt, &leaf, &level) != 0;
    /* The flag is written only when it changes: a hit must not dirty a line that others read. */
    if (MEM_UNLIKELY(__atomic_load_n(&vmap->miss, __ATOMIC_RELAXED) != miss))
        __atomic_store_n(&vmap->miss, miss, __ATOMIC_RELAXED);
    if (MEM_UNLIKELY(miss))
        return 0;
    return format->leaf_phys(leaf, level) | (virt & level_mask(format, level));
}

#endif
