/* SPDX-License-Identifier: MIT */

/* RISC-V Sv39: 39-bit addresses, 3 levels (Privileged Architecture, "Sv39"). */

#include "arch/riscv/format.h"

static const MemFormat riscv_sv39 = {
    .name = "riscv_sv39",
    .va_bits = 39,
    .top = 2,
    .levels =
        {
            [0] = RISCV_PAGES,                                  /* 4 KiB */
            [1] = {.shift = 21, .index_bits = 9, .leaf = true}, /* 2 MiB */
            [2] = {.shift = 30, .index_bits = 9, .leaf = true}, /* 1 GiB */
        },
    RISCV_COMMON_FIELDS,
};

#define FORMAT riscv_sv39
#include "lib/instance.h"
