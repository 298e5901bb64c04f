/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_FIND_H
#define MEM_LIB_FIND_H

/* The leaf that maps one address: through the software TLB, or by a walk. */

#include "lib/tlb.h"

#if MEM_VMAP_TLB_LINES > 0

/* The entry that ends the walk for the linear address `at`; the CPU, or null, remembers the way to a page. */
MEM_INLINE Snapshot find_by_walk(const MemFormat *format, MemVmap *vmap, MemVmapCpu *cpu, usize at)
{
    Snapshot found = walk(format, vmap, at);
    if (cpu != NULL && found.level == 0)
        mem_vmap_tlb_insert(cpu, vmap, way_number(format, at), &found);
    return found;
}

/* The same, if the software TLB does not know. */
MEM_INLINE Snapshot find(const MemFormat *format, MemVmap *vmap, usize at)
{
    MemVmapCpu *cpu = tlb_here(vmap);
    Snapshot found;
    if (cpu != NULL && MEM_LIKELY(tlb_find(format, vmap, cpu, at, &found)))
        return found;
    return find_by_walk(format, vmap, cpu, at);
}

#else

MEM_INLINE MemVmapCpu *tlb_here(const MemVmap *vmap)
{
    (void)vmap;
    return NULL;
}

MEM_INLINE Snapshot find_by_walk(const MemFormat *format, MemVmap *vmap, MemVmapCpu *cpu, usize at)
{
    (void)cpu;
    return walk(format, vmap, at);
}

MEM_INLINE Snapshot find(const MemFormat *format, MemVmap *vmap, usize at)
{
    return walk(format, vmap, at);
}

#endif

/* The leaf that maps `virt`: 0, MEM_ERANGE or MEM_EMISS. */
MEM_INLINE int engine_find(const MemFormat *format, MemVmap *vmap, usize virt, Snapshot *found)
{
    if (MEM_UNLIKELY(!virt_exists(format, virt)))
        return MEM_ERANGE;
    *found = find(format, vmap, linear_from_virt(format, virt));
    return format->kind(found->entry, found->level) == ENTRY_LEAF ? 0 : MEM_EMISS;
}

/* The miss flag is written only when it changes: a hit must not dirty a line that others read. */
MEM_INLINE void set_miss(MemVmap *vmap, bool miss)
{
    if (MEM_UNLIKELY(__atomic_load_n(&vmap->miss, __ATOMIC_RELAXED) != miss))
        __atomic_store_n(&vmap->miss, miss, __ATOMIC_RELAXED);
}

/* The physical address of `virt`; 0, with the miss flag set, where there is none. */
MEM_INLINE usize translate_by_walk(const MemFormat *format, MemVmap *vmap, usize virt)
{
    if (MEM_UNLIKELY(!virt_exists(format, virt))) {
        set_miss(vmap, true);
        return 0;
    }
    Snapshot found = find_by_walk(format, vmap, tlb_here(vmap), linear_from_virt(format, virt));
    bool miss = format->kind(found.entry, found.level) != ENTRY_LEAF;
    set_miss(vmap, miss);
    return MEM_UNLIKELY(miss) ? 0 : leaf_phys_of(format, found.entry, found.level, virt);
}

MEM_INLINE usize translate_page(const MemFormat *format, MemVmap *vmap, MemEntry page, usize virt)
{
    set_miss(vmap, false);
    return leaf_phys_of(format, page, 0, virt);
}

#if MEM_VMAP_TLB_LINES > 0

/* The same for pages of which the TLB knows; `by_walk` is translate_by_walk, instantiated apart. */
MEM_INLINE usize translate_longer(const MemFormat *format, MemVmap *vmap, usize virt,
                                  usize (*by_walk)(MemVmap *vmap, usize virt))
{
    MemVmapCpu *cpu = tlb_here(vmap);
    if (cpu == NULL)
        return by_walk(vmap, virt);
    const MemVmapTlbLine *line = &cpu->tlb[tlb_index(vmap, way_region(format, virt))];
    MemEntry page = tlb_find_page(format, vmap, line, virt);
    if (MEM_UNLIKELY(page == 0))
        return by_walk(vmap, virt);
    tlb_remember(format, cpu, virt, line);
    return translate_page(format, vmap, page, virt);
}

/* The same through the line that answered last; `longer` is translate_longer, instantiated apart. */
MEM_INLINE usize engine_translate(const MemFormat *format, MemVmap *vmap, usize virt,
                                  usize (*longer)(MemVmap *vmap, usize virt),
                                  usize (*by_walk)(MemVmap *vmap, usize virt))
{
    const MemVmapCpu *cpu = tlb_here(vmap);
    if (cpu == NULL)
        return by_walk(vmap, virt);
    MemEntry page = tlb_find_page(format, vmap, tlb_latest(cpu), virt);
    return MEM_LIKELY(page != 0) ? translate_page(format, vmap, page, virt) : longer(vmap, virt);
}

#else

MEM_INLINE usize translate_longer(const MemFormat *format, MemVmap *vmap, usize virt,
                                  usize (*by_walk)(MemVmap *vmap, usize virt))
{
    (void)format;
    return by_walk(vmap, virt);
}

MEM_INLINE usize engine_translate(const MemFormat *format, MemVmap *vmap, usize virt,
                                  usize (*longer)(MemVmap *vmap, usize virt),
                                  usize (*by_walk)(MemVmap *vmap, usize virt))
{
    (void)format;
    (void)longer;
    return by_walk(vmap, virt);
}

#endif

#endif
