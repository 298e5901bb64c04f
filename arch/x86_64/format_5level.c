/* SPDX-License-Identifier: MIT */

/* x86-64 with 5 levels, 57-bit addresses, CR4.LA57: SDM volume 3A, section 4.5.4, figure 4-8. */

#include "arch/x86_64/format.h"

static const MemFormat x86_64_5level = {
    .name = "x86_64_5level",
    .va_bits = 57,
    .top = 4,
    .levels =
        {
            [0] = {.shift = 12, .index_bits = 9, .leaf = true}, /* page table: 4 KiB */
            [1] = {.shift = 21, .index_bits = 9, .leaf = true}, /* page directory: 2 MiB */
            [2] = {.shift = 30, .index_bits = 9, .leaf = true}, /* PDPT: 1 GiB, where the CPU has it */
            [3] = {.shift = 39, .index_bits = 9},               /* PML4 */
            [4] = {.shift = 48, .index_bits = 9},               /* PML5 */
        },
    .type_index = X86_RESET_TYPES,
    X86_COMMON_FIELDS,
};

#define FORMAT x86_64_5level
#include "lib/instance.h"
