/* SPDX-License-Identifier: MIT */

/* Eight pages, four at each end of a canonical address space, and no count at all. */

#include "tests/model/tiny_entries.h"

static const MemFormat micro_halves = {
    .name = "micro_halves",
    .va_bits = 15,
    .va_sign_extended = true,
    .top = 2,
    .count_bits = 0,
    .levels = {{12, 1, true, 0}, {13, 1, true, 0}, {14, 1, true, 0}},
    TINY_COMMON_FIELDS,
};

#define FORMAT micro_halves
#include "lib/instance.h"
