/* SPDX-License-Identifier: MIT */

/* Tables of different sizes, and a count that only knows odd from even: emptiness must be looked at. */

#include "tests/model/tiny_entries.h"

static const MemFormat tiny_mod2 = {
    .name = "tiny_mod2",
    .va_bits = 18,
    .top = 2,
    .count_bits = 1,
    .levels = {{12, 3, true, 0}, {15, 1, true, 0}, {16, 2, false, 0}},
    TINY_COMMON_FIELDS,
};

#define FORMAT tiny_mod2
#include "lib/instance.h"
