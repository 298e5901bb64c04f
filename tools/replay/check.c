/* SPDX-License-Identifier: MIT */
#include "tools/replay/internal.h"

#include "tools/replay/convert.h"

/* Comparing all costs as much as there are tables to read and extents to look up: so many of them cost as much. */
#define EXTENTS_PER_TABLE 8

/* Of tables with pages of 4K. Larger ones count as several. */
#define TABLE_ENTRIES 512

/* The whole space is compared so often that a change costs on average as much as this many tables. */
#define TABLES_PER_CHANGE 8

/* Up to so many extents the neighbourhood of a change is a block of the largest leaf, then of level 1. */
#define EXTENTS_FEW 64

Span span_of(const Space *space, uint64_t virt, uint64_t len)
{
    uint64_t page_mask = space->geometry.sizes[0] - 1;
    uint64_t last = len == 0 ? virt : virt + len - 1;
    if (last < virt)
        last = UINT64_MAX;
    return (Span){virt & ~page_mask, last | page_mask};
}

/* The blocks of `size` that the span and the page on each side of it lie in, cut at the ends of 2^64. */
static Span widen(const Space *space, Span span, uint64_t size)
{
    uint64_t page = space->geometry.sizes[0];
    uint64_t first = span.first >= page ? span.first - page : 0;
    uint64_t last = span.last <= UINT64_MAX - page ? span.last + page : UINT64_MAX;
    return (Span){first & ~(size - 1), last | (size - 1)};
}

/* What model_* call belongs to the operation; false for those without one. */
static bool tell_model(Model *model, const TraceOp *op, TraceResult *result)
{
    switch (op->verb) {
    case TRACE_MAP:
        *result = model_map(model, op->phys, op->virt, op->len, op->flags);
        return true;
    case TRACE_PROTECT:
        *result = model_protect(model, op->virt, op->len, op->flags);
        return true;
    case TRACE_COLLAPSE:
        *result = model_collapse(model, op->virt, op->len);
        return true;
    case TRACE_UNMAP:
        model_unmap(model, op->virt, op->len);
        return false;
    case TRACE_SPACE:
    case TRACE_SELECT:
    case TRACE_TRANSLATE:
    case TRACE_LOOKUP:
    case TRACE_BATCH_BEGIN:
    case TRACE_BATCH_END:
    case TRACE_CPU:
    case TRACE_SWITCH:
    case TRACE_ACCESS:
    case TRACE_FAIL_ONCE:
    case TRACE_FAIL_FROM:
    case TRACE_FAIL_NEVER:
    case TRACE_TABLES:
    case TRACE_VERIFY:
        return false;
    }
    return false;
}

/*
 * What the model would answer, asked of a copy. Leaf sizes do not matter for that: a map of every extent
 * makes a copy that is good enough.
 */
static TraceResult predict(const Space *space, const TraceOp *op)
{
    TraceResult result = TRACE_ENOMEM;
    Model *copy = model_new(&space->geometry);
    if (!copy)
        return result;
    const ModelExtent *extent = model_extent_at(space->model, 0);
    while (extent) {
        model_map(copy, extent->phys, extent->first, extent->last - extent->first + 1, extent->flags);
        bool end = extent->last == UINT64_MAX;
        extent = end ? NULL : model_extent_at(space->model, extent->last + 1);
    }
    tell_model(copy, op, &result);
    model_free(copy);
    return result;
}

/* An allocation that was really failed excuses MEM_ENOMEM, where nothing else was wrong with the call. */
static bool check_result(Replay *replay, Space *space, const TraceOp *op, const Answer *answer)
{
    TraceResult expected = TRACE_OK;
    bool excused = answer->starved && answer->code == MEM_ENOMEM;
    if (excused)
        expected = predict(space, op);
    else if (!tell_model(space->model, op, &expected))
        return true;
    if (expected == (excused ? TRACE_OK : convert_code(answer->code)))
        return true;
    Text said, wanted;
    replay_mismatch(replay, text_code(said, answer->code), text_result(wanted, expected));
    return false;
}

