/* SPDX-License-Identifier: MIT */
#include "tools/trace/scan.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Takes one operand, or what is expected after `=>`; false with the error filled. */
typedef bool (*Take)(Cursor *cursor, TraceOp *op);

#define OPERANDS_MAX 4

/* What follows the first word of a line. */
typedef struct Rule {
    const char *word;
    TraceVerb verb;
    Take operands[OPERANDS_MAX];
    Take expect; /* null: the operation answers nothing */
} Rule;

static bool take_phys(Cursor *cursor, TraceOp *op)
{
    return scan_number(cursor, "PHYS", &op->phys);
}

static bool take_virt(Cursor *cursor, TraceOp *op)
{
    return scan_number(cursor, "VIRT", &op->virt);
}

static bool take_len(Cursor *cursor, TraceOp *op)
{
    return scan_number(cursor, "LEN", &op->len);
}

static bool take_flags(Cursor *cursor, TraceOp *op)
{
    return scan_flags(cursor, "FLAGS", &op->flags);
}

static bool take_number(Cursor *cursor, TraceOp *op)
{
    return scan_number(cursor, "N", &op->number);
}

static bool is_format_character(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

static bool take_format_name(const Cursor *cursor, Word name, TraceOp *op)
{
    if (name.len == 0)
        return scan_fail(cursor, name.text, "the name of the format is missing");
    for (size_t i = 0; i < name.len; i++)
        if (!is_format_character(name.text[i]))
            return scan_fail(cursor, name.text + i, "the name of a format has letters, digits, _, - and .");
    op->name = strndup(name.text, name.len);
    if (!op->name)
        return scan_fail(cursor, name.text, "out of memory");
    return true;
}

/* [format=NAME] [wx] */
static bool take_space_options(Cursor *cursor, TraceOp *op)
{
    static const char key[] = "format=";
    const size_t key_len = sizeof key - 1;
    Cursor ahead = *cursor;
    Word word;
    if (scan_word(&ahead, &word) && word.len >= key_len && memcmp(word.text, key, key_len) == 0) {
        if (!take_format_name(cursor, (Word){word.text + key_len, word.len - key_len}, op))
            return false;
        *cursor = ahead;
    }
    ahead = *cursor;
    if (scan_word(&ahead, &word) && word_is(word, "wx")) {
        op->write_exec = true;
        *cursor = ahead;
    }
    return true;
}

static bool take_batch_end(Cursor *cursor, TraceOp *op)
{
    Word word;
    if (!scan_needed(cursor, "begin or end", &word))
        return false;
    if (word_is(word, "end"))
        op->verb = TRACE_BATCH_END;
    else if (!word_is(word, "begin"))
        return scan_fail(cursor, word.text, "batch begin, or batch end");
    return true;
}

static bool take_fail_mode(Cursor *cursor, TraceOp *op)
{
    Word word;
    if (!scan_needed(cursor, "K, from or never", &word))
        return false;
    if (word_is(word, "never")) {
        op->verb = TRACE_FAIL_NEVER;
        return true;
    }
    if (word_is(word, "from")) {
        op->verb = TRACE_FAIL_FROM;
        if (!scan_needed(cursor, "K", &word))
            return false;
    }
    if (!scan_number_word(cursor, "K", word, &op->number))
        return false;
    if (op->number == 0)
        return scan_fail(cursor, word.text, "K counts from 1");
    return true;
}

static bool take_access(Cursor *cursor, TraceOp *op)
{
    Word word;
    if (!scan_needed(cursor, "r, w or x", &word))
        return false;
    if (word_is(word, "w"))
        op->access = TRACE_WRITE;
    else if (word_is(word, "x"))
        op->access = TRACE_EXECUTE;
    else if (!word_is(word, "r"))
        return scan_fail(cursor, word.text, "an access is r, w or x");
    return true;
}

static bool expect_result(Cursor *cursor, TraceOp *op)
{
    Word word;
    if (!scan_needed(cursor, "ok or a MEM_E code", &word))
        return false;
    op->expect.kind = TRACE_EXPECT_RESULT;
    for (size_t result = 0; result < TRACE_RESULTS; result++) {
        op->expect.result = (TraceResult)result;
        if (word_is(word, trace_result_name(op->expect.result)))
            return true;
    }
    char text[WORD_TEXT_MAX];
    return scan_fail(cursor, word.text, "'%s' is neither ok nor a MEM_E code", word_text(word, text));
}

/* PHYS, or the word that says there is none. */
static bool expect_phys_or(Cursor *cursor, TraceOp *op, const char *none, const char *what)
{
    Word word;
    if (!scan_needed(cursor, what, &word))
        return false;
    op->expect.kind = word_is(word, none) ? TRACE_EXPECT_MISS : TRACE_EXPECT_PHYS;
    return op->expect.kind == TRACE_EXPECT_MISS || scan_number_word(cursor, what, word, &op->expect.phys);
}

static bool expect_phys(Cursor *cursor, TraceOp *op)
{
    return expect_phys_or(cursor, op, "miss", "PHYS or miss");
}

static bool expect_access(Cursor *cursor, TraceOp *op)
{
    return expect_phys_or(cursor, op, "fault", "PHYS or fault");
}

static bool expect_leaf(Cursor *cursor, TraceOp *op)
{
    if (!expect_phys(cursor, op))
        return false;
    if (op->expect.kind == TRACE_EXPECT_MISS)
        return true;
    op->expect.kind = TRACE_EXPECT_LEAF;
    return scan_size(cursor, "SIZE", &op->expect.size) && scan_flags(cursor, "FLAGS", &op->expect.flags);
}

static bool expect_count(Cursor *cursor, TraceOp *op)
{
    op->expect.kind = TRACE_EXPECT_COUNT;
    return scan_number(cursor, "N", &op->expect.count);
}

static const Rule rules[] = {
    {"map", TRACE_MAP, {take_phys, take_virt, take_len, take_flags}, expect_result},
    {"unmap", TRACE_UNMAP, {take_virt, take_len}, NULL},
    {"protect", TRACE_PROTECT, {take_virt, take_len, take_flags}, expect_result},
    {"translate", TRACE_TRANSLATE, {take_virt}, expect_phys},
    {"lookup", TRACE_LOOKUP, {take_virt}, expect_leaf},
    {"collapse", TRACE_COLLAPSE, {take_virt, take_len}, expect_result},
    {"space", TRACE_SPACE, {take_number, take_space_options}, NULL},
    {"select", TRACE_SELECT, {take_number}, NULL},
    {"batch", TRACE_BATCH_BEGIN, {take_batch_end}, NULL},
    {"cpu", TRACE_CPU, {take_number}, NULL},
    {"switch", TRACE_SWITCH, {NULL}, NULL},
    {"access", TRACE_ACCESS, {take_access, take_virt}, expect_access},
    {"fail", TRACE_FAIL_ONCE, {take_fail_mode}, NULL},
    {"tables", TRACE_TABLES, {NULL}, expect_count},
    {"verify", TRACE_VERIFY, {NULL}, NULL},
};

static const Rule *find_rule(Word word)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (word_is(word, rules[i].word))
            return &rules[i];
    return NULL;
}

