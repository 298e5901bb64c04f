/* SPDX-License-Identifier: MIT */
#include "tools/model/extents.h"

/*
 * A block that collapses becomes an extent of its own. Cutting its neighbours at its borders leaves their
 * leaf sizes alone: an aligned block of the same or a smaller size is on one side of the border, and one
 * of a larger size that had the border inside would have been one leaf already, and then the block is
 * not collapsed at all.
 *
 * What is not one leaf yet either is in a capped extent or has a seam of two extents in it.
 */

/* The whole blocks of `size` in `outer`. False: there are none. */
static bool whole_blocks(Range outer, uint64_t size, Range *inner)
{
    Range lowest = block_around(outer.first, size), highest = block_around(outer.last, size);
    *inner = outer;
    if (lowest.first < outer.first) {
        if (lowest.last >= outer.last)
            return false;
        inner->first = lowest.last + 1;
    }
    if (highest.last > outer.last) {
        if (highest.first <= inner->first)
            return false;
        inner->last = highest.first - 1;
    }
    return true;
}

/* The smallest leaf size that the cap forbids, or 0. */
static uint64_t size_above(const Model *model, uint64_t cap)
{
    for (unsigned i = 0; i < model->geometry.size_count; i++)
        if (model->geometry.sizes[i] > cap)
            return model->geometry.sizes[i];
    return 0;
}

/*
 * Takes the cap off the part of the extent where a larger leaf can be: the whole blocks of the next
 * larger size, so that the cuts go through no leaf.
 */
static void lift_cap(Model *model, Range range, const ModelExtent *extent)
{
    Range both = {.first = extent->first > range.first ? extent->first : range.first,
                  .last = extent->last < range.last ? extent->last : range.last};
    Range blocks;
    uint64_t size = size_above(model, extent->cap);
    if (size == 0 || !whole_blocks(both, size, &blocks))
        return;
    extents_cut(model, blocks);
    extent_at(model, blocks.first)->is.cap = MODEL_NO_CAP;
}

static void lift_caps(Model *model, Range range)
{
    Extent *extent = extent_at(model, range.first);
    while (extent && extent->is.first <= range.last) {
        Extent *next = extent_next(extent);
        lift_cap(model, range, &extent->is);
        extent = next;
    }
}

/* Whether the block could be one leaf: no hole, contiguous, aligned, equal flags. `*is` becomes that leaf. */
static bool block_is_one(const Model *model, Range block, ModelExtent *is)
{
    Extent *extent = extent_at(model, block.first);
    if (!extent || extent->is.first > block.first)
        return false;
    if (((extent->is.phys ^ extent->is.first) & (block.last - block.first)) != 0)
        return false;
    *is = extent->is;
    is->first = block.first;
    is->last = block.last;
    is->phys += block.first - extent->is.first;
    is->cap = MODEL_NO_CAP;
    while (extent->is.last < block.last) {
        Extent *next = extent_next(extent);
        if (!next || !extents_join(&extent->is, &next->is))
            return false;
        extent = next;
    }
    return true;
}

static void close_block(Model *model, Range block)
{
    ModelExtent is;
    if (!block_is_one(model, block, &is))
        return;
    extents_cut(model, block);
    extents_remove(model, block);
    extent_insert(model, &is);
}

/* Joins the blocks of `size` in `range` that have a seam of two extents inside. */
static void close_seams(Model *model, Range range, uint64_t size)
{
    Extent *extent = extent_at(model, range.first);
    Extent *next = extent ? extent_next(extent) : NULL;
    while (next && next->is.first <= range.last) {
        Range block = block_around(next->is.first, size);
        if (block.first < next->is.first && range_has(range, block)) {
            close_block(model, block);
            /* Every other seam in this block has the same answer. */
            next = extent_at(model, block.last);
        }
        next = next ? extent_next(next) : NULL;
    }
}

void extents_collapse(Model *model, Range range)
{
    lift_caps(model, range);
    /* Large before small: what a large block took is not looked at again. */
    for (unsigned i = model->geometry.size_count - 1; i > 0; i--)
        close_seams(model, range, model->geometry.sizes[i]);
}
