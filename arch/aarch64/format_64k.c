/* SPDX-License-Identifier: MIT */

/*
 * AArch64 with pages of 64 KiB: 48-bit addresses with 3 levels, or with LPA 52 bits. DDI 0487, D8.2.8 and
 * the table of block sizes in D8.3.1. `_upper` is the half of TTBR1, whose addresses begin with ones.
 */

#include "arch/aarch64/stage1.h"
#include "arch/aarch64/stage2.h"

/* Leaves of 64 KiB, 512 MiB; */
#define LEVELS_48 .top = 2, .levels = {A64_RUNS(16, 13, 5), A64_RUNS(29, 13, 5), A64_TABLES(42, 6)}

/* with 52-bit addresses of 4 TiB too. */
#define LEVELS_52 .top = 2, .levels = {A64_RUNS(16, 13, 5), A64_RUNS(29, 13, 5), A64_LEAVES(42, 10)}

/* An address of a block has no bits below its size. */
static inline MemEntry reserved_48(unsigned level)
{
    return (((MemEntry)1 << (16 + 13 * level)) - 1) & A64_ADDRESS;
}

static inline MemEntry reserved_52(unsigned level)
{
    return reserved_48(level) & ~(MemEntry)0xf000; /* these are the topmost bits */
}

static const MemFormat aarch64_64k = {
    .name = "aarch64_64k",
    .va_bits = 48,
    LEVELS_48,
    A64_PLAIN_FIELDS,
    A64_STAGE1_FIELDS,
    .encode = a64_stage1_encode,
    .reserved = reserved_48,
};

#define FORMAT aarch64_64k
#include "lib/instance.h"

static const MemFormat aarch64_64k_upper = {
    .name = "aarch64_64k_upper",
    .va_bits = 48,
    .va_upper = true,
    LEVELS_48,
    A64_PLAIN_FIELDS,
    A64_STAGE1_FIELDS,
    .encode = a64_stage1_encode,
    .reserved = reserved_48,
};

#define FORMAT aarch64_64k_upper
#include "lib/instance.h"

static const MemFormat aarch64_64k_stage2 = {
    .name = "aarch64_64k_stage2",
    .va_bits = 48,
    LEVELS_48,
    A64_PLAIN_FIELDS,
    A64_STAGE2_FIELDS,
    .encode = a64_stage2_encode,
    .reserved = reserved_48,
};

#define FORMAT aarch64_64k_stage2
#include "lib/instance.h"

static const MemFormat aarch64_64k_lpa = {
    .name = "aarch64_64k_lpa",
    .va_bits = 52,
    LEVELS_52,
    A64_LPA_FIELDS,
    A64_STAGE1_FIELDS,
    .encode = a64_stage1_encode,
    .reserved = reserved_52,
};

#define FORMAT aarch64_64k_lpa
#include "lib/instance.h"

static const MemFormat aarch64_64k_lpa_upper = {
    .name = "aarch64_64k_lpa_upper",
    .va_bits = 52,
    .va_upper = true,
    LEVELS_52,
    A64_LPA_FIELDS,
    A64_STAGE1_FIELDS,
    .encode = a64_stage1_encode,
    .reserved = reserved_52,
};

#define FORMAT aarch64_64k_lpa_upper
#include "lib/instance.h"

static const MemFormat aarch64_64k_lpa_stage2 = {
    .name = "aarch64_64k_lpa_stage2",
    .va_bits = 52,
    LEVELS_52,
    A64_LPA_FIELDS,
    A64_STAGE2_FIELDS,
    .encode = a64_stage2_encode,
    .reserved = reserved_52,
};

#define FORMAT aarch64_64k_lpa_stage2
#include "lib/instance.h"
