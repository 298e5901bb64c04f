/* SPDX-License-Identifier: MIT */

#include "lib/pool.h"

/*
 * A page on one of the pool's lists holds the link in its first word: the next page's address, with the
 * level of the page itself in the low bits that the alignment of tables leaves free.
 */
static usize link_mask(const MemVmap *vmap)
{
    return table_size(vmap->format->description) - 1;
}

static bool link_ends(const MemVmap *vmap, usize link)
{
    return (link | link_mask(vmap)) == MEM_VMAP_NO_PAGE;
}

void mem_vmap_pool_init(MemVmapPool *pool, usize cache)
{
    *pool = (MemVmapPool){
        .cache = cache,
        .singles = MEM_VMAP_NO_PAGE,
        .bundles = MEM_VMAP_NO_PAGE,
        .open = MEM_VMAP_NO_PAGE,
    };
}

/* Readers without the lock may still look at the page: what they load must be whole, though they forget it. */
static void set_link(MemVmap *vmap, usize phys, usize link)
{
    MEM_VMAP_ENTRY_STORE(table_at(vmap, phys), link);
}

static void push_single(MemVmap *vmap, usize phys)
{
    set_link(vmap, phys, vmap->pool.singles);
    vmap->pool.singles = phys;
}

/* Puts the table at `phys` on the list of bundles; what its first entry holds is lost to the link. */
static void push_bundle_page(MemVmap *vmap, usize phys, unsigned level)
{
    set_link(vmap, phys, (vmap->pool.bundles & ~link_mask(vmap)) | level);
    vmap->pool.bundles = phys;
}

/* The table that the first entry links must go elsewhere before the link takes its place: and so on down. */
static void push_bundle(MemVmap *vmap, usize phys, unsigned level)
{
    const MemFormat *format = vmap->format->description;
    for (; level > 0; level--) {
        MemEntry first = *table_at(vmap, phys);
        push_bundle_page(vmap, phys, level);
        if (format->kind(first, level) != ENTRY_TABLE)
            return;
        phys = format->table_phys(first, level);
    }
    push_single(vmap, phys);
}

void mem_vmap_pool_give(MemVmap *vmap, usize phys, unsigned level, usize pages)
{
    vmap->pool.free += pages;
    if (pages == 1)
        push_single(vmap, phys);
    else
        push_bundle(vmap, phys, level);
}

/* Opens the next bundle; the caller knows that there is one. */
static void open_bundle(MemVmap *vmap)
{
    MemVmapPool *pool = &vmap->pool;
    usize link = *table_at(vmap, pool->bundles);
    pool->open = pool->bundles;
    pool->open_level = (unsigned)(link & link_mask(vmap));
    pool->open_index = 1;
    pool->bundles = link_ends(vmap, link) ? MEM_VMAP_NO_PAGE : link & ~link_mask(vmap);
}

/* The next table that the open bundle links, taken out of it; MEM_VMAP_NO_PAGE when none is left. */
static usize next_of_bundle(MemVmap *vmap)
{
    const MemFormat *format = vmap->format->description;
    MemVmapPool *pool = &vmap->pool;
    MemEntry *table = table_at(vmap, pool->open);
    while (pool->open_index < level_entries(format, pool->open_level)) {
        MemEntry entry = table[pool->open_index];
        MEM_VMAP_ENTRY_STORE(&table[pool->open_index++], 0);
        if (format->kind(entry, pool->open_level) == ENTRY_TABLE)
            return format->table_phys(entry, pool->open_level);
    }
    return MEM_VMAP_NO_PAGE;
}

/* Takes one page out of the bundles: a table of the lowest level first, a table itself once it is bare. */
usize mem_vmap_pool_unbundle(MemVmap *vmap)
{
    MemVmapPool *pool = &vmap->pool;
    for (;;) {
        if (pool->open == MEM_VMAP_NO_PAGE)
            open_bundle(vmap);
        usize table = next_of_bundle(vmap);
        if (table != MEM_VMAP_NO_PAGE && pool->open_level == 1)
            return table;
        usize bundle = pool->open;
        pool->open = MEM_VMAP_NO_PAGE;
        if (table == MEM_VMAP_NO_PAGE)
            return bundle;
        push_bundle_page(vmap, bundle, pool->open_level);
        push_bundle(vmap, table, pool->open_level - 1);
    }
}