static bool parse_operation(Cursor *cursor, Word first, TraceOp *op)
{
    const Rule *rule = find_rule(first);
    char text[WORD_TEXT_MAX];
    if (!rule)
        return scan_fail(cursor, first.text, "unknown operation '%s'", word_text(first, text));
    op->verb = rule->verb;
    op->line = cursor->number;
    for (size_t i = 0; i < OPERANDS_MAX && rule->operands[i]; i++)
        if (!rule->operands[i](cursor, op))
            return false;
    const char *at = cursor->at;
    if (!scan_arrow(cursor))
        return scan_end(cursor);
    if (!rule->expect)
        return scan_fail(cursor, at, "'=>': %s answers nothing to expect", trace_verb_name(op->verb));
    return rule->expect(cursor, op) && scan_end(cursor);
}

/* A new operation, all zero; null when memory is out. It belongs to the trace at once. */
static TraceOp *append(Trace *trace)
{
    if (trace->count == trace->capacity) {
        size_t capacity = trace->capacity ? trace->capacity * 2 : 64;
        TraceOp *ops = reallocarray(trace->ops, capacity, sizeof *ops);
        if (!ops)
            return NULL;
        trace->ops = ops;
        trace->capacity = capacity;
    }
    TraceOp *op = &trace->ops[trace->count++];
    memset(op, 0, sizeof *op);
    return op;
}

static bool check_line(const Cursor *cursor)
{
    size_t len = (size_t)(cursor->end - cursor->line);
    if (len > TRACE_LINE_MAX)
        return scan_fail(cursor, cursor->line + TRACE_LINE_MAX, "the line is longer than %d bytes",
                         TRACE_LINE_MAX);
    const char *zero = memchr(cursor->line, 0, len);
    if (zero)
        return scan_fail(cursor, zero, "a zero byte");
    return true;
}

static bool parse_line(Trace *trace, Cursor *cursor)
{
    Word first;
    if (!check_line(cursor))
        return false;
    if (!scan_word(cursor, &first))
        return scan_end(cursor);
    TraceOp *op = append(trace);
    if (!op)
        return scan_fail(cursor, cursor->line, "out of memory");
    return parse_operation(cursor, first, op);
}

static bool parse_lines(Trace *trace, Cursor *cursor, const char *text, const char *text_end)
{
    for (const char *line = text; line < text_end; cursor->number++) {
        const char *newline = memchr(line, '\n', (size_t)(text_end - line));
        const char *end = newline ? newline : text_end;
        bool carriage_return = end > line && end[-1] == '\r';
        cursor->line = cursor->at = line;
        cursor->end = end - carriage_return;
        if (!parse_line(trace, cursor))
            return false;
        line = newline ? newline + 1 : text_end;
    }
    return true;
}

int trace_parse_text(Trace *trace, const char *name, const char *text, size_t len, TraceError *error)
{
    Cursor cursor = {.number = 1, .file = name, .error = error};
    *trace = (Trace){.name = strdup(name)};
    if (!trace->name)
        *error = (TraceError){.file = name, .message = "out of memory"};
    else if (len == 0 || parse_lines(trace, &cursor, text, text + len))
        return 0;
    trace_free(trace);
    return -1;
}

void trace_free(Trace *trace)
{
    for (size_t i = 0; i < trace->count; i++)
        free(trace->ops[i].name);
    free(trace->ops);
    free(trace->name);
    *trace = (Trace){0};
}
