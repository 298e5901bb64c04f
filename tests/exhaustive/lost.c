/* SPDX-License-Identifier: MIT */

/*
 * A leaf that was lost: a NO_RESERVE leaf that a range cut, taken whole because no page was to be had for
 * its split. It must have been such a leaf, and there must have been no page.
 */

#include "tests/exhaustive/pair.h"

#include <string.h>

enum { PAGE = 4096 };

/* Whether the operation had a reason to split this block, and the leaf it was in had not paid for that. */
static bool may_be_lost(const Pair *pair, const Operation *operation, FlatSpan block)
{
    const FlatPage *old = &pair->before.model[block.first];
    FlatSpan span = operation->span;
    bool touched = span.first <= block.last && span.last >= block.first;
    bool whole = span.first <= block.first && span.last >= block.last;
    return operation->kind == OPERATION_UNMAP && touched && !whole && old->mapped &&
           old->piece_last >= block.last && (old->flags & MEM_VMAP_NO_RESERVE) != 0;
}

/*
 * Whether no page was left when the last leaf of a range was lost: what the pool had, what the port gave,
 * and the tables that the unmap had emptied before, were all in use. (A pool without a cache gives such
 * tables to the port when it tells of an earlier loss, and the port may refuse them then.)
 */
static bool was_needed(Pair *pair, const Operation *operation, FlatSpan block)
{
    const Moment *before = &pair->before;
    FlatPage pages[SCOPE_PAGES];
    Flat flat = {pair->model.geometry, pair->model.count, pages};
    bool told_before = pair->scope->cache_pages == 0 && pair->now.machine.lost_count > 1;
    if (told_before || block.last < operation->span.last)
        return true;
    memcpy(pages, before->model, sizeof pages);
    for (unsigned i = 0; i < block.first; i++)
        if (!pair->now.model[i].mapped)
            flat_unmap(&flat, (FlatSpan){i, i});
    flat_protect(&flat, block, 0, 0); /* cuts it out of the leaf that it was a part of */
    pair_forget_history(&flat);
    Census then = pair_census(pair, &flat);
    usize got = pair->now.machine.gets - pair->now.machine.refusals;
    return before->vmap.tables + before->vmap.pool.free + got == then.tables + then.credits;
}

/* Takes a lost leaf out of the model. */
static bool lose(Pair *pair, const Operation *operation, const MemVmapRange *lost)
{
    unsigned pages = (unsigned)(lost->stride / PAGE), first = 0;
    while (first < pair->model.count && flat_virt(&pair->model, first) != lost->first)
        first++;
    FlatSpan block = {first, first + pages - 1};
    if (pages < 2 || first % pages != 0 || block.last >= pair->model.count)
        return pair_differ(pair, "lost what is no leaf", lost->first, lost->stride, 0);
    if (!may_be_lost(pair, operation, block) || !was_needed(pair, operation, block))
        return pair_differ(pair, "lost a leaf without need", lost->first, lost->stride, 0);
    flat_unmap(&pair->model, block);
    return true;
}

bool pair_take_lost(Pair *pair, const Operation *operation)
{
    const Machine *machine = &pair->now.machine;
    if (machine->lost_count > machine->refusals)
        return pair_differ(pair, "lost more leaves than pages were refused", 0, machine->lost_count,
                           machine->refusals);
    for (unsigned i = 0; i < machine->lost_count; i++)
        if (!lose(pair, operation, &machine->lost[i]))
            return false;
    return true;
}
