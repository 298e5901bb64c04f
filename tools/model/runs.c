/* SPDX-License-Identifier: MIT */
#include "tools/model/extents.h"

/* The smallest usable leaf size above `size`, or 0. */
static uint64_t larger_size(const Model *model, const ModelExtent *extent, uint64_t size)
{
    for (unsigned i = 0; i < model->geometry.size_count; i++)
        if (model->geometry.sizes[i] > size && size_usable(model, extent, i))
            return model->geometry.sizes[i];
    return 0;
}

/*
 * The last address of the leaves of `size` that go on from `virt`. They end where a whole block of the
 * next larger size begins, or where no whole block of their own size is left.
 */
static uint64_t run_last(const Model *model, const ModelExtent *extent, uint64_t virt, uint64_t size)
{
    uint64_t larger = larger_size(model, extent, size);
    if (larger != 0) {
        uint64_t before = block_around(virt, larger).last;
        if (before < extent->last && extent->last - before >= larger)
            return before;
    }
    Range tail = block_around(extent->last, size);
    return tail.last == extent->last ? tail.last : tail.first - 1;
}

/* The run of one extent that has `virt`, from there on. */
static ModelRun run_in(const Model *model, const ModelExtent *extent, uint64_t virt)
{
    ModelRun run = {.first = virt, .phys = extent->phys + (virt - extent->first), .flags = extent->flags};
    run.size = leaf_size(model, extent, virt);
    run.last = run_last(model, extent, virt, run.size);
    return run;
}

static bool runs_join(const ModelRun *run, const ModelRun *next)
{
    return run->size == next->size && run->phys + (run->last - run->first) + 1 == next->phys &&
           flags_equal(&run->flags, &next->flags);
}

bool model_next_run(const Model *model, uint64_t virt, ModelRun *run)
{
    Extent *extent = extent_at(model, virt);
    if (!extent)
        return false;
    *run = run_in(model, &extent->is, virt > extent->is.first ? virt : extent->is.first);
    while (run->last == extent->is.last) {
        extent = extent_next(extent);
        if (!extent || extent->is.first != run->last + 1)
            break;
        ModelRun next = run_in(model, &extent->is, extent->is.first);
        if (!runs_join(run, &next))
            break;
        run->last = next.last;
    }
    return true;
}
