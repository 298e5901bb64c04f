/* SPDX-License-Identifier: MIT */
#include "tests/model/world.h"

#include <stdio.h>

static bool differ(const World *world, const char *what, uint64_t virt, uint64_t engine, uint64_t model)
{
    printf("%s: operation %lu: %s\n  %s at 0x%llx: engine 0x%llx, model 0x%llx\n", world->geometry->format,
           world->operation, world->text, what, (unsigned long long)virt, (unsigned long long)engine,
           (unsigned long long)model);
    return false;
}

/* A page, by lookup and by translate, at an address inside it. */
static bool compare_page(World *world, unsigned index)
{
    const FlatPage *page = &world->flat->pages[index];
    uint64_t bytes = flat_page_size(world->geometry), offset = world_random(world, bytes);
    uint64_t virt = flat_virt(world->flat, index) + offset;
    MemVmapLeaf leaf;
    int result = mem_vmap_lookup(&world->vmap, virt, &leaf);
    usize phys = mem_vmap_translate(&world->vmap, virt);
    if (mem_vmap_missed(&world->vmap) == page->mapped)
        return differ(world, "miss flag", virt, !page->mapped, page->mapped);
    if ((result == 0) != page->mapped)
        return differ(world, "lookup", virt, (uint64_t)result, page->mapped);
    if (!page->mapped)
        return result == MEM_EMISS && phys == 0 ? true : differ(world, "miss", virt, phys, 0);
    uint64_t size = flat_leaf_size(world->geometry, flat_leaf(world->flat, index));
    if (phys != page->frame + offset || leaf.phys != phys)
        return differ(world, "address", virt, phys, page->frame + offset);
    if (leaf.flags != page->flags)
        return differ(world, "flags", virt, (uint64_t)leaf.flags, (uint64_t)page->flags);
    return leaf.size == size ? true : differ(world, "leaf size", virt, leaf.size, size);
}

/* The walk under way: which page of the model is next. */
typedef struct walking {
    World *world;
    unsigned next;
    bool same;
} Walking;

static int compare_run(void *context, const MemVmapRun *run)
{
    Walking *walking = context;
    World *world = walking->world;
    const Flat *flat = world->flat;
    for (uint64_t at = 0; at < run->len; at += flat_page_size(flat->geometry)) {
        while (walking->next < flat->count && !flat->pages[walking->next].mapped)
            walking->next++;
        const FlatPage *page = &flat->pages[walking->next];
        bool there = walking->next < flat->count && flat_virt(flat, walking->next) == run->virt + at;
        if (!there || page->frame != run->phys + at || page->flags != run->flags ||
            flat_leaf_level(flat->geometry, flat_leaf(flat, walking->next)) != run->level) {
            walking->same = differ(world, "run", run->virt + at, run->phys + at, there ? page->frame : 0);
            return 1;
        }
        walking->next++;
    }
    return 0;
}

static bool compare_walk(World *world)
{
    Walking walking = {world, 0, true};
    if (mem_vmap_walk(&world->vmap, 0, (usize)-1, NULL, compare_run, &walking) != 0)
        return walking.same;
    for (; walking.next < world->flat->count; walking.next++)
        if (world->flat->pages[walking.next].mapped)
            return differ(world, "page missing from the walk", flat_virt(world->flat, walking.next), 0, 1);
    return true;
}

static bool compare_counts(World *world)
{
    MemVmapStats stats;
    MemVmapDefect defect;
    usize leaves[MEM_VMAP_LEVELS_MAX] = {0};
    if (mem_vmap_verify(&world->vmap, &defect) != 0)
        return differ(world, defect.rule, defect.virt, defect.entry, defect.level);
    mem_vmap_stats(&world->vmap, &stats);
    for (unsigned i = 0; i < world->flat->count;) {
        const FlatPage *page = &world->flat->pages[i];
        unsigned leaf = page->mapped ? flat_leaf(world->flat, i) : 0;
        leaves[flat_leaf_level(world->geometry, leaf)] +=
            page->mapped ? world->geometry->leaf_entries[leaf] : 0;
        i += flat_leaf_count(world->geometry, leaf);
    }
    for (unsigned level = 0; level < MEM_VMAP_LEVELS_MAX; level++)
        if (stats.leaves[level] != leaves[level])
            return differ(world, "leaves", level, stats.leaves[level], leaves[level]);
    usize pages = stats.tables + stats.tables_waiting + stats.pool_free;
    if (pages != arena_out(world->arena))
        return differ(world, "table pages", 0, pages, arena_out(world->arena));
    return true;
}

/* A naive walk on both sides of either end of what was touched, and anywhere. */
static bool compare_boundaries(World *world, unsigned first, unsigned last)
{
    unsigned anywhere = (unsigned)world_random(world, world->flat->count);
    const unsigned pages[] = {first, first + 1, last - 1, last, anywhere};
    for (unsigned i = 0; i < sizeof pages / sizeof *pages; i++)
        if (!world_compare_naive(world, pages[i]))
            return false;
    return true;
}

bool world_compare(World *world)
{
    unsigned first = world->touched.first > 0 ? world->touched.first - 1 : 0;
    unsigned last =
        world->touched.last + 1 < world->flat->count ? world->touched.last + 1 : world->flat->count - 1;
    for (unsigned i = first; i <= last; i++)
        if (!compare_page(world, i))
            return false;
    if (world->cpu.walker != NULL && !compare_boundaries(world, first, last))
        return false;
    return compare_walk(world) && compare_counts(world);
}
