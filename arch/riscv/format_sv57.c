/* SPDX-License-Identifier: MIT */

/* RISC-V Sv57: 57-bit addresses, 5 levels (Privileged Architecture, "Sv57"). */

#include "arch/riscv/format.h"

static const MemFormat riscv_sv57 = {
    .name = "riscv_sv57",
    .va_bits = 57,
    .top = 4,
    .levels =
        {
            [0] = RISCV_PAGES,                                  /* 4 KiB */
            [1] = {.shift = 21, .index_bits = 9, .leaf = true}, /* 2 MiB */
            [2] = {.shift = 30, .index_bits = 9, .leaf = true}, /* 1 GiB */
            [3] = {.shift = 39, .index_bits = 9, .leaf = true}, /* 512 GiB */
            [4] = {.shift = 48, .index_bits = 9, .leaf = true}, /* 256 TiB */
        },
    RISCV_COMMON_FIELDS,
};

#define FORMAT riscv_sv57
#include "lib/instance.h"
