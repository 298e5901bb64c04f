/* SPDX-License-Identifier: MIT */

/* Two calls around one open batch. */

#include "tests/exhaustive/pair.h"

static bool has_code(Pair *pair, int result, int expected)
{
    return result == expected || pair_differ_code(pair, "result", result, expected);
}

static int call_in_batch(MemVmapBatch *batch, const Operation *operation)
{
    if (operation->kind == OPERATION_PROTECT)
        return mem_vmap_batch_protect(batch, operation->virt, operation->len, operation->flags);
    mem_vmap_batch_unmap(batch, operation->virt, operation->len);
    return 0;
}

static bool in_batch(Pair *pair, MemVmapBatch *batch, const Operation *operation)
{
    int expected = pair_expected(pair, operation);
    if (!has_code(pair, call_in_batch(batch, operation), expected))
        return false;
    return expected != 0 || pair_follow(pair, operation);
}

/*
 * Whether a page of the span was translated through a table that is gone: a walk cache may still lead
 * there.
 */
static bool lost_a_table(const Pair *pair, FlatSpan span)
{
    for (unsigned page = span.first; page <= span.last; page++)
        for (unsigned level = 1; level < pair->scope->level_count; level++)
            if (pair_has_table(pair, &pair->model_before, level, page) &&
                !pair_has_table(pair, &pair->model, level, page))
                return true;
    return false;
}

/*
 * A call beside the batch must not return before the CPUs have forgotten what the batch took from its
 * range; a new mapping moreover the ways to tables that went.
 */
static bool beside(Pair *pair, const Operation *operation)
{
    bool ways = operation->kind == OPERATION_MAP && lost_a_table(pair, operation->span);
    int expected = pair_expected(pair, operation);
    if (!has_code(pair, pair_call(pair, operation), expected))
        return false;
    if (expected != 0)
        return true;
    if (ways && !pair->now.machine.tables)
        return pair_differ(pair, "walk caches were not flushed", operation->virt, 0, 1);
    return pair_follow(pair, operation) &&
           (operation->kind == OPERATION_COLLAPSE || pair_check_forgotten(pair, operation->span));
}

Applied pair_apply_batch(Pair *pair, const Operation *first, const Operation *second, BatchPart part)
{
    MemVmapBatch batch;
    pair->cost = 0;
    mem_vmap_batch_begin(&batch, &pair->now.vmap);
    bool same = in_batch(pair, &batch, first);
    if (same)
        same = part == SECOND_IN_BATCH ? in_batch(pair, &batch, second) : beside(pair, second);
    mem_vmap_batch_end(&batch);
    FlatSpan all = {0, pair->model.count - 1};
    return same && pair_compare(pair) && pair_check_forgotten(pair, all) ? APPLIED : APPLIED_WRONG;
}
