/* SPDX-License-Identifier: MIT */
#include "tools/model/extents.h"

#include <stdlib.h>

#define CAP_2M ((uint64_t)2 << 20)

static bool is_power_of_two(uint64_t size)
{
    return size != 0 && (size & (size - 1)) == 0;
}

static bool geometry_makes_sense(const ModelGeometry *geometry)
{
    if (geometry->va_bits < 1 || geometry->va_bits > 63 || geometry->phys_bits < 1 ||
        geometry->phys_bits > 64 || geometry->size_count < 1 || geometry->size_count > MODEL_SIZES_MAX)
        return false;
    for (unsigned i = 0; i < geometry->size_count; i++)
        if (!is_power_of_two(geometry->sizes[i]) || (i > 0 && geometry->sizes[i] <= geometry->sizes[i - 1]))
            return false;
    return true;
}

Model *model_new(const ModelGeometry *geometry)
{
    if (!geometry_makes_sense(geometry))
        return NULL;
    Model *model = calloc(1, sizeof *model);
    if (model)
        model->geometry = *geometry;
    return model;
}

void model_free(Model *model)
{
    if (!model)
        return;
    extents_remove(model, (Range){0, UINT64_MAX});
    free(model);
}

/* The largest number of `bits` bits. */
static uint64_t last_of_bits(unsigned bits)
{
    return UINT64_MAX >> (64 - bits);
}

/* Whether the format has the address: the bits above are zero, or one, or all equal where it sign-extends. */
static bool is_canonical(const Model *model, uint64_t virt)
{
    unsigned bits = model->geometry.va_bits;
    if (model->geometry.upper)
        return virt >= ~last_of_bits(bits);
    if (!model->geometry.sign_extended)
        return virt <= last_of_bits(bits);
    uint64_t upper = virt >> (bits - 1);
    return upper == 0 || upper == UINT64_MAX >> (bits - 1);
}

/* Both ends are of the same half, so that the hole is not between them. */
static bool same_half(const Model *model, Range range)
{
    return !model->geometry.sign_extended || range.first >> 63 == range.last >> 63;
}

/* Widens to pages. False: the range wraps. `len` is not 0. */
static bool widen(const Model *model, uint64_t virt, uint64_t len, Range *range)
{
    uint64_t page = model->geometry.sizes[0];
    uint64_t last = virt + (len - 1);
    *range = (Range){.first = virt & ~(page - 1), .last = last | (page - 1)};
    return last >= virt;
}

/* The checks that map, protect and collapse share, in the order in which errors are reported. */
static TraceResult check_virt(const Model *model, uint64_t virt, uint64_t len, Range *range)
{
    if (!widen(model, virt, len, range))
        return TRACE_ERANGE;
    if (!is_canonical(model, range->first) || !is_canonical(model, range->last))
        return TRACE_ERANGE;
    return same_half(model, *range) ? TRACE_OK : TRACE_ERANGE;
}

/* What protect looks at, and map too. */
static TraceResult check_flags(const Model *model, const TraceFlags *flags)
{
    const TraceFlags *lacks = &model->geometry.lacks;
    bool refused = flags->write && flags->exec && !model->geometry.allow_write_exec;
    if (refused || flags->type >= TRACE_TYPES)
        return TRACE_EFLAGS;
    bool missing = (flags->user && lacks->user) || (flags->global && lacks->global);
    return missing ? TRACE_ENOTSUP : TRACE_OK;
}

static TraceResult check_type(const Model *model, const TraceFlags *flags)
{
    return model->geometry.missing_types >> flags->type & 1 ? TRACE_ENOTSUP : TRACE_OK;
}

static TraceResult check_phys(const Model *model, uint64_t phys, Range range)
{
    uint64_t last;
    bool wraps = __builtin_add_overflow(phys, range.last - range.first, &last);
    return wraps || last > last_of_bits(model->geometry.phys_bits) ? TRACE_ERANGE : TRACE_OK;
}

