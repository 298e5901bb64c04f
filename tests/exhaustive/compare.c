/* SPDX-License-Identifier: MIT */
#include "tests/exhaustive/pair.h"

enum {
    PAGE = 4096,
    RIGHTS = MEM_VMAP_WRITE | MEM_VMAP_EXEC | MEM_VMAP_USER | MEM_VMAP_GLOBAL,
};

static usize leaf_bytes(const Pair *pair, unsigned leaf)
{
    return pair->scope->geometry.leaf_pages[leaf] * PAGE;
}

static unsigned level_of(const Pair *pair, const FlatPage *page)
{
    return flat_leaf_level(&pair->scope->geometry, page->leaf);
}

/* A page by lookup and by translate, at an address inside it. */
static bool compare_page(Pair *pair, unsigned index)
{
    const FlatPage *page = &pair->now.model[index];
    usize offset = 0xff * (index + 1), virt = flat_virt(&pair->model, index) + offset;
    MemVmapLeaf leaf;
    int result = mem_vmap_lookup(&pair->now.vmap, virt, &leaf);
    usize phys = mem_vmap_translate(&pair->now.vmap, virt);
    if (mem_vmap_missed(&pair->now.vmap) == page->mapped)
        return pair_differ(pair, "miss flag", virt, !page->mapped, page->mapped);
    if (result != (page->mapped ? 0 : MEM_EMISS))
        return pair_differ_code(pair, "lookup", result, page->mapped ? 0 : MEM_EMISS);
    if (!page->mapped)
        return phys == 0 || pair_differ(pair, "address of a hole", virt, phys, 0);
    if (phys != page->frame + offset || leaf.phys != phys)
        return pair_differ(pair, "address", virt, phys, page->frame + offset);
    if (leaf.flags != page->flags)
        return pair_differ(pair, "flags", virt, (uint64_t)leaf.flags, (uint64_t)page->flags);
    if (leaf.level != level_of(pair, page) || leaf.size != leaf_bytes(pair, page->leaf))
        return pair_differ(pair, "leaf size", virt, leaf.size, leaf_bytes(pair, page->leaf));
    return true;
}

/* A walk under way: the pages that it has still to show, and the run before. */
typedef struct walking {
    Pair *pair;
    unsigned next, last;
    MemVmapRun previous;
    bool same;
} Walking;

static void skip_holes(Walking *walking)
{
    while (walking->next <= walking->last && !walking->pair->now.model[walking->next].mapped)
        walking->next++;
}

static bool continues(const MemVmapRun *previous, const MemVmapRun *run)
{
    return previous->len != 0 && previous->virt + previous->len == run->virt &&
           previous->phys + previous->len == run->phys && previous->flags == run->flags &&
           previous->level == run->level;
}

static bool compare_run_page(Walking *walking, const MemVmapRun *run, usize at)
{
    const Pair *pair = walking->pair;
    skip_holes(walking);
    if (walking->next > walking->last || flat_virt(&pair->model, walking->next) != run->virt + at)
        return false;
    const FlatPage *page = &pair->now.model[walking->next++];
    return page->frame == run->phys + at && page->flags == run->flags && level_of(pair, page) == run->level;
}

static int compare_run(void *context, const MemVmapRun *run)
{
    Walking *walking = context;
    walking->same = run->len > 0 && !continues(&walking->previous, run);
    for (usize at = 0; walking->same && at < run->len; at += PAGE)
        walking->same = compare_run_page(walking, run, at);
    walking->previous = *run;
    return walking->same ? 0 : 1;
}

/* The walk of a span shows what the model has there, in maximal runs. */
static bool compare_walk(Pair *pair, FlatSpan span)
{
    usize virt = flat_virt(&pair->model, span.first), end = flat_virt(&pair->model, span.last) + (PAGE - 1);
    usize len = end - virt == SIZE_MAX ? SIZE_MAX : end - virt + 1;
    Walking walking = {pair, span.first, span.last, {0}, true};
    mem_vmap_walk(&pair->now.vmap, virt, len, NULL, compare_run, &walking);
    if (!walking.same)
        return pair_differ(pair, "walk", walking.previous.virt, walking.previous.phys, walking.next);
    skip_holes(&walking);
    return walking.next > span.last || pair_differ(pair, "page missing from the walk", walking.next, 0, 1);
}

bool pair_check_walks(Pair *pair)
{
    for (unsigned first = 0; first < pair->model.count; first++)
        for (unsigned last = first; last < pair->model.count; last++)
            if (!compare_walk(pair, (FlatSpan){first, last}))
                return false;
    return true;
}

/* A table is where a block holds a leaf that is smaller than the block. */
bool pair_has_table(const Pair *pair, const Flat *flat, unsigned level, unsigned page)
{
    unsigned block = pair->scope->level_pages[level], first = page - page % block;
    for (unsigned i = first; i < first + block; i++)
        if (flat->pages[i].mapped && level_of(pair, &flat->pages[i]) < level)
            return true;
    return false;
}

static usize tables_of_level(const Pair *pair, const Flat *flat, unsigned level)
{
    usize tables = 0;
    for (unsigned first = 0; first < flat->count; first += pair->scope->level_pages[level])
        tables += pair_has_table(pair, flat, level, first);
    return tables;
}

