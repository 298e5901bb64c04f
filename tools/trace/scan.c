/* SPDX-License-Identifier: MIT */
#include "tools/trace/scan.h"

#include <stdarg.h>
#include <string.h>

const char *const trace_type_names[TRACE_TYPES] = {
    [TRACE_WRITE_THROUGH] = "wt",
    [TRACE_UNCACHED] = "uc",
    [TRACE_WRITE_COMBINING] = "wc",
    [TRACE_DEVICE] = "dev",
};

bool scan_fail(const Cursor *cursor, const char *at, const char *format, ...)
{
    TraceError *error = cursor->error;
    error->file = cursor->file;
    error->line = cursor->number;
    error->column = (size_t)(at - cursor->line) + 1;

    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return false;
}

/* Whether a word cannot go on at `at`. `=>` ends one so that the blanks around it are optional. */
static bool ends_word(const char *at, const char *end)
{
    if (at == end || *at == ' ' || *at == '\t' || *at == '#')
        return true;
    return at[0] == '=' && end - at > 1 && at[1] == '>';
}

static void skip_blanks(Cursor *cursor)
{
    while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\t'))
        cursor->at++;
}

bool scan_word(Cursor *cursor, Word *word)
{
    skip_blanks(cursor);
    const char *at = cursor->at;
    while (!ends_word(at, cursor->end))
        at++;
    *word = (Word){.text = cursor->at, .len = (size_t)(at - cursor->at)};
    cursor->at = at;
    return word->len > 0;
}

bool scan_arrow(Cursor *cursor)
{
    skip_blanks(cursor);
    if (cursor->end - cursor->at < 2 || cursor->at[0] != '=' || cursor->at[1] != '>')
        return false;
    cursor->at += 2;
    return true;
}

bool scan_end(Cursor *cursor)
{
    skip_blanks(cursor);
    if (cursor->at == cursor->end || *cursor->at == '#')
        return true;
    Word word;
    char text[WORD_TEXT_MAX];
    const char *at = cursor->at;
    if (!scan_word(cursor, &word))
        return scan_fail(cursor, at, "unexpected '=>'");
    return scan_fail(cursor, at, "unexpected '%s'", word_text(word, text));
}

bool word_is(Word word, const char *text)
{
    return strlen(text) == word.len && memcmp(word.text, text, word.len) == 0;
}

const char *word_text(Word word, char text[WORD_TEXT_MAX])
{
    static const char ellipsis[] = "...";
    size_t room = WORD_TEXT_MAX - sizeof ellipsis;
    size_t len = word.len < room ? word.len : room;
    for (size_t i = 0; i < len; i++)
        text[i] = word.text[i] < ' ' || word.text[i] > '~' ? '?' : word.text[i];
    memcpy(text + len, ellipsis, sizeof ellipsis);
    if (len == word.len)
        text[len] = '\0';
    return text;
}

bool scan_needed(Cursor *cursor, const char *what, Word *word)
{
    if (scan_word(cursor, word))
        return true;
    return scan_fail(cursor, cursor->at, "%s is missing", what);
}

static unsigned unit_shift(char unit)
{
    switch (unit) {
    case 'K':
        return 10;
    case 'M':
        return 20;
    case 'G':
        return 30;
    case 'T':
        return 40;
    default:
        return 0;
    }
}

static unsigned digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return (unsigned)(digit - '0');
    if (digit >= 'a' && digit <= 'f')
        return (unsigned)(digit - 'a') + 10;
    if (digit >= 'A' && digit <= 'F')
        return (unsigned)(digit - 'A') + 10;
    return 16;
}

/* The digits, base and unit of a number. */
typedef struct Digits {
    const char *first, *end;
    unsigned base, shift;
} Digits;

