/* SPDX-License-Identifier: MIT */
#include "tools/replay/internal.h"

#include "tools/oracle/compare.h"
#include "tools/replay/convert.h"

/* The naive walker beside the engine: what a CPU makes of the tables, which the engine cannot embellish. */

/* The whole tree is read so often that a change costs on average as much as this many tables. */
#define TABLES_PER_CHANGE 24

bool raw_format_known(const char *format)
{
    return oracle_walker_find(format) != NULL;
}

static OracleCall oracle_call(const Space *space)
{
    const uint8_t *type_index = convert_type_index(space->format);
    OracleCall call = {.model = space->model};
    call.cpu.walker = oracle_walker_find(space->format);
    call.cpu.root = mem_vmap_root(&space->vmap);
    call.cpu.phys_bits = space->geometry.phys_bits;
    call.cpu.memory_base = space->host.direct_map;
    for (unsigned type = 0; type < TRACE_TYPES; type++) {
        TraceFlags flags = {.type = (uint8_t)type};
        call.type_index[type] = type_index[convert_flags(&flags) >> MEM_VMAP_TYPE_SHIFT];
    }
    return call;
}

bool check_raw(Replay *replay, Space *space)
{
    OracleCall call = oracle_call(space);
    OracleDifference difference;
    OracleSurvey survey;
    space->raw.current = false;
    if (!oracle_compare(&call, &survey, &difference)) {
        replay_mismatch(replay, difference.said, difference.expected);
        return false;
    }
    space->raw.hash = survey.hash;
    space->raw.current = true;
    space->raw.tables = survey.tables;
    space->raw.wait = check_cost(space, survey.tables) / TABLES_PER_CHANGE;
    return replay->space_count > 1 || check_pages(replay, space);
}

/* Walks to the ends of what the operation named, and to their neighbours. */
static bool check_raw_edges(Replay *replay, Space *space, const TraceOp *op)
{
    OracleCall call = oracle_call(space);
    OracleDifference difference;
    Span span = span_of(space, op->virt, op->len);
    const uint64_t edges[] = {span.first - 1, span.first, op->virt, span.last, span.last + 1};
    for (usize i = 0; i < sizeof edges / sizeof *edges; i++) {
        if (oracle_compare_at(&call, edges[i], &difference))
            continue;
        replay_mismatch(replay, difference.said, difference.expected);
        return false;
    }
    return true;
}

/* A failed call has changed nothing: the tables are byte for byte what they were. */
static void check_unchanged(Replay *replay, const Raw *before, const Raw *after)
{
    if (before->current && before->hash != after->hash)
        replay_mismatch(replay, "raw tables: the call failed and changed them", "not a byte changed");
}

void check_raw_after(Replay *replay, Space *space, const TraceOp *op, const Answer *answer)
{
    Raw before = space->raw;
    space->raw.current = false;
    if (!check_raw_edges(replay, space, op))
        return;
    if (before.wait > 0) {
        space->raw.wait--;
        return;
    }
    if (check_raw(replay, space) && answer->code != MEM_OK)
        check_unchanged(replay, &before, &space->raw);
}
