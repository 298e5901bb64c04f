/* SPDX-License-Identifier: MIT */
#include "tools/replay/internal.h"

#include <stdlib.h>
#include <string.h>

#include "tools/replay/convert.h"

static int add_space(Replay *replay, const TraceOp *op)
{
    if (replay->space_count == REPLAY_SPACES_MAX)
        return -1;
    Space *space = space_new(op, &replay->options, replay->host);
    if (!space)
        return -1;
    replay->spaces[replay->space_count++] = space;
    replay->selected = space;
    return 0;
}

static Space *find_space(const Replay *replay, uint64_t number)
{
    for (usize i = 0; i < replay->space_count; i++) {
        if (replay->spaces[i]->number == number)
            return replay->spaces[i];
    }
    return NULL;
}

Replay *replay_open(const ReplayOptions *options)
{
    Replay *replay = calloc(1, sizeof *replay);
    if (!replay)
        return NULL;
    replay->options = *options;
    if (!options->host)
        replay->own_host = host_new(REPLAY_PAGES);
    replay->host = options->host ? options->host : replay->own_host;
    if (replay->host) {
        replay->pages_out_before = host_pages_out(replay->host);
        if (add_space(replay, NULL) == 0)
            return replay;
    }
    replay_close(replay);
    return NULL;
}

static int unmap(Space *space, const TraceOp *op)
{
    if (space->batch_open)
        mem_vmap_batch_unmap(&space->batch, op->virt, op->len);
    else
        mem_vmap_unmap(&space->vmap, op->virt, op->len);
    return MEM_OK;
}

static int protect(Space *space, const TraceOp *op)
{
    int flags = convert_flags(&op->flags);
    if (space->batch_open)
        return mem_vmap_batch_protect(&space->batch, op->virt, op->len, flags);
    return mem_vmap_protect(&space->vmap, op->virt, op->len, flags);
}

static int translate(Space *space, const TraceOp *op, Answer *answer)
{
    answer->phys = mem_vmap_translate(&space->vmap, op->virt);
    return mem_vmap_missed(&space->vmap) ? MEM_EMISS : MEM_OK;
}

static int batch_begin(Space *space)
{
    space->batch_open = true;
    return mem_vmap_batch_begin(&space->batch, &space->vmap);
}

static int batch_end(Space *space)
{
    mem_vmap_batch_end(&space->batch);
    space->batch_open = false;
    return MEM_OK;
}

static int count_tables(Space *space, Answer *answer)
{
    MemVmapStats stats = {0};
    int code = mem_vmap_stats(&space->vmap, &stats);
    answer->count = stats.tables;
    return code;
}

static int perform(Space *space, const TraceOp *op, Answer *answer)
{
    switch (op->verb) {
    case TRACE_MAP:
        return mem_vmap_map(&space->vmap, op->phys, op->virt, op->len, convert_flags(&op->flags));
    case TRACE_UNMAP:
        return unmap(space, op);
    case TRACE_PROTECT:
        return protect(space, op);
    case TRACE_COLLAPSE:
        return mem_vmap_collapse(&space->vmap, op->virt, op->len);
    case TRACE_TRANSLATE:
        return translate(space, op, answer);
    case TRACE_LOOKUP:
        return mem_vmap_lookup(&space->vmap, op->virt, &answer->leaf);
    case TRACE_BATCH_BEGIN:
        return batch_begin(space);
    case TRACE_BATCH_END:
        return batch_end(space);
    case TRACE_TABLES:
        return count_tables(space, answer);
    case TRACE_VERIFY:
        return mem_vmap_verify(&space->vmap, &answer->defect);
    case TRACE_SPACE: /* the rest has been dealt with, or is refused */
    case TRACE_SELECT:
    case TRACE_CPU:
    case TRACE_SWITCH:
    case TRACE_ACCESS:
    case TRACE_FAIL_ONCE:
    case TRACE_FAIL_FROM:
    case TRACE_FAIL_NEVER:
        return MEM_OK;
    }
    return MEM_OK;
}

/* False: there is nothing to hold the operation's result against. */
static bool has_result(TraceVerb verb)
{
    switch (verb) {
    case TRACE_MAP:
    case TRACE_PROTECT:
    case TRACE_COLLAPSE:
    case TRACE_TRANSLATE:
    case TRACE_LOOKUP:
    case TRACE_VERIFY:
        return true;
    case TRACE_SPACE:
    case TRACE_SELECT:
    case TRACE_UNMAP:
    case TRACE_BATCH_BEGIN:
    case TRACE_BATCH_END:
    case TRACE_CPU:
    case TRACE_SWITCH:
    case TRACE_ACCESS:
    case TRACE_FAIL_ONCE:
    case TRACE_FAIL_FROM:
    case TRACE_FAIL_NEVER:
    case TRACE_TABLES:
        return false;
    }
    return false;
}

