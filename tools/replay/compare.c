/* SPDX-License-Identifier: MIT */
#include "tools/replay/internal.h"

#include "tools/replay/convert.h"

/* A comparison of runs under way: what of the span the engine has shown so far. */
typedef struct Cursor {
    Replay *replay;
    Space *space;
    uint64_t next; /* the first byte not yet shown */
    uint64_t last;
    bool complete;
    LayoutCount *count;
} Cursor;

/* Whether `next` goes on where `run` ends, with leaves of the same level and flags. */
static bool goes_on(const Layout *layout, const ModelRun *run, const ModelRun *next)
{
    return next->first == run->last + 1 && next->phys == run->phys + (run->last - run->first) + 1 &&
           layout_level(layout, next->size) == layout_level(layout, run->size) &&
           convert_flags_equal(&next->flags, &run->flags);
}

/* The model's next run as a walk shows it: by level, whether its leaves are in contiguous runs or not. */
static bool next_run(const Space *space, uint64_t virt, ModelRun *run)
{
    ModelRun next;
    if (!model_next_run(space->model, virt, run))
        return false;
    while (run->last != UINT64_MAX && model_next_run(space->model, run->last + 1, &next) &&
           goes_on(&space->layout, run, &next))
        run->last = next.last;
    run->size = layout_entry_size(&space->layout, layout_level(&space->layout, run->size));
    return true;
}

/* The model's next run, cut at the end of the span. False: there is none in it. */
static bool expected_run(const Cursor *cursor, ModelRun *run)
{
    if (cursor->complete || !next_run(cursor->space, cursor->next, run))
        return false;
    if (run->first > cursor->last)
        return false;
    if (run->last > cursor->last)
        run->last = cursor->last;
    return true;
}

static bool runs_equal(const ModelRun *a, const ModelRun *b)
{
    return a->first == b->first && a->last == b->last && a->phys == b->phys && a->size == b->size &&
           convert_flags_equal(&a->flags, &b->flags);
}

static int visit(void *context, const MemVmapRun *engine_run)
{
    Cursor *cursor = context;
    ModelRun seen = seen_run(&cursor->space->layout, engine_run);
    ModelRun expected;
    bool some = expected_run(cursor, &expected);
    if (!some || !runs_equal(&seen, &expected)) {
        Text said, wanted;
        replay_mismatch(cursor->replay, text_run(said, &seen),
                        some ? text_run(wanted, &expected) : "nothing mapped from here on");
        return 1;
    }
    if (cursor->count)
        layout_count(cursor->count, &cursor->space->layout, &seen);
    cursor->next = seen.last + 1;
    cursor->complete = seen.last >= cursor->last;
    return 0;
}

bool check_span(Replay *replay, Space *space, Span span, LayoutCount *count)
{
    Cursor cursor = {
        .replay = replay, .space = space, .next = span.first, .last = span.last, .count = count};
    uint64_t len = span.last - span.first + 1;
    if (len == 0)
        len = UINT64_MAX; /* walk widens it to the last page */
    int code = mem_vmap_walk(&space->vmap, span.first, len, NULL, visit, &cursor);
    if (code > 0)
        return false;
    Text said, wanted;
    if (code != MEM_OK) {
        replay_mismatch(replay, text_code(said, code), "ok from walk");
        return false;
    }
    ModelRun missing;
    if (!expected_run(&cursor, &missing))
        return true;
    replay_mismatch(replay, "nothing mapped there", text_run(wanted, &missing));
    return false;
}

static bool check_translate(Replay *replay, Space *space, uint64_t virt, bool hit, uint64_t phys)
{
    usize answer = mem_vmap_translate(&space->vmap, virt);
    bool answer_hit = !mem_vmap_missed(&space->vmap);
    if (answer_hit == hit && answer == (hit ? phys : 0))
        return true;
    Text said, wanted;
    text_translation(said, virt, answer_hit, answer);
    replay_mismatch(replay, said, text_translation(wanted, virt, hit, phys));
    return false;
}

bool check_address(Replay *replay, Space *space, uint64_t virt)
{
    MemVmapLeaf answer = {0};
    ModelLeaf expected = {0};
    TraceResult code = convert_code(mem_vmap_lookup(&space->vmap, virt, &answer));
    TraceResult expected_code = model_lookup(space->model, virt, &expected);
    ModelLeaf seen = seen_leaf(&answer);
    bool hit = code == TRACE_OK;
    if (code != expected_code || (hit && (seen.phys != expected.phys || seen.size != expected.size ||
                                          !convert_flags_equal(&seen.flags, &expected.flags)))) {
        Text said, wanted;
        text_lookup(said, virt, code, &seen);
        replay_mismatch(replay, said, text_lookup(wanted, virt, expected_code, &expected));
        return false;
    }
    return check_translate(replay, space, virt, hit, expected.phys);
}

static bool check_number(Replay *replay, const char *what, uint64_t number, uint64_t expected)
{
    if (number == expected)
        return true;
    Text said, wanted;
    replay_mismatch(replay, text_number(said, what, number), text_number(wanted, what, expected));
    return false;
}

static bool check_counts(Replay *replay, Space *space, const LayoutCount *count)
{
    static const char *const leaves[MEM_VMAP_LEVELS_MAX] = {
        "leaves of level 0", "leaves of level 1", "leaves of level 2",
        "leaves of level 3", "leaves of level 4",
    };
    MemVmapStats stats = {0};
    mem_vmap_stats(&space->vmap, &stats);
    for (unsigned level = 0; level < space->layout.levels; level++) {
        if (!check_number(replay, leaves[level], stats.leaves[level], count->leaves[level]))
            return false;
    }
    return check_number(replay, "tables", stats.tables, layout_tables(count, &space->layout)) &&
           check_number(replay, "credits", stats.credits, count->credits);
}

static bool check_invariants(Replay *replay, Space *space)
{
    MemVmapDefect defect = {0};
    int code = mem_vmap_verify(&space->vmap, &defect);
    if (code == MEM_OK)
        return true;
    Text said;
    replay_mismatch(replay, text_defect(said, &defect), "ok from verify");
    return false;
}

bool check_space(Replay *replay, Space *space)
{
    LayoutCount count = {0};
    Span everything = {0, UINT64_MAX};
    return check_invariants(replay, space) && check_span(replay, space, everything, &count) &&
           check_counts(replay, space, &count) && (replay->space_count > 1 || check_pages(replay, NULL));
}

bool check_pages(Replay *replay, const Space *read)
{
    usize known = 0;
    for (usize i = 0; i < replay->space_count; i++) {
        Space *space = replay->spaces[i];
        MemVmapStats stats = {0};
        mem_vmap_stats(&space->vmap, &stats);
        known += stats.tables_waiting + stats.pool_free;
        known += space == read ? space->raw.tables : stats.tables;
    }
    return check_number(replay, "table pages in trees and pools", known,
                        host_pages_out(replay->host) - replay->pages_out_before);
}
