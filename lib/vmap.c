/* SPDX-License-Identifier: MIT */

/* The calls of <mem/vmap.h>: each checks that there is a space and hands over to its format's engine. */

#include "lib/batch.h"

usize mem_vmap_translate(MemVmap *inner, usize virt)
{
    return is_space(inner) ? inner->format->translate(inner, virt) : 0;
}

bool mem_vmap_missed(const MemVmap *vmap)
{
    return !is_space(vmap) || __atomic_load_n(&vmap->miss, __ATOMIC_RELAXED) != 0;
}

int mem_vmap_lookup(MemVmap *vmap, usize virt, MemVmapLeaf *leaf)
{
    MemEntry entry;
    unsigned level;
    if (!is_space(vmap))
        return MEM_EINVAL;
    int result = vmap->format->find(vmap, virt, &entry, &level);
    if (result != 0 || leaf == NULL)
        return result;
    const MemFormat *format = vmap->format->description;
    usize size = level_size(format, level);
    leaf->phys = format->leaf_phys(entry, level) | (virt & (size - 1));
    leaf->size = size;
    leaf->flags = leaf_flags(format, vmap, entry, level);
    leaf->level = level;
    return 0;
}

int mem_vmap_map(MemVmap *inner, usize phys, usize virt, usize len, int flags)
{
    return is_space(inner) ? inner->format->map(inner, phys, virt, len, flags) : MEM_EINVAL;
}

void mem_vmap_unmap(MemVmap *inner, usize virt, usize len)
{
    MemVmapBatch batch;
    if (!is_space(inner))
        return;
    batch_init(&batch, inner);
    inner->format->unmap(inner, &batch, virt, len);
    batch_finish(&batch);
}

int mem_vmap_protect(MemVmap *vmap, usize virt, usize len, int flags)
{
    MemVmapBatch batch;
    if (!is_space(vmap))
        return MEM_EINVAL;
    batch_init(&batch, vmap);
    int result = vmap->format->protect(vmap, &batch, virt, len, flags);
    batch_finish(&batch);
    return result;
}

usize mem_vmap_root(const MemVmap *vmap)
{
    return is_space(vmap) ? vmap->root : MEM_VMAP_NO_PAGE;
}

const char *mem_vmap_strerror(int code)
{
    switch (code) {
    case MEM_OK:
        return "success";
    case MEM_EINVAL:
        return "nothing to do, or a bad call";
    case MEM_EALIGN:
        return "virtual and physical address differ in their offset within a page";
    case MEM_ERANGE:
        return "range outside of what the format or the CPU can address";
    case MEM_EOVERLAP:
        return "a page of the range is mapped already";
    case MEM_ENOMEM:
        return "no table page left";
    case MEM_EFLAGS:
        return "unknown, contradictory or refused flags";
    case MEM_ENOTSUP:
        return "not supported by the format or the CPU";
    case MEM_EMISS:
        return "a page of the range is not mapped";
    case MEM_ECORRUPT:
        return "a broken invariant was found";
    }
    return "unknown error";
}
