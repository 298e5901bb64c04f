/* SPDX-License-Identifier: MIT */

/* RISC-V Sv48: 48-bit addresses, 4 levels (Privileged Architecture, "Sv48"). */

#include "arch/riscv/format.h"

static const MemFormat riscv_sv48 = {
    .name = "riscv_sv48",
    .va_bits = 48,
    .top = 3,
    .levels =
        {
            [0] = RISCV_PAGES,                                  /* 4 KiB */
            [1] = {.shift = 21, .index_bits = 9, .leaf = true}, /* 2 MiB */
            [2] = {.shift = 30, .index_bits = 9, .leaf = true}, /* 1 GiB */
            [3] = {.shift = 39, .index_bits = 9, .leaf = true}, /* 512 GiB */
        },
    RISCV_COMMON_FIELDS,
};

#define FORMAT riscv_sv48
#include "lib/instance.h"
