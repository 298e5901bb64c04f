/* SPDX-License-Identifier: MIT */
#ifndef MODEL_EXTENTS_H
#define MODEL_EXTENTS_H

/* The extents of a model in the order of their addresses, and what follows from them. Private. */

#include <bsd/sys/tree.h>

#include "tools/model/model.h"

typedef struct Extent {
    ModelExtent is; /* first, so that a ModelExtent that was handed out is an Extent */
    RB_ENTRY(Extent) links;
} Extent;

typedef RB_HEAD(ExtentTree, Extent) ExtentTree;

struct Model {
    ModelGeometry geometry;
    ExtentTree extents;
    size_t count;
};

/* Addresses, the last included. */
typedef struct Range {
    uint64_t first, last;
} Range;

/* The extent that has `virt` or is the next above it, or null. */
Extent *extent_at(const Model *model, uint64_t virt);
Extent *extent_next(Extent *extent);

void extent_insert(Model *model, const ModelExtent *is);
void extent_remove(Model *model, Extent *extent);

/* Cuts the extents at both ends of `range`, so that each lies wholly inside or outside of it. */
void extents_cut(Model *model, Range range);
void extents_remove(Model *model, Range range);

/* Joins in `range`, which is of whole pages, what a larger leaf can map. */
void extents_collapse(Model *model, Range range);

/* Whether `next` goes on where `extent` ends, in both address spaces and with the same flags. */
bool extents_join(const ModelExtent *extent, const ModelExtent *next);

bool flags_equal(const TraceFlags *a, const TraceFlags *b);

/* Whether leaves of the `index`-th size can be in the extent, its length aside. */
bool size_usable(const Model *model, const ModelExtent *extent, unsigned index);

/* The leaf size at an address of the extent. */
uint64_t leaf_size(const Model *model, const ModelExtent *extent, uint64_t virt);

/* The aligned block of `size` around `virt`. */
Range block_around(uint64_t virt, uint64_t size);

static inline bool range_has(Range outer, Range inner)
{
    return outer.first <= inner.first && inner.last <= outer.last;
}

#endif
