/* SPDX-License-Identifier: MIT */
#include "tools/cli/shootdowns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/replay/convert.h"

typedef struct FlushSpace {
    uint64_t number;
    Layout layout;
    MemVmap vmap;
    MemVmapBatch batch;
    bool batch_open;
} FlushSpace;

/* One replay. */
typedef struct Pass {
    const Trace *trace;
    FlushOptions options;
    Machine *machine;
    Host *host;
    FlushSpace *spaces[REPLAY_SPACES_MAX];
    usize space_count;
    FlushSpace *selected;
    usize joined; /* calls in the open batch, where the options say how many share one */
} Pass;

static bool batches_are_ours(const Pass *pass)
{
    return pass->options.batch != BATCHES_OF_TRACE;
}

static int begin_batch(FlushSpace *space)
{
    space->batch_open = true;
    return mem_vmap_batch_begin(&space->batch, &space->vmap);
}

static int end_batch(FlushSpace *space)
{
    if (space->batch_open)
        mem_vmap_batch_end(&space->batch);
    space->batch_open = false;
    return MEM_OK;
}

/* Ends the batch that `joined` calls share, if one is open. */
static void end_shared(Pass *pass)
{
    if (pass->joined == 0)
        return;
    end_batch(pass->selected);
    pass->joined = 0;
}

/* One more call has taken its place in the batch. */
static void share(Pass *pass)
{
    if (batches_are_ours(pass) && pass->selected->batch_open && ++pass->joined == pass->options.batch)
        end_shared(pass);
}

/* The machine is to run the selected space. A batch does not outlast that: its CPUs would be gone. */
static int select_space(Pass *pass, FlushSpace *space)
{
    end_shared(pass);
    pass->selected = space;
    machine_run(pass->machine, &space->vmap);
    return MEM_OK;
}

static int init_space(Pass *pass, FlushSpace *space, const TraceOp *op)
{
    const char *format = op && op->name ? op->name : pass->options.format;
    ModelGeometry geometry;
    model_geometry(format, &geometry);
    space->number = op ? op->number : 0;
    space->layout = layout_of(&geometry);
    MemVmapPort port = host_port(pass->host);
    port.invalidate_here = NULL;
    port.cpus = machine_cpus(pass->machine);
    MemVmapOptions options = {.allow_write_exec = op && op->write_exec,
                              .type_index = convert_type_index(format)};
    return mem_vmap_init(&space->vmap, &port, mem_vmap_format_find(format), &options);
}

/* For space 0 `op` is null. MEM_ENOMEM is of the tool, not of the trace. */
static int add_space(Pass *pass, const TraceOp *op)
{
    FlushSpace *space = calloc(1, sizeof *space);
    if (!space || init_space(pass, space, op) != MEM_OK) {
        free(space);
        return MEM_ENOMEM;
    }
    pass->spaces[pass->space_count++] = space;
    return select_space(pass, space);
}

static FlushSpace *find_space(const Pass *pass, uint64_t number)
{
    usize i = 0;
    while (pass->spaces[i]->number != number)
        i++;
    return pass->spaces[i];
}

/* Until a batch ends its frames and addresses must not be used again, as a map may do. */
static int map(Pass *pass, const TraceOp *op)
{
    end_shared(pass);
    return mem_vmap_map(&pass->selected->vmap, op->phys, op->virt, op->len, convert_flags(&op->flags));
}

typedef struct LeafCount {
    const Layout *layout;
    usize leaves;
} LeafCount;

static int count_leaves(void *context, const MemVmapRun *run)
{
    LeafCount *count = context;
    uint64_t size = layout_entry_size(count->layout, run->level);
    count->leaves += (run->virt + (run->len - 1)) / size - run->virt / size + 1;
    return 0;
}

/* The leaves of which a call concerns at least a part. */
static usize leaves_in(FlushSpace *space, const TraceOp *op)
{
    LeafCount count = {&space->layout, 0};
    mem_vmap_walk(&space->vmap, op->virt, op->len, NULL, count_leaves, &count);
    return count.leaves;
}

static int unmap(FlushSpace *space, const TraceOp *op)
{
    if (space->batch_open)
        mem_vmap_batch_unmap(&space->batch, op->virt, op->len);
    else
        mem_vmap_unmap(&space->vmap, op->virt, op->len);
    return MEM_OK;
}

static int protect(FlushSpace *space, const TraceOp *op)
{
    int flags = convert_flags(&op->flags);
    if (space->batch_open)
        return mem_vmap_batch_protect(&space->batch, op->virt, op->len, flags);
    return mem_vmap_protect(&space->vmap, op->virt, op->len, flags);
}

static int change(Pass *pass, const TraceOp *op)
{
    FlushSpace *space = pass->selected;
    if (op->verb == TRACE_COLLAPSE)
        return mem_vmap_collapse(&space->vmap, op->virt, op->len);
    if (pass->options.batch > 1 && !space->batch_open)
        begin_batch(space);
    int code = op->verb == TRACE_UNMAP ? unmap(space, op) : protect(space, op);
    share(pass);
    return code;
}

