/* SPDX-License-Identifier: MIT */

/* Three levels of four entries, canonical addresses, an exact count. */

#include "tests/model/tiny_entries.h"

static const MemFormat tiny = {
    .name = "tiny",
    .va_bits = 18,
    .va_sign_extended = true,
    .top = 2,
    .count_bits = 3,
    .levels = {{12, 2, true, 0}, {14, 2, true, 0}, {16, 2, true, 0}},
    TINY_COMMON_FIELDS,
};

#define FORMAT tiny
#include "lib/instance.h"