static Digits digits_of(Word word)
{
    Digits digits = {.first = word.text, .end = word.text + word.len, .base = 10};
    if (word.len >= 2 && word.text[0] == '0' && word.text[1] == 'x') {
        digits.first += 2;
        digits.base = 16;
    } else if (word.len >= 2) {
        digits.shift = unit_shift(digits.end[-1]);
        digits.end -= digits.shift != 0;
    }
    return digits;
}

static bool fail_number(const Cursor *cursor, const char *at, const char *what, Word word, const char *why)
{
    char text[WORD_TEXT_MAX];
    return scan_fail(cursor, at, "%s: '%s' %s", what, word_text(word, text), why);
}

bool scan_number_word(const Cursor *cursor, const char *what, Word word, uint64_t *number)
{
    Digits digits = digits_of(word);
    const char *at = digits.first;
    uint64_t value = 0;
    bool overflow = false;
    for (; at < digits.end && digit_value(*at) < digits.base; at++) {
        overflow |= __builtin_mul_overflow(value, digits.base, &value);
        overflow |= __builtin_add_overflow(value, digit_value(*at), &value);
    }
    if (at < digits.end || at == digits.first)
        return fail_number(cursor, at, what, word,
                           "is no number (0x and hexadecimal, or decimal and maybe K, M, G or T)");
    if (digits.base == 10 && *digits.first == '0' && digits.end - digits.first > 1)
        return fail_number(cursor, word.text, what, word, "begins with 0 (there are no octal numbers)");
    if (overflow || value > UINT64_MAX >> digits.shift)
        return fail_number(cursor, word.text, what, word, "does not fit in 64 bits");
    *number = value << digits.shift;
    return true;
}

bool scan_number(Cursor *cursor, const char *what, uint64_t *number)
{
    Word word;
    return scan_needed(cursor, what, &word) && scan_number_word(cursor, what, word, number);
}

bool scan_size(Cursor *cursor, const char *what, uint64_t *size)
{
    Word word;
    if (!scan_needed(cursor, what, &word) || !scan_number_word(cursor, what, word, size))
        return false;
    if (*size == 0 || (*size & (*size - 1)) != 0)
        return fail_number(cursor, word.text, what, word, "is no power of two");
    return true;
}

/* Consumes `text` from the front of `word` if it is there. */
static bool take(Word *word, const char *text)
{
    size_t len = strlen(text);
    if (word->len < len || memcmp(word->text, text, len) != 0)
        return false;
    word->text += len;
    word->len -= len;
    return true;
}

/* Consumes ",name" if it is there as a whole. */
static bool take_option(Word *word, const char *name)
{
    Word rest = *word;
    if (!take(&rest, ",") || !take(&rest, name) || (rest.len > 0 && rest.text[0] != ','))
        return false;
    *word = rest;
    return true;
}

static uint8_t take_type(Word *word)
{
    for (uint8_t type = TRACE_WRITE_BACK + 1; type < TRACE_TYPES; type++)
        if (take_option(word, trace_type_names[type]))
            return type;
    return TRACE_WRITE_BACK;
}

bool scan_flags(Cursor *cursor, const char *what, TraceFlags *flags)
{
    Word word;
    if (!scan_needed(cursor, what, &word))
        return false;
    if (!take(&word, "r"))
        return scan_fail(cursor, word.text, "%s must begin with r", what);
    flags->write = take(&word, "w");
    flags->exec = take(&word, "x");
    flags->user = take(&word, "u");
    flags->global = take(&word, "g");
    flags->type = take_type(&word);
    flags->cap_4k = take_option(&word, "4k");
    flags->cap_2m = take_option(&word, "2m");
    flags->noreserve = take_option(&word, "noreserve");
    if (word.len == 0)
        return true;
    char text[WORD_TEXT_MAX];
    return scan_fail(cursor, word.text,
                     "%s: '%s' is unknown, repeated or in the wrong place "
                     "(r[w][x][u][g][,wt|,uc|,wc|,dev][,4k][,2m][,noreserve])",
                     what, word_text(word, text));
}
