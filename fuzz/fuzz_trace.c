/* SPDX-License-Identifier: MIT */

/*
 * The fuzzer of the parser of traces: any text is either refused with a place and a reason, or read; and what
 * was read, printed and read again, is the same.
 */

#define _POSIX_C_SOURCE 200809L /* open_memstream */
#include <stdlib.h>
#include <string.h>

#include "tools/trace/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds, const char *rule)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz_trace: broken: %s\n", rule);
    abort();
}

/* To be freed. */
static char *print(const Trace *trace, size_t *len)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, len);
    check(out != NULL, "there is memory");
    for (size_t i = 0; i < trace->count; i++)
        trace_print_op(out, &trace->ops[i]);
    fclose(out);
    return text;
}

static void check_again(const Trace *trace)
{
    Trace again;
    TraceError error;
    size_t len = 0, len_again = 0;
    char *text = print(trace, &len);
    int result = trace_parse_text(&again, "printed", text, len, &error);
    if (result != 0)
        trace_print_error(stderr, &error);
    check(result == 0, "what was printed can be read");
    check(again.count == trace->count, "as many operations");
    char *text_again = print(&again, &len_again);
    check(len == len_again && memcmp(text, text_again, len) == 0, "printed again it is the same");
    for (size_t i = 0; i < trace->count; i++) {
        const TraceOp *a = &trace->ops[i], *b = &again.ops[i];
        check(a->verb == b->verb && a->virt == b->virt && a->phys == b->phys && a->len == b->len &&
                  a->number == b->number && a->expect.kind == b->expect.kind,
              "the same operation");
    }
    free(text);
    free(text_again);
    trace_free(&again);
}

static void check_error(const TraceError *error)
{
    check(error->line > 0 && error->column > 0, "an error in a text has a place");
    check(error->message[0] != '\0' && memchr(error->message, '\0', sizeof error->message) != NULL,
          "an error has a message");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Trace trace;
    TraceError error = {0};
    if (trace_parse_text(&trace, "input", (const char *)data, size, &error) != 0) {
        check(trace.count == 0 && trace.ops == NULL, "an error leaves an empty trace");
        check_error(&error);
        return 0;
    }
    check_again(&trace);
    trace_free(&trace);
    return 0;
}
