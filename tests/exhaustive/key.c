/* SPDX-License-Identifier: MIT */
#include "tests/exhaustive/states.h"

#include "lib/space.h"

#include <stdlib.h>

static void add(Key *key, uint64_t word)
{
    if (key->count == KEY_WORDS)
        abort();
    key->words[key->count++] = word;
}

/*
 * An entry of the tree: as it is, but for the address of a table. Then the table, whose depth is that of a
 * level.
 */
static void add_table(const MemVmap *vmap, Key *key, usize phys, unsigned level)
{
    const MemFormat *format = vmap->format->description;
    const MemEntry *table = table_at(vmap, phys);
    key->tables |= (PageSet)1 << (phys / table_size(format));
    for (unsigned i = 0; i < level_entries(format, level); i++) {
        if (format->kind(table[i], level) != ENTRY_TABLE) {
            add(key, table[i]);
            continue;
        }
        usize below = format->table_phys(table[i], level);
        add(key, table[i] ^ format->table(below, level) ^ format->table(0, level));
        add_table(vmap, key, below, level - 1);
    }
}

/* A bundle: which of its entries from `index` on link tables, and the bundles below. */
static void add_bundle(const MemVmap *vmap, Key *key, usize phys, unsigned level, unsigned index)
{
    const MemFormat *format = vmap->format->description;
    const MemEntry *table = table_at(vmap, phys);
    uint64_t links = 0;
    for (unsigned i = index; i < level_entries(format, level); i++)
        links |= (uint64_t)(format->kind(table[i], level) == ENTRY_TABLE) << i;
    add(key, links << 8 | level);
    for (unsigned i = index; level > 1 && i < level_entries(format, level); i++)
        if (links >> i & 1)
            add_bundle(vmap, key, format->table_phys(table[i], level), level - 1, 0);
}

static void add_pool(const MemVmap *vmap, Key *key)
{
    const MemVmapPool *pool = &vmap->pool;
    usize low = table_size(vmap->format->description) - 1, bundles = 0;
    bool open = pool->open != MEM_VMAP_NO_PAGE;
    for (usize phys = pool->bundles; phys != MEM_VMAP_NO_PAGE; bundles++) {
        usize link = *table_at(vmap, phys);
        add_bundle(vmap, key, phys, link & low, 1);
        phys = (link | low) == MEM_VMAP_NO_PAGE ? MEM_VMAP_NO_PAGE : link & ~low;
    }
    if (open)
        add_bundle(vmap, key, pool->open, pool->open_level, pool->open_index);
    add(key, pool->free | pool->credits << 8 | pool->reserved << 16 | bundles << 24 | (uint64_t)open << 32 |
                 (uint64_t)vmap->has_global << 33 | (uint64_t)vmap->has_unreserved << 34 |
                 (uint64_t)vmap->prepaid << 40 | (uint64_t)vmap->waiting << 48);
}

void key_make(const MemVmap *vmap, Key *key)
{
    key->count = 0;
    key->tables = 0;
    add_table(vmap, key, vmap->root, vmap->format->description->top);
    add_pool(vmap, key);
}
