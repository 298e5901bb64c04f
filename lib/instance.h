/* SPDX-License-Identifier: MIT */

/*
 * The engine, instantiated for one format. A format's file defines FORMAT as the name of its static const
 * MemFormat and includes this, once for each that it has; what comes out is mem_vmap_FORMAT. There is nothing here
 * but calls: the code is in the headers below, and the compiler folds the description into it.
 */

#include "lib/find.h"
#include "lib/map_short.h"
#include "lib/protect.h"
#include "lib/unmap.h"

#undef FORMAT_JOIN_
#undef FORMAT_JOIN
#undef FORMAT_SYMBOL
#undef FORMAT_OWN
#define FORMAT_JOIN_(a, b) a##b
#define FORMAT_JOIN(a, b)  FORMAT_JOIN_(a, b)
#define FORMAT_SYMBOL      FORMAT_JOIN(mem_vmap_, FORMAT)
#define FORMAT_OWN(name)   FORMAT_JOIN(FORMAT, name)

MEM_NOINLINE static int FORMAT_OWN(_map_anywhere)(MemVmap *vmap, const Mapping *mapping)
{
    return map_anywhere(&FORMAT, vmap, mapping);
}

MEM_NOINLINE static int FORMAT_OWN(_map_longer)(MemVmap *vmap, usize phys, usize virt, usize len, int flags)
{
    return map_longer(&FORMAT, vmap, phys, virt, len, flags, FORMAT_OWN(_map_anywhere));
}

MEM_NOINLINE static int FORMAT_OWN(_map_pages)(MemVmap *vmap, const PageRun *run, usize phys)
{
    return map_pages_again(&FORMAT, vmap, run, phys);
}

static int FORMAT_OWN(_map)(MemVmap *vmap, usize phys, usize virt, usize len, int flags)
{
    return engine_map(&FORMAT, vmap, phys, virt, len, flags, FORMAT_OWN(_map_pages),
                      FORMAT_OWN(_map_longer));
}

MEM_NOINLINE static void FORMAT_OWN(_unmap_anywhere)(MemVmap *vmap, MemVmapBatch *batch, Range range)
{
    unmap_anywhere(&FORMAT, vmap, batch, range);
}

static void FORMAT_OWN(_batch_unmap)(MemVmap *vmap, MemVmapBatch *batch, usize virt, usize len)
{
    engine_batch_unmap(&FORMAT, vmap, batch, virt, len, FORMAT_OWN(_unmap_anywhere));
}

MEM_NOINLINE static void FORMAT_OWN(_unmap_longer)(MemVmap *vmap, usize virt, usize len)
{
    unmap_longer(&FORMAT, vmap, virt, len, FORMAT_OWN(_unmap_anywhere));
}

MEM_NOINLINE static void FORMAT_OWN(_unmap_pages)(MemVmap *vmap, const PageRun *run, usize virt)
{
    unmap_pages_again(&FORMAT, vmap, run, virt);
}

static void FORMAT_OWN(_unmap)(MemVmap *vmap, usize virt, usize len)
{
    engine_unmap(&FORMAT, vmap, virt, len, FORMAT_OWN(_unmap_pages), FORMAT_OWN(_unmap_longer));
}

MEM_NOINLINE static int FORMAT_OWN(_protect_anywhere)(MemVmap *vmap, MemVmapBatch *batch, Range range,
                                                      MemEntry rights)
{
    return protect_anywhere(&FORMAT, vmap, batch, range, rights);
}

static int FORMAT_OWN(_protect)(MemVmap *vmap, MemVmapBatch *batch, usize virt, usize len, int flags)
{
    return engine_protect(&FORMAT, vmap, batch, virt, len, flags, FORMAT_OWN(_protect_anywhere));
}

static int FORMAT_OWN(_find)(MemVmap *vmap, usize virt, Snapshot *found)
{
    return engine_find(&FORMAT, vmap, virt, found);
}

MEM_NOINLINE static usize FORMAT_OWN(_translate_by_walk)(MemVmap *vmap, usize virt)
{
    return translate_by_walk(&FORMAT, vmap, virt);
}

MEM_NOINLINE static usize FORMAT_OWN(_translate_longer)(MemVmap *vmap, usize virt)
{
    return translate_longer(&FORMAT, vmap, virt, FORMAT_OWN(_translate_by_walk));
}

static usize FORMAT_OWN(_translate)(MemVmap *vmap, usize virt)
{
    return engine_translate(&FORMAT, vmap, virt, FORMAT_OWN(_translate_longer),
                            FORMAT_OWN(_translate_by_walk));
}

extern const MemVmapFormat FORMAT_SYMBOL;
const MemVmapFormat FORMAT_SYMBOL = {
    .description = &FORMAT,
    .map = FORMAT_OWN(_map),
    .unmap = FORMAT_OWN(_unmap),
    .batch_unmap = FORMAT_OWN(_batch_unmap),
    .protect = FORMAT_OWN(_protect),
    .find = FORMAT_OWN(_find),
    .translate = FORMAT_OWN(_translate),
};

#undef FORMAT