/* The tables that splitting a leaf to pages takes. */
static usize credits_of_leaf(const Pair *pair, unsigned level)
{
    const unsigned *pages = pair->scope->level_pages;
    usize credits = 0;
    for (unsigned below = level; below > 0; below--)
        credits += pages[level] / pages[below];
    return credits;
}

Census pair_census(const Pair *pair, const Flat *flat)
{
    Census census = {.tables = 1};
    for (unsigned level = 1; level < pair->scope->level_count; level++)
        census.tables += tables_of_level(pair, flat, level);
    for (unsigned i = 0; i < flat->count; i += pair->scope->level_pages[level_of(pair, &flat->pages[i])]) {
        const FlatPage *page = &flat->pages[i];
        census.leaves[level_of(pair, page)] += page->mapped;
        if (page->mapped && !(page->flags & MEM_VMAP_NO_RESERVE))
            census.credits += credits_of_leaf(pair, level_of(pair, page));
    }
    return census;
}

static bool compare_counts(Pair *pair)
{
    MemVmapStats stats;
    Census census = pair_census(pair, &pair->model);
    usize out = (usize)__builtin_popcount(pair->now.machine.out);
    usize promised = census.credits + pair->now.reserved;
    mem_vmap_stats(&pair->now.vmap, &stats);
    for (unsigned level = 0; level < MEM_VMAP_LEVELS_MAX; level++)
        if (stats.leaves[level] != census.leaves[level])
            return pair_differ(pair, "leaves", level, stats.leaves[level], census.leaves[level]);
    if (stats.tables != census.tables)
        return pair_differ(pair, "tables", 0, stats.tables, census.tables);
    if (stats.credits != census.credits)
        return pair_differ(pair, "credits", 0, stats.credits, census.credits);
    if (stats.reserved != pair->now.reserved)
        return pair_differ(pair, "reserve", 0, stats.reserved, pair->now.reserved);
    if (stats.pool_free < promised || stats.pool_free > promised + pair->scope->cache_pages)
        return pair_differ(pair, "pages in the pool", pair->scope->cache_pages, stats.pool_free, promised);
    if (stats.tables + stats.pool_free != out || stats.tables_waiting != 0)
        return pair_differ(pair, "table pages", 0, stats.tables + stats.pool_free, out);
    if (pair->now.vmap.unflushed != NULL || pair->now.vmap.prepaid != 0)
        return pair_differ(pair, "a call left something open", 0, pair->now.vmap.prepaid, 0);
    return true;
}

bool pair_compare(Pair *pair)
{
    MemVmapDefect defect;
    for (unsigned i = 0; i < pair->model.count; i++)
        if (!compare_page(pair, i))
            return false;
    if (mem_vmap_verify(&pair->now.vmap, &defect) != 0)
        return pair_differ(pair, defect.rule, defect.virt, defect.entry, defect.level);
    return compare_counts(pair) && compare_walk(pair, (FlatSpan){0, pair->model.count - 1});
}

bool pair_breaks(const Pair *pair)
{
    return pair->scope->format->description->interim != NULL;
}

/* Whether entries were made anew that the format lets no TLB hold beside the old ones. */
static bool is_broken(const Pair *pair, const FlatPage *before, const FlatPage *now)
{
    bool run = pair->scope->geometry.leaf_entries[before->leaf] > 1;
    return pair_breaks(pair) && run && ((before->flags ^ now->flags) & RIGHTS) != 0;
}

/* Whether a TLB that held the page's leaf before would now be wrong, or mix two sizes. */
static bool is_stale(const Pair *pair, const FlatPage *before, const FlatPage *now)
{
    bool less = (before->flags & ~now->flags & RIGHTS) != 0;
    if (!before->mapped)
        return false;
    return !now->mapped || now->frame != before->frame || now->leaf != before->leaf || less ||
           is_broken(pair, before, now);
}

/*
 * Whether a plan named an address of the leaf that the page was in, and said that it was global if it was.
 */
static bool was_forgotten(const Pair *pair, const FlatPage *before)
{
    const Machine *machine = &pair->now.machine;
    if ((before->flags & MEM_VMAP_GLOBAL) && !machine->global)
        return false;
    for (unsigned i = before->piece_first; i <= before->piece_last; i++)
        if (machine->forgotten >> (flat_virt(&pair->model, i) / PAGE % MACHINE_PAGES) & 1)
            return true;
    return machine->everything;
}

bool pair_check_forgotten(Pair *pair, FlatSpan span)
{
    for (unsigned i = span.first; i <= span.last; i++) {
        const FlatPage *before = &pair->before.model[i];
        if (is_stale(pair, before, &pair->now.model[i]) && !was_forgotten(pair, before))
            return pair_differ(pair, "not flushed", flat_virt(&pair->model, i), 0, 1);
    }
    return true;
}

bool pair_check_needless(Pair *pair)
{
    bool any = false;
    for (unsigned i = 0; i < pair->model.count; i++)
        any |= is_stale(pair, &pair->before.model[i], &pair->now.model[i]);
    if (!any && pair->now.machine.plans > 0)
        return pair_differ(pair, "flushed for nothing", 0, pair->now.machine.plans, 0);
    return true;
}
