/* SPDX-License-Identifier: MIT */

/* Eight pages: three levels of two entries, and an exact count. */

#include "tests/model/tiny_entries.h"

static const MemFormat micro = {
    .name = "micro",
    .va_bits = 15,
    .top = 2,
    .count_bits = 2,
    .levels = {{12, 1, true, 0}, {13, 1, true, 0}, {14, 1, true, 0}},
    TINY_COMMON_FIELDS,
};

#define FORMAT micro
#include "lib/instance.h"
