/* SPDX-License-Identifier: MIT */

/*
 * The engine, instantiated for one format. A format's file defines FORMAT as the name of its static const
 * MemFormat and includes this, once for each that it has; what comes out is mem_vmap_FORMAT. There is nothing here
 * but calls: the code is in the headers below, and the compiler folds the description into it.
 */

#include "lib/find.h"
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

static int FORMAT_OWN(_map)(MemVmap *vmap, usize phys, usize virt, usize len, int flags)
{
    return engine_map(&FORMAT, vmap, phys, virt, len, flags, FORMAT_OWN(_map_anywhere));
}

MEM_NOINLINE static void FORMAT_OWN(_unmap_anywhere)(MemVmap *vmap, MemVmapBatch *batch, Range range)
{
    unmap_anywhere(&FORMAT, vmap, batch, range);
}

static void FORMAT_OWN(_unmap)(MemVmap *vmap, MemVmapBatch *batch, usize virt, usize len)
{
    engine_unmap(&FORMAT, vmap, batch, virt, len, FORMAT_OWN(_unmap_anywhere));
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

static int FORMAT_OWN(_find)(MemVmap *vmap, usize virt, MemEntry *leaf, unsigned *level)
{
    return engine_find(&FORMAT, vmap, virt, leaf, level);
}

static usize FORMAT_OWN(_translate)(MemVmap *vmap, usize virt)
{
    return engine_translate(&FORMAT, vmap, virt);
}

extern const MemVmapFormat FORMAT_SYMBOL;
const MemVmapFormat FORMAT_SYMBOL = {
    .description = &FORMAT,
    .map = FORMAT_OWN(_map),
    .unmap = FORMAT_OWN(_unmap),
    .protect = FORMAT_OWN(_protect),
    .find = FORMAT_OWN(_find),
    .translate = FORMAT_OWN(_translate),
};

#undef FORMAT
