/* SPDX-License-Identifier: MIT */

/* Extended page tables with 5 levels, 57-bit guest-physical addresses: SDM volume 3C, section 29.3.2. */

#include "arch/ept/format.h"

static const MemFormat ept_5level = {
    .name = "ept_5level",
    .va_bits = 57,
    .top = 4,
    .levels =
        {
            [0] = {.shift = 12, .index_bits = 9, .leaf = true}, /* 4 KiB */
            [1] = {.shift = 21, .index_bits = 9, .leaf = true}, /* 2 MiB, where the CPU has it */
            [2] = {.shift = 30, .index_bits = 9, .leaf = true}, /* 1 GiB, where the CPU has it */
            [3] = {.shift = 39, .index_bits = 9},
            [4] = {.shift = 48, .index_bits = 9},
        },
    EPT_COMMON_FIELDS,
};

#define FORMAT ept_5level
#include "lib/instance.h"
