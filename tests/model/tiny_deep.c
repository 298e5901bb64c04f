/* SPDX-License-Identifier: MIT */

/* Five levels of two or one index bits, leaves at three of them, and no count at all. */

#include "tests/model/tiny_entries.h"

static const MemFormat tiny_deep = {
    .name = "tiny_deep",
    .va_bits = 18,
    .va_sign_extended = true,
    .top = 4,
    .count_bits = 0,
    .levels = {{12, 2, true, 0}, {14, 1, true, 0}, {15, 1, true, 0}, {16, 1, false, 0}, {17, 1, false, 0}},
    TINY_COMMON_FIELDS,
};

#define FORMAT tiny_deep
#include "lib/instance.h"
