/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_DROPS_H
#define MEM_LIB_DROPS_H

/*
 * Counts of freed tables. Each stands for a part of the addresses, the parts repeating, so that an unmap disturbs
 * the readers of its neighbourhood and not those of the whole space. A table that goes is counted for all
 * addresses that it translated.
 */

#include "lib/range.h"
#include "lib/space.h"

/* A part is 32 tables of the lowest level: 64 MiB with 4 KiB pages. */
enum { DROPS_PART_SHIFT = 5 };

MEM_INLINE unsigned drops_shift(const MemFormat *format)
{
    return format->levels[1].shift + DROPS_PART_SHIFT;
}

/* Of an address, linear or not. */
MEM_INLINE const uint64_t *drops_of(const MemFormat *format, const MemVmap *vmap, usize at)
{
    return &vmap->drops[(linear_from_virt(format, at) >> drops_shift(format)) % MEM_VMAP_DROPS];
}

/* Counts a table that translated `block`, linear. Called with the lock held; see walk.h for the order. */
MEM_INLINE void drops_add(const MemFormat *format, MemVmap *vmap, Range block)
{
    usize part = block.first >> drops_shift(format);
    usize parts = (block.last >> drops_shift(format)) - part + 1;
    for (usize i = 0; i < parts && i < MEM_VMAP_DROPS; i++) {
        uint64_t *drops = &vmap->drops[(part + i) % MEM_VMAP_DROPS];
        __atomic_store_n(drops, *drops + 1, __ATOMIC_RELEASE);
    }
}

#endif
