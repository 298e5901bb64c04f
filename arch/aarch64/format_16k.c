/* SPDX-License-Identifier: MIT */

/*
 * AArch64 with pages of 16 KiB: 48-bit addresses with 4 levels, or with LPA2 52 bits. DDI 0487, D8.2.7 and
 * the table of block sizes in D8.3.1. `_upper` is the half of TTBR1, whose addresses begin with ones.
 */

#include "arch/aarch64/stage1.h"
#include "arch/aarch64/stage2.h"

/* Leaves of 16 KiB, 32 MiB; */
#define LEVELS_48                                                                                          \
    .top = 3, .levels = {A64_RUNS(14, 11, 7), A64_RUNS(25, 11, 5), A64_TABLES(36, 11), A64_TABLES(47, 1)}

/* with 52-bit addresses of 64 GiB too. */
#define LEVELS_52                                                                                          \
    .top = 3, .levels = {A64_RUNS(14, 11, 7), A64_RUNS(25, 11, 5), A64_LEAVES(36, 11), A64_TABLES(47, 5)}

/* An address of a block has no bits below its size. */
static inline MemEntry reserved_48(unsigned level)
{
    return (((MemEntry)1 << (14 + 11 * level)) - 1) & A64_ADDRESS;
}

static inline MemEntry reserved_52(unsigned level)
{
    return (((MemEntry)1 << (14 + 11 * level)) - 1) & A64_LPA2_ADDRESS &
           ~(MemEntry)0x300; /* the topmost bits */
}

static const MemFormat aarch64_16k = {
    .name = "aarch64_16k",
    .va_bits = 48,
    LEVELS_48,
    A64_PLAIN_FIELDS,
    A64_STAGE1_FIELDS,
    .encode = a64_stage1_encode,
    .reserved = reserved_48,
};

#define FORMAT aarch64_16k
#include "lib/instance.h"

static const MemFormat aarch64_16k_upper = {
    .name = "aarch64_16k_upper",
    .va_bits = 48,
    .va_upper = true,
    LEVELS_48,
    A64_PLAIN_FIELDS,
    A64_STAGE1_FIELDS,
    .encode = a64_stage1_encode,
    .reserved = reserved_48,
};

#define FORMAT aarch64_16k_upper
#include "lib/instance.h"

/*
 * Without LPA2 a stage 2 walk cannot start at level 0 (D8.2.7, VTCR_EL2.SL0): 48 bits would take two root tables
 * side by side, one has 47.
 */
static const MemFormat aarch64_16k_stage2 = {
    .name = "aarch64_16k_stage2",
    .va_bits = 47,
    .top = 2,
    .levels = {A64_RUNS(14, 11, 7), A64_RUNS(25, 11, 5), A64_TABLES(36, 11)},
    A64_PLAIN_FIELDS,
    A64_STAGE2_FIELDS,
    .encode = a64_stage2_encode,
    .reserved = reserved_48,
};

#define FORMAT aarch64_16k_stage2
#include "lib/instance.h"

static const MemFormat aarch64_16k_lpa2 = {
    .name = "aarch64_16k_lpa2",
    .va_bits = 52,
    LEVELS_52,
    A64_LPA2_FIELDS,
    A64_STAGE1_FIELDS,
    .encode = a64_stage1_encode_lpa2,
    .reserved = reserved_52,
};

#define FORMAT aarch64_16k_lpa2
#include "lib/instance.h"

static const MemFormat aarch64_16k_lpa2_upper = {
    .name = "aarch64_16k_lpa2_upper",
    .va_bits = 52,
    .va_upper = true,
    LEVELS_52,
    A64_LPA2_FIELDS,
    A64_STAGE1_FIELDS,
    .encode = a64_stage1_encode_lpa2,
    .reserved = reserved_52,
};

#define FORMAT aarch64_16k_lpa2_upper
#include "lib/instance.h"

static const MemFormat aarch64_16k_lpa2_stage2 = {
    .name = "aarch64_16k_lpa2_stage2",
    .va_bits = 52,
    LEVELS_52,
    A64_LPA2_FIELDS,
    A64_STAGE2_FIELDS,
    .encode = a64_stage2_encode_lpa2,
    .reserved = reserved_52,
};

#define FORMAT aarch64_16k_lpa2_stage2
#include "lib/instance.h"
