/* SPDX-License-Identifier: MIT */

/*
 * The engine, instantiated for one format. A format's file defines FORMAT as the name of its static const
 * MemFormat and includes this once; what comes out is mem_vmap_FORMAT. There is nothing here but calls: the
 * code is in the headers below, and the compiler folds the description into it.
 */

#include "lib/find.h"
#include "lib/protect.h"
#include "lib/unmap.h"

MEM_NOINLINE static int format_map_anywhere(MemVmap *vmap, const Mapping *mapping)
{
    return map_anywhere(&FORMAT, vmap, mapping);
}

static int format_map(MemVmap *vmap, usize phys, usize virt, usize len, int flags)
{
    return engine_map(&FORMAT, vmap, phys, virt, len, flags, format_map_anywhere);
}

MEM_NOINLINE static void format_unmap_anywhere(MemVmap *vmap, MemVmapBatch *batch, Range range)
{
    unmap_anywhere(&FORMAT, vmap, batch, range);
}

static void format_unmap(MemVmap *vmap, MemVmapBatch *batch, usize virt, usize len)
{
    engine_unmap(&FORMAT, vmap, batch, virt, len, format_unmap_anywhere);
}

MEM_NOINLINE static int format_protect_anywhere(MemVmap *vmap, MemVmapBatch *batch, Range range,
                                                MemEntry rights)
{
    return protect_anywhere(&FORMAT, vmap, batch, range, rights);
}

static int format_protect(MemVmap *vmap, MemVmapBatch *batch, usize virt, usize len, int flags)
{
    return engine_protect(&FORMAT, vmap, batch, virt, len, flags, format_protect_anywhere);
}

static int format_find(MemVmap *vmap, usize virt, MemEntry *leaf, unsigned *level)
{
    return engine_find(&FORMAT, vmap, virt, leaf, level);
}

static usize format_translate(MemVmap *vmap, usize virt)
{
    return engine_translate(&FORMAT, vmap, virt);
}

#define FORMAT_SYMBOL_(name) mem_vmap_##name
#define FORMAT_SYMBOL(name)  FORMAT_SYMBOL_(name)

extern const MemVmapFormat FORMAT_SYMBOL(FORMAT);
const MemVmapFormat FORMAT_SYMBOL(FORMAT) = {
    .description = &FORMAT,
    .map = format_map,
    .unmap = format_unmap,
    .protect = format_protect,
    .find = format_find,
    .translate = format_translate,
};
