/* SPDX-License-Identifier: MIT */

/* Sixteen pages: tables of four and two entries, and a count of odd and even. */

#include "tests/model/tiny_entries.h"

static const MemFormat micro_wide = {
    .name = "micro_wide",
    .va_bits = 16,
    .top = 2,
    .count_bits = 1,
    .levels = {{12, 2, true, 0}, {14, 1, true, 0}, {15, 1, true, 0}},
    TINY_COMMON_FIELDS,
};

#define FORMAT micro_wide
#include "lib/instance.h"
