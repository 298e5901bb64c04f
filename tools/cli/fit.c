/* SPDX-License-Identifier: MIT */
#include "tools/cli/cli.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/*
 * Whether a trace that names no format can be replayed in the one that was chosen for it. Where pages are larger than
 * those of the trace, neighbours would share a page and the second of them overlap: every answer would be wrong, and
 * none of them the library's fault.
 */

typedef struct Fit {
    const Trace *trace;
    const TraceOp *op;
    MemVmapFormatInfo info;
} Fit;

__attribute__((format(printf, 2, 3))) static bool refuse(const Fit *fit, const char *text, ...)
{
    va_list arguments;
    fprintf(stderr, "%s:%zu:1: ", fit->trace->name, fit->op->line);
    va_start(arguments, text);
    vfprintf(stderr, text, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    return false;
}

static bool concerns_range(TraceVerb verb)
{
    return verb == TRACE_MAP || verb == TRACE_UNMAP || verb == TRACE_PROTECT || verb == TRACE_COLLAPSE;
}

static uint64_t last_of(const TraceOp *op)
{
    uint64_t last = op->virt + (op->len - 1);
    return op->len == 0 || last >= op->virt ? last : UINT64_MAX;
}

/* Ranges of odd bytes are for testing with pages of 4K; with larger ones they mean that the trace is not for them. */
static bool check_pages(const Fit *fit)
{
    const TraceOp *op = fit->op;
    const uint64_t page = fit->info.levels[0].size;
    uint64_t last = last_of(op), odd = (op->virt | op->phys | (last + 1)) & (page - 1);
    char size[TRACE_NAME_MAX];
    if (page == HOST_PAGE_SIZE || odd == 0 || last >= UINT64_MAX - 1)
        return true;
    return refuse(fit, "not whole pages of %s, which has pages of %s: this trace is for smaller ones",
                  fit->info.name, size_text(page, size));
}

static bool in_lower(const MemVmapFormatInfo *info, uint64_t first, uint64_t last)
{
    unsigned bits = info->half == MEM_VMAP_BOTH ? info->virt_bits - 1 : info->virt_bits;
    return info->half != MEM_VMAP_UPPER && last >= first && last >> bits == 0;
}

static bool in_upper(const MemVmapFormatInfo *info, uint64_t first, uint64_t last)
{
    unsigned bits = info->half == MEM_VMAP_BOTH ? info->virt_bits - 1 : info->virt_bits;
    return info->half != MEM_VMAP_LOWER && last >= first && first >= UINT64_MAX << bits;
}

static bool check_addresses(const Fit *fit)
{
    const TraceOp *op = fit->op;
    uint64_t last = last_of(op);
    if (in_lower(&fit->info, op->virt, last) || in_upper(&fit->info, op->virt, last))
        return true;
    return refuse(fit, "%s has no addresses 0x%" PRIx64 " to 0x%" PRIx64 ": see vmap formats %s",
                  fit->info.name, op->virt, last, fit->info.name);
}

static bool check_flags(const Fit *fit)
{
    const TraceFlags *flags = &fit->op->flags;
    if (flags->user && (fit->info.lacks & MEM_VMAP_USER))
        return refuse(fit, "%s has no user mappings", fit->info.name);
    if (flags->global && (fit->info.lacks & MEM_VMAP_GLOBAL))
        return refuse(fit, "%s has no global mappings", fit->info.name);
    return true;
}

static bool check_op(const Fit *fit)
{
    const TraceExpect *expect = &fit->op->expect;
    if (!concerns_range(fit->op->verb))
        return true;
    if (expect->kind == TRACE_EXPECT_RESULT && expect->result != TRACE_OK)
        return true;
    if (!check_pages(fit))
        return false;
    return expect->kind == TRACE_EXPECT_NONE || (check_addresses(fit) && check_flags(fit));
}

bool trace_names_format(const Trace *trace, uint64_t space)
{
    for (size_t i = 0; i < trace->count; i++)
        if (trace->ops[i].verb == TRACE_SPACE && trace->ops[i].number == space)
            return trace->ops[i].name != NULL;
    return false;
}

int fit_check(const Trace *trace, const char *format)
{
    Fit fit = {.trace = trace};
    bool named = false;
    mem_vmap_format_describe(mem_vmap_format_find(format), &fit.info);
    for (size_t i = 0; i < trace->count; i++) {
        fit.op = &trace->ops[i];
        if (fit.op->verb == TRACE_SPACE || fit.op->verb == TRACE_SELECT)
            named = trace_names_format(trace, fit.op->number);
        if (!named && !check_op(&fit))
            return EXIT_BAD_CALL;
    }
    return 0;
}
