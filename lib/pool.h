/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_POOL_H
#define MEM_LIB_POOL_H

/*
 * The table pool of a space: free table pages, and the credits that large leaves hold in it.
 *
 * A large leaf may have to be split by an unmap that cannot fail. So each holds credits for the tables that
 * splitting it down to pages could need, and the pool never has fewer free pages than credits. Credits are a
 * count: which page pays for which split is nobody's business.
 *
 * A dropped upper table is itself the list of the tables under it. It enters the pool as one bundle, in
 * constant time, and is taken apart one page at a time as pages are asked for.
 *
 * It runs under the space's lock, but for what calls the port: mem_vmap_pool_supply, _put and _trim.
 */

#include "lib/space.h"

/* Credits that a leaf of this level holds: the tables that splitting it down to pages takes. */
MEM_INLINE usize leaf_credits(const MemFormat *format, unsigned level)
{
    usize credits = 0;
    for (unsigned below = 1; below <= level; below++)
        credits += (usize)1 << (format->levels[level].shift - format->levels[below].shift);
    return credits;
}

/* Free pages that nobody was promised. */
MEM_INLINE usize pool_spare(const MemVmapPool *pool)
{
    usize promised = pool->credits + pool->reserved;
    return pool->free > promised ? pool->free - promised : 0;
}

/* What a map, or a split that holds no credits, may use: the reserve was put aside for them. */
MEM_INLINE usize pool_usable(const MemVmapPool *pool)
{
    return pool->free > pool->credits ? pool->free - pool->credits : 0;
}

/* Notes that `pages` of those were used: out of the reserve first. */
MEM_INLINE void pool_use_reserve(MemVmapPool *pool, usize pages)
{
    pool->reserved -= pages < pool->reserved ? pages : pool->reserved;
}

usize mem_vmap_pool_unbundle(MemVmap *vmap);

/* Takes one page; the caller knows that there is one. Its contents are arbitrary. */
MEM_INLINE usize pool_take(MemVmap *vmap)
{
    MemVmapPool *pool = &vmap->pool;
    usize phys = pool->singles;
    pool->free--;
    /* A reader that still is in this page must see that `drops` has changed before it sees it change. */
    MEM_VMAP_PUBLISH_FENCE();
    if (MEM_UNLIKELY(phys == MEM_VMAP_NO_PAGE))
        return mem_vmap_pool_unbundle(vmap);
    pool->singles = *table_at(vmap, phys);
    return phys;
}

void mem_vmap_pool_init(MemVmapPool *pool, usize cache);

/* Takes in the table at `phys` of `level`, unreachable by now, with the tables below it: `pages` in all. */
void mem_vmap_pool_give(MemVmap *vmap, usize phys, unsigned level, usize pages);

/* Gets `count` pages from the port, all or none. Called without the lock. 0 or MEM_ENOMEM. */
int mem_vmap_pool_supply(MemVmap *vmap, usize count);

/* Counts the pages on the pool's lists, one by one, and stops soon behind what there should be. */
usize mem_vmap_pool_count(const MemVmap *vmap);

/* Takes out what is beyond the promised and the cached: a list of single pages, for mem_vmap_pool_put. */
usize mem_vmap_pool_surplus(MemVmap *vmap);

/* Gives a list of pages back to the port. Called without the lock. */
void mem_vmap_pool_put(MemVmap *vmap, usize list);

/* Gives the surplus back to the port, after a call that may have got pages for nothing. Takes the lock. */
void mem_vmap_pool_trim(MemVmap *vmap);

#endif