/* What a baseline sends where the engine has sent something. */
static void charge(FlushCounts *counts, const FlushOptions *options, usize leaves)
{
    usize rounds = options->policy == POLICY_LEAF ? leaves : 1;
    usize cpus = machine_broadcasts(machine_kind(options->format)) ? 1 : options->cpus;
    counts->shootdowns += rounds;
    counts->interrupts += rounds * (cpus - 1);
    if (options->policy == POLICY_LEAF)
        counts->addresses += rounds * cpus;
    else
        counts->full += rounds * cpus;
}

/* A call after which CPUs may have something to forget. */
static int change_and_count(Pass *pass, const TraceOp *op)
{
    FlushCounts *counts = machine_counts(pass->machine);
    counts->calls++;
    FlushCounts before = *counts;
    usize leaves = leaves_in(pass->selected, op);
    int code = change(pass, op);
    if (pass->options.policy == POLICY_ENGINE || counts->shootdowns == before.shootdowns)
        return code;
    *counts = before;
    charge(counts, &pass->options, leaves);
    return code;
}

static int perform(Pass *pass, const TraceOp *op)
{
    switch (op->verb) {
    case TRACE_SPACE:
        return add_space(pass, op);
    case TRACE_SELECT:
        return select_space(pass, find_space(pass, op->number));
    case TRACE_MAP:
        return map(pass, op);
    case TRACE_UNMAP:
    case TRACE_PROTECT:
    case TRACE_COLLAPSE:
        return change_and_count(pass, op);
    case TRACE_BATCH_BEGIN:
        return batches_are_ours(pass) ? MEM_OK : begin_batch(pass->selected);
    case TRACE_BATCH_END:
        return batches_are_ours(pass) ? MEM_OK : end_batch(pass->selected);
    case TRACE_TRANSLATE: /* nothing that a CPU would have to forget; or refused by flush_validate */
    case TRACE_LOOKUP:
    case TRACE_TABLES:
    case TRACE_VERIFY:
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

/* A replay that goes another way than the trace says counts something else. */
static int mismatch(const Pass *pass, const TraceOp *op, int code)
{
    fprintf(stderr, "%s:%zu: ", pass->trace->name, op->line);
    trace_print_op(stderr, op);
    fprintf(stderr, "     engine: %s\n", trace_result_name(convert_code(code)));
    return EXIT_MISMATCH;
}

static int replay_op(Pass *pass, const TraceOp *op)
{
    Demand demand;
    FlushSpace *space = pass->selected;
    if (demand_matters(op) &&
        demand_exceeds(&demand, &space->vmap, layout_entry_size(&space->layout, 0), pass->host, op))
        return fail_demand(pass->trace, op, &demand);
    int code = perform(pass, op);
    if (op->verb == TRACE_SPACE && code != MEM_OK)
        return fail_memory(pass->trace->name);
    if (op->expect.kind == TRACE_EXPECT_RESULT && convert_code(code) != op->expect.result)
        return mismatch(pass, op, code);
    progress_step();
    return 0;
}

static int replay(Pass *pass)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < pass->trace->count; i++)
        status = replay_op(pass, &pass->trace->ops[i]);
    return status;
}

static bool open_pass(Pass *pass)
{
    pass->host = host_new(REPLAY_PAGES);
    pass->machine = machine_new(machine_kind(pass->options.format), pass->options.cpus);
    return pass->host && pass->machine && add_space(pass, NULL) == MEM_OK;
}

/* What is still in a batch at the end is counted; that the spaces end is not. */
static FlushCounts close_pass(Pass *pass)
{
    FlushCounts counts = {0};
    for (usize i = 0; i < pass->space_count; i++)
        end_batch(pass->spaces[i]);
    if (pass->machine) {
        counts = *machine_counts(pass->machine);
        machine_stop(pass->machine);
    }
    for (usize i = 0; i < pass->space_count; i++) {
        mem_vmap_destroy(&pass->spaces[i]->vmap);
        free(pass->spaces[i]);
    }
    machine_free(pass->machine);
    host_free(pass->host);
    return counts;
}

/* What is wrong with counting this operation, on CPUs of a kind; null: nothing. */
static const char *find_fault(const TraceOp *op, const char *kind)
{
    const char *own = op->verb == TRACE_SPACE && op->name ? machine_kind(op->name) : kind;
    if (!own || strcmp(own, kind) != 0)
        return "the CPUs have no such format: see --format";
    if (op->verb == TRACE_FAIL_ONCE || op->verb == TRACE_FAIL_FROM)
        return "which allocation fails depends on how calls share batches";
    return NULL;
}

int flush_validate(const Trace *trace, const char *format)
{
    for (size_t i = 0; i < trace->count; i++) {
        const char *fault = find_fault(&trace->ops[i], machine_kind(format));
        if (!fault)
            continue;
        fprintf(stderr, "%s:%zu:1: %s\n", trace->name, trace->ops[i].line, fault);
        return EXIT_BAD_CALL;
    }
    return 0;
}

int flush_count(const Trace *trace, const FlushOptions *options, FlushCounts *counts)
{
    Pass pass = {.trace = trace, .options = *options};
    if (options->policy != POLICY_ENGINE)
        pass.options.batch = 1;
    int status = open_pass(&pass) ? replay(&pass) : fail_memory(trace->name);
    *counts = close_pass(&pass);
    return status;
}
