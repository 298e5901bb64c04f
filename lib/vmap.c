/* SPDX-License-Identifier: MIT */

/* The calls of <mem/vmap.h>: each checks that there is a space and hands over to its format's engine. */

#include "lib/batch.h"
#include "lib/walk.h"

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
    Snapshot found;
    if (!is_space(vmap))
        return MEM_EINVAL;
    int result = vmap->format->find(vmap, virt, &found);
    if (result != 0 || leaf == NULL)
        return result;
    const MemFormat *format = vmap->format->description;
    leaf->phys = leaf_phys_of(format, found.entry, found.level, virt);
    leaf->size = leaf_mask(format, found.entry, found.level) + 1;
    leaf->flags = snapshot_flags(format, vmap, &found, linear_from_virt(format, virt));
    leaf->level = found.level;
    return 0;
}

int mem_vmap_map(MemVmap *inner, usize phys, usize virt, usize len, int flags)
{
    return is_space(inner) ? inner->format->map(inner, phys, virt, len, flags) : MEM_EINVAL;
}

void mem_vmap_unmap(MemVmap *inner, usize virt, usize len)
{
    if (is_space(inner))
        inner->format->unmap(inner, virt, len);
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

static MemVmapHalf half_of(const MemFormat *format)
{
    if (format->va_upper)
        return MEM_VMAP_UPPER;
    return format->va_sign_extended ? MEM_VMAP_BOTH : MEM_VMAP_LOWER;
}

static MemVmapFormatLevel describe_level(const MemFormat *format, unsigned level)
{
    const MemLevel *is = &format->levels[level];
    return (MemVmapFormatLevel){
        .size = level_size(format, level),
        .leaf = is->leaf,
        .run = run_size(format, level),
        .index_bits = is->index_bits,
    };
}

int mem_vmap_format_describe(const MemVmapFormat *format, MemVmapFormatInfo *info)
{
    if (format == NULL || info == NULL)
        return MEM_EINVAL;
    const MemFormat *is = format->description;
    *info = (MemVmapFormatInfo){
        .name = is->name,
        .virt_bits = is->va_bits,
        .phys_bits = is->pa_bits_max,
        .half = half_of(is),
        .second_stage = is->second_stage,
        .level_count = is->top + 1u,
        .runs_optional = is->runs_are_optional,
        .lacks = is->lacks,
        .updates_optional = is->updates_are_optional,
        .type_indices = is->type_indices,
        .count_bits = is->count_bits,
    };
    for (unsigned level = 0; level < info->level_count; level++)
        info->levels[level] = describe_level(is, level);
    for (unsigned type = 0; type < MEM_VMAP_TYPES; type++)
        info->type_index[type] = is->type_index[type];
    return 0;
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
