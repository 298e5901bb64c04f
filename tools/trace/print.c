/* SPDX-License-Identifier: MIT */
#include "tools/trace/scan.h"

#include <inttypes.h>
#include <string.h>

static const char *const verb_names[TRACE_VERBS] = {
    [TRACE_SPACE] = "space",           [TRACE_SELECT] = "select",   [TRACE_MAP] = "map",
    [TRACE_UNMAP] = "unmap",           [TRACE_PROTECT] = "protect", [TRACE_COLLAPSE] = "collapse",
    [TRACE_TRANSLATE] = "translate",   [TRACE_LOOKUP] = "lookup",   [TRACE_BATCH_BEGIN] = "batch begin",
    [TRACE_BATCH_END] = "batch end",   [TRACE_CPU] = "cpu",         [TRACE_SWITCH] = "switch",
    [TRACE_ACCESS] = "access",         [TRACE_FAIL_ONCE] = "fail",  [TRACE_FAIL_FROM] = "fail from",
    [TRACE_FAIL_NEVER] = "fail never", [TRACE_TABLES] = "tables",   [TRACE_VERIFY] = "verify",
};

static const char *const result_names[TRACE_RESULTS] = {
    [TRACE_OK] = "ok",
    [TRACE_EINVAL] = "MEM_EINVAL",
    [TRACE_EALIGN] = "MEM_EALIGN",
    [TRACE_ERANGE] = "MEM_ERANGE",
    [TRACE_EOVERLAP] = "MEM_EOVERLAP",
    [TRACE_ENOMEM] = "MEM_ENOMEM",
    [TRACE_EFLAGS] = "MEM_EFLAGS",
    [TRACE_ENOTSUP] = "MEM_ENOTSUP",
    [TRACE_EMISS] = "MEM_EMISS",
    [TRACE_ECORRUPT] = "MEM_ECORRUPT",
};

const char *trace_verb_name(TraceVerb verb)
{
    return (size_t)verb < TRACE_VERBS ? verb_names[verb] : "?";
}

const char *trace_result_name(TraceResult result)
{
    return (size_t)result < TRACE_RESULTS ? result_names[result] : "?";
}

const char *trace_flags_name(const TraceFlags *flags, char text[TRACE_NAME_MAX])
{
    const char *type = flags->type < TRACE_TYPES ? trace_type_names[flags->type] : "?";
    snprintf(text, TRACE_NAME_MAX, "r%s%s%s%s%s%s%s%s%s", flags->write ? "w" : "", flags->exec ? "x" : "",
             flags->user ? "u" : "", flags->global ? "g" : "", type ? "," : "", type ? type : "",
             flags->cap_4k ? ",4k" : "", flags->cap_2m ? ",2m" : "", flags->noreserve ? ",noreserve" : "");
    return text;
}

const char *trace_size_name(uint64_t size, char text[TRACE_NAME_MAX])
{
    static const char *const units[] = {"", "K", "M", "G", "T"};
    size_t unit = 0;
    while (size != 0 && size % 1024 == 0 && unit + 1 < sizeof units / sizeof *units) {
        size /= 1024;
        unit++;
    }
    snprintf(text, TRACE_NAME_MAX, "%" PRIu64 "%s", size, units[unit]);
    return text;
}

static void print_address(FILE *out, uint64_t address)
{
    fprintf(out, " 0x%" PRIx64, address);
}

static void print_number(FILE *out, uint64_t number)
{
    fprintf(out, " %" PRIu64, number);
}

static void print_size(FILE *out, uint64_t size)
{
    char text[TRACE_NAME_MAX];
    fprintf(out, " %s", trace_size_name(size, text));
}

static void print_flags(FILE *out, const TraceFlags *flags)
{
    char text[TRACE_NAME_MAX];
    fprintf(out, " %s", trace_flags_name(flags, text));
}

static void print_range(FILE *out, const TraceOp *op)
{
    print_address(out, op->virt);
    print_size(out, op->len);
}

static void print_space(FILE *out, const TraceOp *op)
{
    print_number(out, op->number);
    if (op->name)
        fprintf(out, " format=%s", op->name);
    if (op->write_exec)
        fputs(" wx", out);
}

static const char *access_name(TraceAccess access)
{
    switch (access) {
    case TRACE_READ:
        return "r";
    case TRACE_WRITE:
        return "w";
    case TRACE_EXECUTE:
        return "x";
    }
    return "?";
}

static void print_operands(FILE *out, const TraceOp *op)
{
    switch (op->verb) {
    case TRACE_SPACE:
        print_space(out, op);
        return;
    case TRACE_SELECT:
    case TRACE_CPU:
    case TRACE_FAIL_ONCE:
    case TRACE_FAIL_FROM:
        print_number(out, op->number);
        return;
    case TRACE_MAP:
        print_address(out, op->phys);
        print_range(out, op);
        print_flags(out, &op->flags);
        return;
    case TRACE_PROTECT:
        print_range(out, op);
        print_flags(out, &op->flags);
        return;
    case TRACE_UNMAP:
    case TRACE_COLLAPSE:
        print_range(out, op);
        return;
    case TRACE_ACCESS:
        fprintf(out, " %s", access_name(op->access));
        print_address(out, op->virt);
        return;
    case TRACE_TRANSLATE:
    case TRACE_LOOKUP:
        print_address(out, op->virt);
        return;
    case TRACE_BATCH_BEGIN:
    case TRACE_BATCH_END:
    case TRACE_SWITCH:
    case TRACE_FAIL_NEVER:
    case TRACE_TABLES:
    case TRACE_VERIFY:
        return;
    }
}

static void print_expect(FILE *out, const TraceOp *op)
{
    const TraceExpect *expect = &op->expect;
    if (expect->kind == TRACE_EXPECT_NONE)
        return;
    fputs(" =>", out);
    switch (expect->kind) {
    case TRACE_EXPECT_NONE:
        return;
    case TRACE_EXPECT_RESULT:
        fprintf(out, " %s", trace_result_name(expect->result));
        return;
    case TRACE_EXPECT_MISS:
        fputs(op->verb == TRACE_ACCESS ? " fault" : " miss", out);
        return;
    case TRACE_EXPECT_PHYS:
        print_address(out, expect->phys);
        return;
    case TRACE_EXPECT_LEAF:
        print_address(out, expect->phys);
        print_size(out, expect->size);
        print_flags(out, &expect->flags);
        return;
    case TRACE_EXPECT_COUNT:
        print_number(out, expect->count);
        return;
    }
}

void trace_print_op(FILE *out, const TraceOp *op)
{
    fputs(trace_verb_name(op->verb), out);
    print_operands(out, op);
    print_expect(out, op);
    fputc('\n', out);
}

void trace_print_error(FILE *out, const TraceError *error)
{
    fprintf(out, "%s:", error->file);
    if (error->line > 0)
        fprintf(out, "%zu:%zu:", error->line, error->column);
    fprintf(out, " %s\n", error->message);
}
