/* SPDX-License-Identifier: MIT */

/* Five levels of two or one index bits, leaves at three of them, and no count at all. */

#include "tests/model/tiny_entries.h"

static const MemFormat tiny_deep = {
    .name = "tiny_deep",
    .va_bits = 18,
    .va_sign_extended = true,
    .top = 4,
    .count_bits = 0,
    .levels = {{12, 2, true}, {14, 1, true}, {15, 1, true}, {16, 1, false}, {17, 1, false}},
    TINY_COMMON_FIELDS,
};

#define FORMAT tiny_deep
#include "lib/instance.h"
