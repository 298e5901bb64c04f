/* SPDX-License-Identifier: MIT */

/* One call, to the engine and to the model. */

#include "tests/exhaustive/pair.h"

#include <stdlib.h>

enum {
    PAGE = 4096,
    RIGHTS = MEM_VMAP_WRITE | MEM_VMAP_EXEC | MEM_VMAP_USER | MEM_VMAP_GLOBAL,
};

static bool is_contiguous(const Flat *flat, FlatSpan span)
{
    uint64_t bytes = (uint64_t)(span.last - span.first) * PAGE;
    return flat_virt(flat, span.last) - flat_virt(flat, span.first) == bytes;
}

int pair_expected(const Pair *pair, const Operation *operation)
{
    const Flat *flat = &pair->model;
    if (operation->kind == OPERATION_UNMAP || operation->kind == OPERATION_RESERVE)
        return 0;
    if (!is_contiguous(flat, operation->span))
        return MEM_ERANGE;
    if (operation->kind == OPERATION_MAP && flat_any_mapped(flat, operation->span))
        return MEM_EOVERLAP;
    if (operation->kind == OPERATION_PROTECT && !flat_all_mapped(flat, operation->span))
        return MEM_EMISS;
    return 0;
}

int pair_call(Pair *pair, const Operation *operation)
{
    MemVmap *vmap = &pair->now.vmap;
    switch (operation->kind) {
    case OPERATION_MAP:
        return mem_vmap_map(vmap, operation->phys, operation->virt, operation->len, operation->flags);
    case OPERATION_UNMAP:
        mem_vmap_unmap(vmap, operation->virt, operation->len);
        return 0;
    case OPERATION_PROTECT:
        return mem_vmap_protect(vmap, operation->virt, operation->len, operation->flags);
    case OPERATION_COLLAPSE:
        return mem_vmap_collapse(vmap, operation->virt, operation->len);
    case OPERATION_RESERVE:
        return mem_vmap_reserve(vmap, operation->reserve);
    }
    abort();
}

/* Whether an entry was exchanged for another that maps the page, while CPUs might note a write in the old one. */
static bool was_remade(const Pair *pair, const FlatPage *before, const FlatPage *now)
{
    const FlatGeometry *geometry = &pair->scope->geometry;
    unsigned level = flat_leaf_level(geometry, now->leaf);
    unsigned level_before = flat_leaf_level(geometry, before->leaf);
    bool was_run = geometry->leaf_entries[before->leaf] > 1, is_run = geometry->leaf_entries[now->leaf] > 1;
    bool remarked = now->leaf != before->leaf && (was_run || (is_run && level == level_before));
    return level > level_before || (remarked && !pair_breaks(pair));
}

/* While other CPUs may write, what was remade and is writable counts as written. */
static void remade_is_dirty(Pair *pair)
{
    pair_forget_history(&pair->model);
    for (unsigned i = 0; i < pair->model.count; i++) {
        FlatPage *now = &pair->now.model[i];
        const FlatPage *before = &pair->before.model[i];
        if (before->mapped && now->mapped && (before->flags & MEM_VMAP_WRITE) &&
            was_remade(pair, before, now))
            now->flags |= MEM_VMAP_DIRTY;
    }
}

static void call_model(Pair *pair, const Operation *operation)
{
    Flat *flat = &pair->model;
    int flags = operation->flags;
    unsigned leaf = flags & MEM_VMAP_CAP_4K ? 0 : flat->geometry->leaf_count - 1;
    switch (operation->kind) {
    case OPERATION_MAP:
        flat_map(flat, operation->span, operation->phys / PAGE * PAGE, flags & ~MEM_VMAP_CAP_4K, leaf);
        break;
    case OPERATION_UNMAP:
        flat_unmap(flat, operation->span);
        break;
    case OPERATION_PROTECT:
        flat_protect(flat, operation->span, RIGHTS, flags);
        break;
    case OPERATION_COLLAPSE:
        flat_collapse(flat, operation->span, MEM_VMAP_ACCESSED, MEM_VMAP_DIRTY);
        break;
    case OPERATION_RESERVE:
        break;
    }
}

/*
 * The model forgets how its pages came about, but for the leaves that they form: so that it is, as the
 * engine is, a function of what is mapped, and two ways to one state lead to one state.
 */
void pair_forget_history(Flat *flat)
{
    for (unsigned i = 0; i < flat->count;) {
        unsigned leaf = flat->pages[i].mapped ? flat_leaf(flat, i) : 0;
        unsigned end = i + (unsigned)flat->geometry->leaf_pages[leaf];
        for (unsigned page = i; page < end; page++) {
            flat->pages[page].leaf = leaf;
            flat->pages[page].piece_first = i;
            flat->pages[page].piece_last = end - 1;
        }
        i = end;
    }
}

/*
 * What a call costs is paid out of the reserve first; where a page was refused the reserve was used up
 * before.
 */
static void use_reserve(Pair *pair, const Operation *operation)
{
    usize *reserved = &pair->now.reserved;
    if (operation->kind == OPERATION_RESERVE)
        *reserved = operation->reserve;
    else if (pair->now.machine.refusals > 0)
        *reserved = 0;
    else
        *reserved -= pair->cost < *reserved ? pair->cost : *reserved;
}

bool pair_follow(Pair *pair, const Operation *operation)
{
    call_model(pair, operation);
    if (!pair_take_lost(pair, operation))
        return false;
    if (pair->scope->cpus == SEVERAL_CPUS)
        remade_is_dirty(pair);
    pair_forget_history(&pair->model);
    use_reserve(pair, operation);
    return true;
}
