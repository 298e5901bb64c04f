/* SPDX-License-Identifier: MIT */
#include "tests/failure/workload.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/mutate.h"
#include "fuzz/spelling.h"
#include "tools/replay/replay.h"

/* Operations of a random workload. */
#define RANDOM_OPERATIONS 30

/* Operations that are added at the end, and one at the beginning. */
#define END_OPERATIONS 6

static bool is_failure(TraceVerb verb)
{
    return verb == TRACE_FAIL_ONCE || verb == TRACE_FAIL_FROM || verb == TRACE_FAIL_NEVER;
}

static void add(Trace *workload, TraceOp op)
{
    workload->ops[workload->count++] = op;
}

/* An unmap needs no memory, whatever is in its way; and afterwards the space is as good as new. */
static void add_end(Trace *workload, const char *format)
{
    const TraceExpect good = {.kind = TRACE_EXPECT_RESULT, .result = TRACE_OK};
    const TraceExpect only_root = {.kind = TRACE_EXPECT_COUNT, .count = 1};
    const uint64_t size = 0x10000; /* of the largest pages */
    Spelling spelling;
    if (!spelling_of(format, &spelling))
        abort();
    add(workload, (TraceOp){.verb = TRACE_FAIL_FROM, .number = 1});
    add(workload, (TraceOp){.verb = TRACE_UNMAP, .virt = 0, .len = UINT64_MAX});
    add(workload, (TraceOp){.verb = TRACE_TABLES, .expect = only_root});
    add(workload, (TraceOp){.verb = TRACE_FAIL_NEVER});
    add(workload,
        (TraceOp){.verb = TRACE_MAP, .virt = spell_virt(&spelling, 0), .len = size, .expect = good});
    add(workload, (TraceOp){.verb = TRACE_VERIFY});
}

/* Takes over the operations of `trace`, which is freed; what they expect is true of a run without failures. */
static void make(Trace *workload, Trace *trace, size_t operations, const char *format)
{
    *workload = (Trace){.capacity = operations + END_OPERATIONS + 1};
    workload->ops = calloc(workload->capacity, sizeof *workload->ops);
    if (!workload->ops)
        abort();
    workload_fail(workload, TRACE_FAIL_NEVER, 0);
    workload->count = 1;
    for (size_t i = 0; i < trace->count && i < operations; i++) {
        if (is_failure(trace->ops[i].verb))
            continue;
        add(workload, trace->ops[i]);
        workload->ops[workload->count - 1].expect.kind = TRACE_EXPECT_NONE;
        trace->ops[i].name = NULL;
    }
    add_end(workload, format);
    trace_free(trace);
}

bool workload_of_file(Trace *workload, const char *path, size_t operations)
{
    Trace trace;
    TraceError error;
    if (trace_parse_file(&trace, path, &error) != 0) {
        trace_print_error(stderr, &error);
        return false;
    }
    make(workload, &trace, operations < trace.count ? operations : trace.count, REPLAY_FORMAT);
    return true;
}

void workload_random(Trace *workload, InputArea area, const char *format, uint64_t seed)
{
    uint8_t bytes[INPUT_HEADER_SIZE + INPUT_RECORDS_MAX * INPUT_RECORD_SIZE];
    Mutation mutation = {.area = area, .random = seed};
    Trace trace;
    while (mutation.count < RANDOM_OPERATIONS)
        mutate(&mutation);
    size_t size = input_write(bytes, sizeof bytes, (uint8_t)seed & 1, mutation.records, mutation.count);
    if (!input_decode(&trace, area, format, bytes, size))
        abort();
    make(workload, &trace, trace.count, format);
}

void workload_fail(Trace *workload, TraceVerb verb, uint64_t k)
{
    workload->ops[0] = (TraceOp){.verb = verb, .number = k};
}
