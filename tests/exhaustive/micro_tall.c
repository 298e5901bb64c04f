/* SPDX-License-Identifier: MIT */

/* Sixteen pages: four levels of two entries, leaves at three of them, a count of odd and even. */

#include "tests/model/tiny_entries.h"

static const MemFormat micro_tall = {
    .name = "micro_tall",
    .va_bits = 16,
    .top = 3,
    .count_bits = 1,
    .levels = {{12, 1, true, 0}, {13, 1, true, 0}, {14, 1, true, 0}, {15, 1, false, 0}},
    TINY_COMMON_FIELDS,
};

#define FORMAT micro_tall
#include "lib/instance.h"