static bool check_tables(Replay *replay, Space *space, const Answer *answer)
{
    LayoutCount count = {0};
    ModelRun run;
    bool more = model_next_run(space->model, 0, &run);
    while (more) {
        layout_count(&count, &space->layout, &run);
        more = run.last != UINT64_MAX && model_next_run(space->model, run.last + 1, &run);
    }
    uint64_t expected = layout_tables(&count, &space->layout);
    if (answer->count == expected)
        return true;
    Text said, wanted;
    replay_mismatch(replay, text_number(said, "tables", answer->count),
                    text_number(wanted, "tables", expected));
    return false;
}

/* Tables in the tree; where the walker reads it, as of its last look. */
static usize tables_of(Space *space)
{
    if (space->raw.walkable)
        return space->raw.tables;
    MemVmapStats stats = {0};
    mem_vmap_stats(&space->vmap, &stats);
    return stats.tables;
}

usize check_cost(const Space *space, usize tables)
{
    usize entries = ((usize)tables << space->layout.index_bits) / TABLE_ENTRIES;
    return entries + model_extent_count(space->model) / EXTENTS_PER_TABLE;
}

/* Whether the whole space is to be compared now. */
static bool check_all_now(const Replay *replay, Space *space)
{
    if (space->wait > 0) {
        space->wait--;
        return false;
    }
    usize thinning = replay->options.thinning > 0 ? replay->options.thinning : 1;
    space->wait = check_cost(space, tables_of(space)) / TABLES_PER_CHANGE;
    return space->due++ % thinning == 0;
}

/* The size of the blocks around a change in which runs are compared. */
static uint64_t block_size(const Space *space)
{
    const ModelGeometry *geometry = &space->geometry;
    bool few = model_extent_count(space->model) <= EXTENTS_FEW;
    return few ? geometry->sizes[geometry->size_count - 1] : layout_entry_size(&space->layout, 1);
}

static bool check_tree(Replay *replay, Space *space, const TraceOp *op)
{
    Span span = span_of(space, op->virt, op->len);
    if (!check_address(replay, space, span.first - 1) || !check_address(replay, space, op->virt) ||
        !check_address(replay, space, span.last) || !check_address(replay, space, span.last + 1))
        return false;
    if (check_all_now(replay, space))
        return check_space(replay, space);
    return check_span(replay, space, widen(space, span, block_size(space)), NULL);
}

static bool changes_tree(TraceVerb verb)
{
    return verb == TRACE_MAP || verb == TRACE_UNMAP || verb == TRACE_PROTECT || verb == TRACE_COLLAPSE;
}

Cuts check_before(const Space *space, const TraceOp *op)
{
    Cuts cuts = {.count = 0};
    if (op->verb != TRACE_UNMAP || op->len == 0)
        return cuts;
    Span span = span_of(space, op->virt, op->len);
    const uint64_t ends[2] = {span.first, span.last};
    for (usize i = 0; i < 2; i++) {
        ModelLeaf leaf;
        if (model_lookup(space->model, ends[i], &leaf) != TRACE_OK || !leaf.flags.noreserve)
            continue;
        uint64_t first = ends[i] & ~(leaf.size - 1);
        cuts.leaves[cuts.count++] = (Span){first, first + (leaf.size - 1)};
    }
    return cuts;
}

void check_after(Replay *replay, Space *space, const TraceOp *op, const Answer *answer, const Cuts *cuts)
{
    if (op->verb == TRACE_TRANSLATE || op->verb == TRACE_LOOKUP) {
        check_address(replay, space, op->virt);
        return;
    }
    if (op->verb == TRACE_TABLES) {
        check_tables(replay, space, answer);
        return;
    }
    if (!check_result(replay, space, op, answer))
        return;
    if (answer->starved)
        find_losses(space, span_of(space, op->virt, op->len), cuts);
    if (!check_told(replay, space))
        return;
    bool change = changes_tree(op->verb);
    if (change && !check_tree(replay, space, op))
        return;
    if (space->raw.walkable && (change || op->verb == TRACE_BATCH_END))
        check_raw_after(replay, space, op, answer);
}
