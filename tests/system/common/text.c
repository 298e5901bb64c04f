/* SPDX-License-Identifier: MIT */
#include "common/text.h"

typedef struct Line {
    const char *at, *end;
} Line;

/* A word, or nothing: then it is empty. */
static Line next_word(Line *line)
{
    while (line->at < line->end && *line->at == ' ')
        line->at++;
    Line word = {line->at, line->at};
    while (word.end < line->end && *word.end != ' ')
        word.end++;
    line->at = word.end;
    return word;
}

static bool word_is(Line word, const char *text)
{
    usize i = 0;
    for (; word.at + i < word.end && text[i] != '\0'; i++)
        if (word.at[i] != text[i])
            return false;
    return word.at + i == word.end && text[i] == '\0';
}

/* Consumes `text` from the front of the word if it is there. */
static bool take(Line *word, const char *text)
{
    const char *at = word->at;
    for (; *text != '\0'; text++, at++)
        if (at == word->end || *at != *text)
            return false;
    word->at = at;
    return true;
}

static unsigned digit_of(char character)
{
    if (character >= '0' && character <= '9')
        return (unsigned)(character - '0');
    return character >= 'a' && character <= 'f' ? (unsigned)(character - 'a') + 10 : 16;
}

static unsigned unit_shift(char character)
{
    static const char units[] = "KMGT";
    for (unsigned i = 0; i < 4; i++)
        if (units[i] == character)
            return 10 * (i + 1);
    return 0;
}

static usize number_of(Line word)
{
    unsigned base = take(&word, "0x") ? 16 : 10;
    usize number = 0;
    for (; word.at < word.end && digit_of(*word.at) < base; word.at++)
        number = number * base + digit_of(*word.at);
    return word.at < word.end ? number << unit_shift(*word.at) : number;
}

static int flags_of(Line word)
{
    static const struct {
        const char *text;
        int flag;
    } names[] = {
        {"r", 0},
        {"w", MEM_VMAP_WRITE},
        {"x", MEM_VMAP_EXEC},
        {"u", MEM_VMAP_USER},
        {"g", MEM_VMAP_GLOBAL},
        {",wt", MEM_VMAP_WRITE_THROUGH},
        {",uc", MEM_VMAP_UNCACHED},
        {",wc", MEM_VMAP_WRITE_COMBINING},
        {",dev", MEM_VMAP_DEVICE},
        {",4k", MEM_VMAP_CAP_4K},
        {",2m", MEM_VMAP_CAP_2M},
        {",noreserve", MEM_VMAP_NO_RESERVE},
    };
    int flags = 0;
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (take(&word, names[i].text))
            flags |= names[i].flag;
    return flags;
}

static const char *const result_names[] = {"ok",           "MEM_EINVAL",  "MEM_EALIGN", "MEM_ERANGE",
                                           "MEM_EOVERLAP", "MEM_ENOMEM",  "MEM_EFLAGS", "MEM_ENOTSUP",
                                           "MEM_EMISS",    "MEM_ECORRUPT"};
enum { RESULTS = sizeof result_names / sizeof *result_names };

const char *text_result_name(int code)
{
    return code <= 0 && code > -RESULTS ? result_names[-code] : "?";
}

/* What follows `=>`. */
static void parse_expected(Line *line, Op *op)
{
    Line word = next_word(line);
    for (int i = 0; i < RESULTS; i++) {
        if (word_is(word, result_names[i])) {
            op->expect = EXPECT_RESULT;
            op->result = -i;
            return;
        }
    }
    if (word_is(word, "miss") || word_is(word, "fault")) {
        op->expect = EXPECT_MISS;
        return;
    }
    op->expect = EXPECT_PHYS;
    op->expect_phys = number_of(word);
    if (op->verb == VERB_LOOKUP) {
        op->expect = EXPECT_LEAF;
        op->expect_size = number_of(next_word(line));
        op->expect_flags = flags_of(next_word(line));
    }
}

static Access access_of(Line word)
{
    if (word_is(word, "w"))
        return ACCESS_WRITE;
    return word_is(word, "x") ? ACCESS_EXECUTE : ACCESS_READ;
}

/* What stands between the verb and `=>`, one letter each: p phys, v virt, l len, f flags, n number, a access. */
static void parse_operands(Line *line, const char *operands, Op *op)
{
    for (; *operands != '\0'; operands++) {
        Line word = next_word(line);
        switch (*operands) {
        case 'p':
            op->phys = number_of(word);
            break;
        case 'v':
            op->virt = number_of(word);
            break;
        case 'l':
            op->len = number_of(word);
            break;
        case 'n':
            op->number = number_of(word);
            break;
        case 'f':
            op->flags = flags_of(word);
            break;
        default:
            op->access = access_of(word);
        }
    }
}

static void parse_fail(Line *line, Op *op)
{
    Line word = next_word(line);
    op->verb = VERB_FAIL_ONCE;
    if (word_is(word, "never")) {
        op->verb = VERB_FAIL_NEVER;
        return;
    }
    if (word_is(word, "from")) {
        op->verb = VERB_FAIL_FROM;
        word = next_word(line);
    }
    op->number = number_of(word);
}

static void parse_verb(Line *line, Op *op)
{
    static const struct {
        const char *name;
        Verb verb;
        const char *operands;
    } rules[] = {
        {"map", VERB_MAP, "pvlf"},     {"unmap", VERB_UNMAP, "vl"},        {"protect", VERB_PROTECT, "vlf"},
        {"access", VERB_ACCESS, "av"}, {"collapse", VERB_COLLAPSE, "vl"},  {"lookup", VERB_LOOKUP, "v"},
        {"space", VERB_SPACE, "n"},    {"translate", VERB_TRANSLATE, "v"}, {"verify", VERB_VERIFY, ""},
        {"select", VERB_SELECT, "n"},
    };
    Line word = next_word(line);
    op->verb = word.at == word.end ? VERB_NONE : VERB_UNKNOWN;
    for (unsigned i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (word_is(word, rules[i].name)) {
            op->verb = rules[i].verb;
            parse_operands(line, rules[i].operands, op);
        }
    }
    if (word_is(word, "batch"))
        op->verb = word_is(next_word(line), "begin") ? VERB_BATCH_BEGIN : VERB_BATCH_END;
    if (word_is(word, "fail"))
        parse_fail(line, op);
}

/* Options of a space, and what is expected. */
static void parse_rest(Line *line, Op *op)
{
    for (Line word = next_word(line); word.at < word.end; word = next_word(line)) {
        if (word_is(word, "=>"))
            parse_expected(line, op);
        op->write_exec |= word_is(word, "wx");
    }
}

const char *text_parse(const char *at, const char *end, Op *op)
{
    *op = (Op){.verb = VERB_NONE};
    if (at >= end)
        return NULL;
    const char *newline = at;
    while (newline < end && *newline != '\n')
        newline++;
    Line line = {at, at};
    while (line.end < newline && *line.end != '#')
        line.end++;
    parse_verb(&line, op);
    parse_rest(&line, op);
    return newline + 1;
}
