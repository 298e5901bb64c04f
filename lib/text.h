/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_TEXT_H
#define MEM_LIB_TEXT_H

/* Names. A freestanding library has no strcmp. */

#include <stdbool.h>

static inline bool same_text(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* Whether `text` begins with `beginning`. */
static inline bool text_begins(const char *text, const char *beginning)
{
    while (*beginning != '\0' && *text == *beginning) {
        text++;
        beginning++;
    }
    return *beginning == '\0';
}

#endif
