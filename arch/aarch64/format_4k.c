/* SPDX-License-Identifier: MIT */

/*
 * AArch64 with pages of 4 KiB: 48-bit addresses with 4 levels, or with LPA2 52 bits and 5. DDI 0487, D8.2.6
 * and the table of block sizes in D8.3.1. `_upper` is the half of TTBR1, whose addresses begin with ones.
 */

#include "arch/aarch64/stage1.h"
#include "arch/aarch64/stage2.h"

/* Leaves of 4 KiB, 2 MiB, 1 GiB; */
#define LEVELS_48                                                                                          \
    .top = 3, .levels = {A64_RUNS(12, 9, 4), A64_RUNS(21, 9, 4), A64_LEAVES(30, 9), A64_TABLES(39, 9)}

/* with 52-bit addresses of 512 GiB too. */
#define LEVELS_52                                                                                          \
    .top = 4, .levels = {A64_RUNS(12, 9, 4), A64_RUNS(21, 9, 4), A64_LEAVES(30, 9), A64_LEAVES(39, 9),     \
                         A64_TABLES(48, 4)}

/* An address of a block has no bits below its size. */
static inline MemEntry reserved_48(unsigned level)
{
    return (((MemEntry)1 << (12 + 9 * level)) - 1) & A64_ADDRESS;
}

static inline MemEntry reserved_52(unsigned level)
{
    return (((MemEntry)1 << (12 + 9 * level)) - 1) & A64_LPA2_ADDRESS &
           ~(MemEntry)0x300; /* the topmost bits */
}

static const MemFormat aarch64_4k = {
    .name = "aarch64_4k",
    .va_bits = 48,
    LEVELS_48,
    A64_PLAIN_FIELDS,
    A64_STAGE1_FIELDS,
    .encode = a64_stage1_encode,
    .reserved = reserved_48,
};

#define FORMAT aarch64_4k
#include "lib/instance.h"

static const MemFormat aarch64_4k_upper = {
    .name = "aarch64_4k_upper",
    .va_bits = 48,
    .va_upper = true,
    LEVELS_48,
    A64_PLAIN_FIELDS,
    A64_STAGE1_FIELDS,
    .encode = a64_stage1_encode,
    .reserved = reserved_48,
};

#define FORMAT aarch64_4k_upper
#include "lib/instance.h"

static const MemFormat aarch64_4k_stage2 = {
    .name = "aarch64_4k_stage2",
    .va_bits = 48,
    LEVELS_48,
    A64_PLAIN_FIELDS,
    A64_STAGE2_FIELDS,
    .encode = a64_stage2_encode,
    .reserved = reserved_48,
};

#define FORMAT aarch64_4k_stage2
#include "lib/instance.h"

static const MemFormat aarch64_4k_lpa2 = {
    .name = "aarch64_4k_lpa2",
    .va_bits = 52,
    LEVELS_52,
    A64_LPA2_FIELDS,
    A64_STAGE1_FIELDS,
    .encode = a64_stage1_encode_lpa2,
    .reserved = reserved_52,
};

#define FORMAT aarch64_4k_lpa2
#include "lib/instance.h"

static const MemFormat aarch64_4k_lpa2_upper = {
    .name = "aarch64_4k_lpa2_upper",
    .va_bits = 52,
    .va_upper = true,
    LEVELS_52,
    A64_LPA2_FIELDS,
    A64_STAGE1_FIELDS,
    .encode = a64_stage1_encode_lpa2,
    .reserved = reserved_52,
};

#define FORMAT aarch64_4k_lpa2_upper
#include "lib/instance.h"

static const MemFormat aarch64_4k_lpa2_stage2 = {
    .name = "aarch64_4k_lpa2_stage2",
    .va_bits = 52,
    LEVELS_52,
    A64_LPA2_FIELDS,
    A64_STAGE2_FIELDS,
    .encode = a64_stage2_encode_lpa2,
    .reserved = reserved_52,
};

#define FORMAT aarch64_4k_lpa2_stage2
#include "lib/instance.h"
