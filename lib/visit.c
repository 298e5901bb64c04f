/* SPDX-License-Identifier: MIT */

/* Reading without the lock: the walk of a reader that was disturbed, and mem_vmap_walk. */

#include "lib/walk.h"

/*
 * Under the lock no table is freed, so the walk succeeds at once. A port without a lock has a caller who
 * serialises the writers: then each further attempt means that a writer has got on.
 */
MEM_COLD Snapshot mem_vmap_walk_again(MemVmap *vmap, usize at)
{
    const MemFormat *format = vmap->format->description;
    Snapshot found = {0};
    MEM_VMAP_TRACE(walk_again, vmap, virt_from_linear(format, at), 0);
    for (unsigned tries = 1; tries < MEM_VMAP_READ_RETRIES; tries++)
        if (walk_once(format, vmap, at, &found))
            return found;
    space_lock(vmap);
    while (!walk_once(format, vmap, at, &found))
        ;
    space_unlock(vmap);
    return found;
}

/* A walk under way, with the run that the next leaf may continue. */
typedef struct mem_visiting {
    MemVmap *vmap;
    const MemFormat *format;
    const MemVmapFilter *filter;
    MemVmapVisit visit;
    void *context;
    Range range;    /* linear */
    MemVmapRun run; /* len 0: none yet */
} Visiting;

static int report_run(Visiting *visiting)
{
    MemVmapRun run = visiting->run;
    visiting->run.len = 0;
    return run.len == 0 ? 0 : visiting->visit(visiting->context, &run);
}

static bool passes(const MemVmapFilter *filter, int flags)
{
    return filter == NULL || (flags & filter->mask) == filter->value;
}

static bool continues(const MemVmapRun *run, const MemVmapRun *next)
{
    return run->len != 0 && run->virt + run->len == next->virt && run->phys + run->len == next->phys &&
           run->flags == next->flags && run->level == next->level;
}

/* Takes in the leaf whose block holds `at`, clipped to the range. */
static int add_leaf(Visiting *visiting, Snapshot leaf, usize at)
{
    const MemFormat *format = visiting->format;
    usize mask = level_mask(format, leaf.level), end = at | mask;
    usize last = end < visiting->range.last ? end : visiting->range.last;
    MemVmapRun next = {
        .virt = virt_from_linear(format, at),
        .phys = leaf_phys_of(format, leaf.entry, leaf.level, at),
        .len = last - at + 1,
        .flags = snapshot_flags(format, visiting->vmap, &leaf, at),
        .level = leaf.level,
    };
    if (!passes(visiting->filter, next.flags))
        return 0;
    if (continues(&visiting->run, &next)) {
        visiting->run.len += next.len;
        return 0;
    }
    int result = report_run(visiting);
    visiting->run = next;
    return result;
}

/* Takes in one entry that ends a walk, and moves behind its block. */
static int add_entry(Visiting *visiting, Snapshot found, usize *at)
{
    int result = 0;
    if (visiting->format->kind(found.entry, found.level) == ENTRY_LEAF)
        result = add_leaf(visiting, found, *at);
    *at = (*at | level_mask(visiting->format, found.level)) + 1;
    return result;
}

/*
 * Goes on in the table where the walk ended, as long as there are leaves and holes and no table was freed:
 * so a table is walked to once, not once for each of its entries.
 */
static int add_neighbours(Visiting *visiting, Snapshot found, usize *at)
{
    const MemFormat *format = visiting->format;
    unsigned level = found.level;
    usize from = *at - 1; /* where the walk ended: the table's going is counted there too */
    while (*at <= visiting->range.last && level_index(format, level, *at) != 0) {
        found.entry = entry_load(&found.table[level_index(format, level, *at)]);
        if (format->kind(found.entry, level) == ENTRY_TABLE ||
            !read_is_valid(format, visiting->vmap, from, found.drops))
            return 0;
        int result = add_entry(visiting, found, at);
        if (result != 0)
            return result;
    }
    return 0;
}

static int visit_range(Visiting *visiting)
{
    usize at = visiting->range.first;
    while (at <= visiting->range.last) {
        Snapshot found = walk(visiting->format, visiting->vmap, at);
        int result = add_entry(visiting, found, &at);
        if (result == 0)
            result = add_neighbours(visiting, found, &at);
        if (result != 0)
            return result;
    }
    return 0;
}

int mem_vmap_walk(MemVmap *vmap, usize virt, usize len, const MemVmapFilter *filter, MemVmapVisit visit,
                  void *context)
{
    Range parts[2];
    if (!is_space(vmap) || visit == NULL)
        return MEM_EINVAL;
    const MemFormat *format = vmap->format->description;
    unsigned count = range_parts(format, virt, len, parts);
    Visiting visiting = {vmap, format, filter, visit, context, {0, 0}, {0}};
    for (unsigned i = 0; i < count; i++) {
        visiting.range = parts[i];
        int result = visit_range(&visiting);
        if (result != 0)
            return result;
    }
    return report_run(&visiting);
}
