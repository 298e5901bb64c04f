/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "tools/replay/space.h"

typedef struct Validation {
    const Trace *trace;
    TraceError *error;
    usize count;
    usize selected; /* an index of the arrays */
    uint64_t numbers[REPLAY_SPACES_MAX];
    const TraceOp *batches[REPLAY_SPACES_MAX]; /* what began the open batch; null: none is open */
} Validation;

__attribute__((format(printf, 3, 4))) static int refuse(Validation *validation, size_t line,
                                                        const char *format, ...)
{
    TraceError *error = validation->error;
    *error = (TraceError){.file = validation->trace->name, .line = line, .column = 1};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return -1;
}

/* The index of a space, or the count where there is none of that number. */
static usize find(const Validation *validation, uint64_t number)
{
    usize index = 0;
    while (index < validation->count && validation->numbers[index] != number)
        index++;
    return index;
}

static int validate_space(Validation *validation, const TraceOp *op)
{
    if (find(validation, op->number) < validation->count)
        return refuse(validation, op->line, "space %" PRIu64 " exists already", op->number);
    if (validation->count == REPLAY_SPACES_MAX)
        return refuse(validation, op->line, "more than %d spaces", REPLAY_SPACES_MAX);
    if (op->name && !space_format_known(op->name))
        return refuse(validation, op->line, "unknown format '%.64s': see vmap formats", op->name);
    validation->selected = validation->count++;
    validation->numbers[validation->selected] = op->number;
    validation->batches[validation->selected] = NULL;
    return 0;
}

static int validate_select(Validation *validation, const TraceOp *op)
{
    usize index = find(validation, op->number);
    if (index == validation->count)
        return refuse(validation, op->line, "space %" PRIu64 " was not made", op->number);
    validation->selected = index;
    return 0;
}

static int validate_begin(Validation *validation, const TraceOp *op)
{
    const TraceOp **begin = &validation->batches[validation->selected];
    if (*begin)
        return refuse(validation, op->line, "a batch is open in this space, since line %zu",
                      (*begin)->line);
    *begin = op;
    return 0;
}

static int validate_end(Validation *validation, const TraceOp *op)
{
    const TraceOp **begin = &validation->batches[validation->selected];
    if (!*begin)
        return refuse(validation, op->line, "no batch is open in this space");
    *begin = NULL;
    return 0;
}

static int validate_op(Validation *validation, const TraceOp *op)
{
    switch (op->verb) {
    case TRACE_SPACE:
        return validate_space(validation, op);
    case TRACE_SELECT:
        return validate_select(validation, op);
    case TRACE_BATCH_BEGIN:
        return validate_begin(validation, op);
    case TRACE_BATCH_END:
        return validate_end(validation, op);
    case TRACE_CPU:
    case TRACE_SWITCH:
    case TRACE_ACCESS:
        return refuse(validation, op->line, "'%s' is not supported yet by this build",
                      trace_verb_name(op->verb));
    case TRACE_MAP:
    case TRACE_UNMAP:
    case TRACE_PROTECT:
    case TRACE_COLLAPSE:
    case TRACE_TRANSLATE:
    case TRACE_LOOKUP:
    case TRACE_FAIL_ONCE:
    case TRACE_FAIL_FROM:
    case TRACE_FAIL_NEVER:
    case TRACE_TABLES:
    case TRACE_VERIFY:
        return 0;
    }
    return refuse(validation, op->line, "no such operation");
}

int replay_validate(const Trace *trace, const ReplayOptions *options, TraceError *error)
{
    Validation validation = {.trace = trace, .error = error, .count = 1};
    if (options->format && !space_format_known(options->format))
        return refuse(&validation, 0, "unknown format '%.64s': see vmap formats", options->format);
    for (size_t i = 0; i < trace->count; i++) {
        if (validate_op(&validation, &trace->ops[i]) != 0)
            return -1;
    }
    for (usize i = 0; i < validation.count; i++) {
        const TraceOp *begin = validation.batches[i];
        if (begin)
            return refuse(&validation, begin->line, "this batch is never ended");
    }
    return 0;
}