/*
 * Counts the tables below a bundle, itself included. Its first entries, below `index`, are links and gaps. A
 * table of `level` holds tables only above level 0, so the nesting ends with the levels.
 */
static usize count_bundle(const MemVmap *vmap, usize phys, unsigned level, unsigned index)
{
    const MemFormat *format = vmap->format->description;
    const MemEntry *table = table_at(vmap, phys);
    usize count = 1;
    for (; level > 0 && index < level_entries(format, level); index++)
        if (format->kind(table[index], level) == ENTRY_TABLE)
            count += count_bundle(vmap, format->table_phys(table[index], level), level - 1, 0);
    return count;
}

usize mem_vmap_pool_count(const MemVmap *vmap)
{
    const MemVmapPool *pool = &vmap->pool;
    usize count = 0, link = 0, most = pool->free;
    for (usize phys = pool->singles; phys != MEM_VMAP_NO_PAGE && count <= most;
         phys = *table_at(vmap, phys))
        count++;
    for (usize phys = pool->bundles; phys != MEM_VMAP_NO_PAGE && count <= most;
         phys = link_ends(vmap, link) ? MEM_VMAP_NO_PAGE : link & ~link_mask(vmap)) {
        link = *table_at(vmap, phys);
        count += count_bundle(vmap, phys, (unsigned)(link & link_mask(vmap)), 1);
    }
    if (pool->open != MEM_VMAP_NO_PAGE)
        count += count_bundle(vmap, pool->open, pool->open_level, pool->open_index);
    return count;
}

void mem_vmap_pool_put(MemVmap *vmap, usize list)
{
    usize size = table_size(vmap->format->description);
    while (list != MEM_VMAP_NO_PAGE) {
        usize phys = list;
        list = *table_at(vmap, phys);
        vmap->port.page_put(vmap->port.context, phys, size);
    }
}

static void give_list(MemVmap *vmap, usize list)
{
    space_lock(vmap);
    while (list != MEM_VMAP_NO_PAGE) {
        usize phys = list;
        list = *table_at(vmap, phys);
        mem_vmap_pool_give(vmap, phys, 0, 1);
    }
    space_unlock(vmap);
}

int mem_vmap_pool_supply(MemVmap *vmap, usize count)
{
    usize size = table_size(vmap->format->description), list = MEM_VMAP_NO_PAGE;
    int result = 0;
    MEM_VMAP_PUBLISH_FENCE(); /* as in pool_take: a page may be one that was put a moment ago */
    for (; count > 0 && result == 0; count--) {
        usize phys = vmap->port.page_get(vmap->port.context, size);
        if (phys == MEM_VMAP_NO_PAGE) {
            result = MEM_ENOMEM;
        } else {
            set_link(vmap, phys, list);
            list = phys;
        }
    }
    /* A port without page_put gets nothing back: then what it gave before it failed stays in the pool. */
    if (result == 0 || vmap->port.page_put == NULL)
        give_list(vmap, list);
    else
        mem_vmap_pool_put(vmap, list);
    return result;
}

usize mem_vmap_pool_surplus(MemVmap *vmap)
{
    usize list = MEM_VMAP_NO_PAGE;
    while (vmap->port.page_put != NULL && pool_spare(&vmap->pool) > vmap->pool.cache) {
        usize phys = pool_take(vmap);
        set_link(vmap, phys, list);
        list = phys;
    }
    return list;
}

void mem_vmap_pool_trim(MemVmap *vmap)
{
    space_lock(vmap);
    usize list = mem_vmap_pool_surplus(vmap);
    space_unlock(vmap);
    mem_vmap_pool_put(vmap, list);
}