static uint64_t cap_of(const Model *model, const TraceFlags *flags)
{
    if (flags->cap_4k)
        return model->geometry.sizes[0];
    return flags->cap_2m ? CAP_2M : MODEL_NO_CAP;
}

TraceResult model_map(Model *model, uint64_t phys, uint64_t virt, uint64_t len, TraceFlags flags)
{
    uint64_t page = model->geometry.sizes[0];
    Range range;
    if (len == 0)
        return TRACE_EINVAL;
    TraceResult result = check_flags(model, &flags);
    if (result == TRACE_OK)
        result = check_type(model, &flags);
    if (result != TRACE_OK)
        return result;
    if (((phys ^ virt) & (page - 1)) != 0)
        return TRACE_EALIGN;
    phys &= ~(page - 1);
    if (check_virt(model, virt, len, &range) != TRACE_OK || check_phys(model, phys, range) != TRACE_OK)
        return TRACE_ERANGE;
    const Extent *above = extent_at(model, range.first);
    if (above && above->is.first <= range.last)
        return TRACE_EOVERLAP;

    ModelExtent is = {.first = range.first, .last = range.last, .phys = phys, .cap = cap_of(model, &flags)};
    is.flags = flags;
    is.flags.cap_4k = is.flags.cap_2m = false;
    extent_insert(model, &is);
    return TRACE_OK;
}

void model_unmap(Model *model, uint64_t virt, uint64_t len)
{
    Range range;
    if (len == 0)
        return;
    if (!widen(model, virt, len, &range))
        range.last = UINT64_MAX;
    extents_cut(model, range);
    extents_remove(model, range);
}

/* Whether no page of the range is a hole. */
static bool all_mapped(const Model *model, Range range)
{
    Extent *extent = extent_at(model, range.first);
    if (!extent || extent->is.first > range.first)
        return false;
    while (extent->is.last < range.last) {
        Extent *next = extent_next(extent);
        if (!next || next->is.first != extent->is.last + 1)
            return false;
        extent = next;
    }
    return true;
}

TraceResult model_protect(Model *model, uint64_t virt, uint64_t len, TraceFlags flags)
{
    Range range;
    if (len == 0)
        return TRACE_EINVAL;
    TraceResult result = check_flags(model, &flags);
    if (result != TRACE_OK)
        return result;
    if (check_virt(model, virt, len, &range) != TRACE_OK)
        return TRACE_ERANGE;
    if (!all_mapped(model, range))
        return TRACE_EMISS;

    extents_cut(model, range);
    Extent *extent = extent_at(model, range.first);
    for (; extent && extent->is.first <= range.last; extent = extent_next(extent)) {
        extent->is.flags.write = flags.write;
        extent->is.flags.exec = flags.exec;
        extent->is.flags.user = flags.user;
        extent->is.flags.global = flags.global;
    }
    return TRACE_OK;
}

TraceResult model_collapse(Model *model, uint64_t virt, uint64_t len)
{
    Range range;
    if (len == 0)
        return TRACE_EINVAL;
    if (check_virt(model, virt, len, &range) != TRACE_OK)
        return TRACE_ERANGE;
    extents_collapse(model, range);
    return TRACE_OK;
}

TraceResult model_lookup(const Model *model, uint64_t virt, ModelLeaf *leaf)
{
    if (!is_canonical(model, virt))
        return TRACE_ERANGE;
    const Extent *extent = extent_at(model, virt);
    if (!extent || extent->is.first > virt)
        return TRACE_EMISS;
    leaf->phys = extent->is.phys + (virt - extent->is.first);
    leaf->size = leaf_size(model, &extent->is, virt);
    leaf->flags = extent->is.flags;
    return TRACE_OK;
}

size_t model_extent_count(const Model *model)
{
    return model->count;
}

const ModelExtent *model_extent_at(const Model *model, uint64_t virt)
{
    const Extent *extent = extent_at(model, virt);
    return extent ? &extent->is : NULL;
}
