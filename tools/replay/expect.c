/* SPDX-License-Identifier: MIT */
#include "tools/replay/internal.h"

#include "tools/replay/convert.h"

static void expect_result(Replay *replay, const TraceExpect *expect, const Answer *answer)
{
    Text said, expected;
    if (convert_code(answer->code) != expect->result)
        replay_mismatch(replay, text_code(said, answer->code), text_result(expected, expect->result));
}

static void expect_miss(Replay *replay, const TraceOp *op, const Answer *answer)
{
    Text said;
    if (answer->code != MEM_OK)
        return;
    ModelLeaf leaf = seen_leaf(&answer->leaf);
    replay_mismatch(replay,
                    op->verb == TRACE_LOOKUP ? text_leaf(said, leaf.phys, leaf.size, leaf.flags)
                                             : text_phys(said, answer->phys),
                    "miss");
}

static void expect_phys(Replay *replay, const TraceExpect *expect, const Answer *answer)
{
    if (answer->code == MEM_OK && answer->phys == expect->phys)
        return;
    Text said, expected;
    replay_mismatch(replay, answer->code == MEM_OK ? text_phys(said, answer->phys) : "miss",
                    text_phys(expected, expect->phys));
}

static void expect_leaf(Replay *replay, const TraceExpect *expect, const Answer *answer)
{
    ModelLeaf leaf = seen_leaf(&answer->leaf);
    TraceFlags flags = convert_visible(expect->flags);
    bool hit = answer->code == MEM_OK;
    if (hit && leaf.phys == expect->phys && leaf.size == expect->size &&
        convert_flags_equal(&leaf.flags, &flags))
        return;
    Text said, expected;
    replay_mismatch(replay, hit ? text_leaf(said, leaf.phys, leaf.size, leaf.flags) : "miss",
                    text_leaf(expected, expect->phys, expect->size, flags));
}

static void expect_count(Replay *replay, const TraceExpect *expect, const Answer *answer)
{
    Text said, expected;
    if (answer->count != expect->count)
        replay_mismatch(replay, text_number(said, "tables", answer->count),
                        text_number(expected, "tables", expect->count));
}

void check_expectation(Replay *replay, const TraceOp *op, const Answer *answer)
{
    const TraceExpect *expect = &op->expect;
    Text said;
    if (op->verb == TRACE_VERIFY && answer->code != MEM_OK)
        replay_mismatch(replay, text_defect(said, &answer->defect), "ok");
    switch (expect->kind) {
    case TRACE_EXPECT_NONE:
        return;
    case TRACE_EXPECT_RESULT:
        expect_result(replay, expect, answer);
        return;
    case TRACE_EXPECT_MISS:
        expect_miss(replay, op, answer);
        return;
    case TRACE_EXPECT_PHYS:
        expect_phys(replay, expect, answer);
        return;
    case TRACE_EXPECT_LEAF:
        expect_leaf(replay, expect, answer);
        return;
    case TRACE_EXPECT_COUNT:
        expect_count(replay, expect, answer);
        return;
    }
}