static void count_op(Replay *replay, const Space *space, const TraceOp *op, const Answer *answer)
{
    ReplayCounts *counts = &replay->counts;
    counts->ops++;
    counts->verbs[op->verb]++;
    if (has_result(op->verb))
        counts->results[op->verb][convert_code(answer->code)]++;
    if (op->verb != TRACE_MAP || answer->code != MEM_OK)
        return;
    Span span = span_of(space, op->virt, op->len);
    counts->pages_mapped += ((span.last - span.first) >> space->layout.page_shift) + 1;
}

static void apply_to_space(Replay *replay, Space *space, const TraceOp *op)
{
    Answer answer = {0};
    Cuts cuts = {.count = 0};
    if (space->model)
        cuts = check_before(space, op);
    usize failures = host_failures(replay->host);
    answer.code = perform(space, op, &answer);
    answer.starved = host_failures(replay->host) > failures;
    count_op(replay, space, op, &answer);
    check_expectation(replay, op, &answer);
    if (space->model)
        check_after(replay, space, op, &answer, &cuts);
}

static int select_space(Replay *replay, const TraceOp *op)
{
    Space *space = find_space(replay, op->number);
    if (!space)
        return -1;
    replay->selected = space;
    return 0;
}

/* What concerns the machine or the choice of a space. 1: not one of these, or one that must be counted. */
static int apply_to_replay(Replay *replay, const TraceOp *op)
{
    const Space *space = replay->selected;
    switch (op->verb) {
    case TRACE_SPACE:
        return find_space(replay, op->number) ? -1 : add_space(replay, op);
    case TRACE_SELECT:
        return select_space(replay, op);
    case TRACE_CPU:
    case TRACE_SWITCH:
    case TRACE_ACCESS:
        return -1;
    case TRACE_BATCH_BEGIN:
        return space->batch_open ? -1 : 0;
    case TRACE_BATCH_END:
        return space->batch_open ? 0 : -1;
    case TRACE_FAIL_ONCE:
        host_fail_once(replay->host, op->number);
        replay->failing = true;
        return 0;
    case TRACE_FAIL_FROM:
        host_fail_from(replay->host, op->number);
        replay->failing = true;
        return 0;
    case TRACE_FAIL_NEVER:
        host_fail_never(replay->host);
        replay->failing = false;
        return 0;
    case TRACE_MAP:
    case TRACE_UNMAP:
    case TRACE_PROTECT:
    case TRACE_COLLAPSE:
    case TRACE_TRANSLATE:
    case TRACE_LOOKUP:
    case TRACE_TABLES:
    case TRACE_VERIFY:
        return 0;
    }
    return -1;
}

int replay_apply(Replay *replay, const TraceOp *op)
{
    if (apply_to_replay(replay, op) != 0)
        return -1;
    replay->op = op;
    apply_to_space(replay, replay->selected, op);
    return 0;
}

static void check_leaks(Replay *replay)
{
    usize out = host_pages_out(replay->host) - replay->pages_out_before;
    if (out == 0)
        return;
    Text said, expected;
    replay_mismatch(replay, text_number(said, "table pages out after the end", out),
                    text_number(expected, "table pages out after the end", 0));
}

usize replay_close(Replay *replay)
{
    if (!replay)
        return 0;
    replay->op = NULL;
    for (usize i = 0; i < replay->space_count; i++) {
        replay->selected = replay->spaces[i];
        if (replay->selected->model && check_space(replay, replay->selected) &&
            replay->selected->raw.walkable)
            check_raw(replay, replay->selected);
    }
    if (replay->options.checks == REPLAY_ORACLES && replay->space_count > 0)
        check_pages(replay, NULL);
    for (usize i = 0; i < replay->space_count; i++)
        space_free(replay->spaces[i]);
    replay->selected = NULL;
    if (replay->host) {
        host_fail_never(replay->host); /* the next replay may use it */
        check_leaks(replay);
    }
    usize mismatches = replay->counts.mismatches;
    host_free(replay->own_host);
    free(replay);
    return mismatches;
}

void replay_mismatch(Replay *replay, const char *said, const char *expected)
{
    replay->counts.mismatches++;
    if (!replay->options.report)
        return;
    ReplayMismatch mismatch = {.op = replay->op};
    mismatch.space = replay->selected ? replay->selected->number : 0;
    memcpy(mismatch.said, said, strlen(said) + 1);
    memcpy(mismatch.expected, expected, strlen(expected) + 1);
    replay->options.report(replay->options.context, &mismatch);
}

const ReplayCounts *replay_counts(const Replay *replay)
{
    return &replay->counts;
}

usize replay_spaces(const Replay *replay)
{
    return replay->space_count;
}

ReplaySpace replay_space(Replay *replay, usize index)
{
    Space *space = replay->spaces[index];
    return (ReplaySpace){
        .number = space->number,
        .format = space->format,
        .vmap = &space->vmap,
        .layout = space->layout,
    };
}
