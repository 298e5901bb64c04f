/* SPDX-License-Identifier: MIT */
#ifndef SYSTEM_TEXT_H
#define SYSTEM_TEXT_H

/* The text form of operations (docs/design.md, section 13), as far as a kernel needs it. */

#include "common/kernel.h"

typedef enum Verb {
    VERB_NONE, /* an empty line, or a comment */
    VERB_SPACE,
    VERB_SELECT,
    VERB_MAP,
    VERB_UNMAP,
    VERB_PROTECT,
    VERB_COLLAPSE,
    VERB_TRANSLATE,
    VERB_LOOKUP,
    VERB_BATCH_BEGIN,
    VERB_BATCH_END,
    VERB_ACCESS,
    VERB_FAIL_ONCE,
    VERB_FAIL_FROM,
    VERB_FAIL_NEVER,
    VERB_VERIFY,
    VERB_UNKNOWN,
} Verb;

typedef enum Expect {
    EXPECT_NONE,
    EXPECT_RESULT,
    EXPECT_MISS, /* and fault */
    EXPECT_PHYS,
    EXPECT_LEAF,
} Expect;

/* One operation. */
typedef struct Op {
    Verb verb;
    usize phys, virt, len, number;
    int flags;
    Access access;
    bool write_exec;
    Expect expect;
    int result;
    usize expect_phys, expect_size;
    int expect_flags;
} Op;

/* The line that begins at `at`; returns where the next one does, or null where the text `[.., end)` is over. */
const char *text_parse(const char *at, const char *end, Op *op);

/* The name that the text has for a code. */
const char *text_result_name(int code);

#endif
