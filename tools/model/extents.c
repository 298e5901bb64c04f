/* SPDX-License-Identifier: MIT */
#include "tools/model/extents.h"

#include <stdio.h>
#include <stdlib.h>

/* Extents never overlap, so that where they begin is their order. */
static int compare(const Extent *a, const Extent *b)
{
    return (a->is.first > b->is.first) - (a->is.first < b->is.first);
}

RB_PROTOTYPE(ExtentTree, Extent, links, compare)
RB_GENERATE(ExtentTree, Extent, links, compare)

/* Written as a plain descent: a search by last address, which the tree is sorted by as well. */
Extent *extent_at(const Model *model, uint64_t virt)
{
    Extent *found = NULL;
    Extent *extent = RB_ROOT(&model->extents);
    while (extent) {
        if (extent->is.last < virt) {
            extent = RB_RIGHT(extent, links);
        } else {
            found = extent;
            extent = RB_LEFT(extent, links);
        }
    }
    return found;
}

Extent *extent_next(Extent *extent)
{
    return RB_NEXT(ExtentTree, unused, extent);
}

void extent_insert(Model *model, const ModelExtent *is)
{
    Extent *extent = calloc(1, sizeof *extent);
    if (!extent) {
        fputs("model: out of memory\n", stderr);
        abort();
    }
    extent->is = *is;
    RB_INSERT(ExtentTree, &model->extents, extent);
    model->count++;
}

void extent_remove(Model *model, Extent *extent)
{
    RB_REMOVE(ExtentTree, &model->extents, extent);
    model->count--;
    free(extent);
}

/* Makes `virt` the first address of an extent if it is inside one. */
static void cut_before(Model *model, uint64_t virt)
{
    Extent *extent = extent_at(model, virt);
    if (!extent || extent->is.first >= virt)
        return;
    ModelExtent upper = extent->is;
    upper.first = virt;
    upper.phys += virt - extent->is.first;
    extent->is.last = virt - 1;
    extent_insert(model, &upper);
}

void extents_cut(Model *model, Range range)
{
    cut_before(model, range.first);
    /* After the last byte of the space this is 0, before which there is nothing to cut. */
    cut_before(model, range.last + 1);
}

void extents_remove(Model *model, Range range)
{
    Extent *extent = extent_at(model, range.first);
    while (extent && extent->is.first <= range.last) {
        Extent *next = extent_next(extent);
        extent_remove(model, extent);
        extent = next;
    }
}

bool flags_equal(const TraceFlags *a, const TraceFlags *b)
{
    return a->write == b->write && a->exec == b->exec && a->user == b->user && a->global == b->global &&
           a->type == b->type && a->noreserve == b->noreserve;
}

bool extents_join(const ModelExtent *extent, const ModelExtent *next)
{
    /* The last byte of the space has nothing after it, and `next` is above. */
    uint64_t len = extent->last - extent->first + 1;
    return extent->last + 1 == next->first && extent->phys + len == next->phys &&
           flags_equal(&extent->flags, &next->flags);
}

Range block_around(uint64_t virt, uint64_t size)
{
    return (Range){.first = virt & ~(size - 1), .last = virt | (size - 1)};
}

bool size_usable(const Model *model, const ModelExtent *extent, unsigned index)
{
    uint64_t size = model->geometry.sizes[index];
    return index == 0 || (size <= extent->cap && ((extent->phys ^ extent->first) & (size - 1)) == 0);
}

uint64_t leaf_size(const Model *model, const ModelExtent *extent, uint64_t virt)
{
    Range whole = {extent->first, extent->last};
    unsigned index = model->geometry.size_count - 1;
    while (!size_usable(model, extent, index) ||
           !range_has(whole, block_around(virt, model->geometry.sizes[index])))
        index--;
    return model->geometry.sizes[index];
}
