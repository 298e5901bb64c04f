/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_SPACE_H
#define MEM_LIB_SPACE_H

/* What every part of the engine asks of a space. */

#include "lib/format.h"

/* Whether there is a space: made, and not destroyed. */
MEM_INLINE bool is_space(const MemVmap *vmap)
{
    return MEM_LIKELY(vmap != NULL && vmap->format != NULL);
}

MEM_INLINE void space_lock(MemVmap *vmap)
{
    if (vmap->port.lock != NULL)
        vmap->port.lock(vmap->port.context);
}

MEM_INLINE void space_unlock(MemVmap *vmap)
{
    if (vmap->port.unlock != NULL)
        vmap->port.unlock(vmap->port.context);
}

MEM_INLINE MemEntry *table_at(const MemVmap *vmap, usize phys)
{
    return MEM_VMAP_PHYS_TO_PTR(vmap, phys);
}

/* The flags of a leaf. Its memory type is the first that has the leaf's index; a device says so itself. */
MEM_INLINE int leaf_flags(const MemFormat *format, const MemVmap *vmap, MemEntry leaf, unsigned level)
{
    unsigned index = format->decode_type(leaf, level);
    int flags = format->decode(leaf);
    if (leaf & format->device)
        return flags | MEM_VMAP_DEVICE;
    for (unsigned type = 0; type < MEM_VMAP_TYPES; type++)
        if (vmap->type_index[type] == index)
            return flags | (int)(type << MEM_VMAP_TYPE_SHIFT);
    return flags;
}

#endif
