/* SPDX-License-Identifier: MIT */
#ifndef TRACE_SCAN_H
#define TRACE_SCAN_H

/* The words of one line: what a number, a size and flags look like. Private to this room. */

#include "tools/trace/trace.h"

/* A place in a line. `end` is past its last byte; there is no zero byte in it. */
typedef struct Cursor {
    const char *line, *at, *end;
    size_t number; /* of the line, from 1 */
    const char *file;
    TraceError *error;
} Cursor;

typedef struct Word {
    const char *text;
    size_t len;
} Word;

/* Fills the error for the place `at` of the line. Always false, so that it can be returned. */
__attribute__((format(printf, 3, 4))) bool scan_fail(const Cursor *cursor, const char *at,
                                                     const char *format, ...);

/* The next word. False, and nothing consumed: the line, or its part before `=>` or `#`, has none left. */
bool scan_word(Cursor *cursor, Word *word);

/* Consumes `=>` if it is next. */
bool scan_arrow(Cursor *cursor);

/* False with the error filled where something other than a comment is left. */
bool scan_end(Cursor *cursor);

bool word_is(Word word, const char *text);

/* The text of a word for a message: cut where it is long, and unprintable bytes replaced. */
#define WORD_TEXT_MAX 48
const char *word_text(Word word, char text[WORD_TEXT_MAX]);

/* Each takes one word; false with the error filled where it is missing or wrong. `what` names it. */
bool scan_needed(Cursor *cursor, const char *what, Word *word);
bool scan_number(Cursor *cursor, const char *what, uint64_t *number);
bool scan_size(Cursor *cursor, const char *what, uint64_t *size);
bool scan_flags(Cursor *cursor, const char *what, TraceFlags *flags);

/* The number that is `word`, where the word is already taken. */
bool scan_number_word(const Cursor *cursor, const char *what, Word word, uint64_t *number);

/* The names of the memory types in the text, by TraceType; the default's is null. */
extern const char *const trace_type_names[TRACE_TYPES];

#endif
