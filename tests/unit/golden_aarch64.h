/* SPDX-License-Identifier: MIT */
#ifndef TESTS_GOLDEN_AARCH64_H
#define TESTS_GOLDEN_AARCH64_H

/*
 * How the golden tests read AArch64 tables: Arm DDI 0487, D8.2 (which bits of an address each level takes) and D8.3
 * (descriptor formats, and where the bits of a 52-bit address stand).
 */

#include "tests/unit/golden.h"

/* Of 48 bits, from the page size up: OA in its place. */
static usize target_48(uint64_t link)
{
    return link & 0x0000fffffffff000;
}

/* LPA2: OA[51:50] in bits 9..8. */
static usize target_lpa2(uint64_t link)
{
    return (link & 0x0003fffffffff000) | (link & 0x300) << 42;
}

/* 64 KiB pages, LPA: OA[51:48] in bits 15..12. */
static usize target_lpa(uint64_t link)
{
    return (link & 0x0000ffffffff0000) | (link & 0xf000) << 36;
}

/* Table descriptors: 58..51 and 11..2 are ignored, but for the address. Leaves: 58..55 are for software. */
#define COMMON .link = 0x3, .leaf_software = 0x0780000000000000
#define OA_48                                                                                              \
    .tables = 0x0000ffff00000000, .link_address = 0x0000fffffffff000, .link_software = 0x07f8000000000ffc, \
    .target = target_48, COMMON
#define OA_LPA2                                                                                            \
    .tables = 0x000effff00000000, .link_address = 0x0003fffffffff300, .link_software = 0x07f8000000000cfc, \
    .target = target_lpa2, COMMON
#define OA_LPA                                                                                             \
    .tables = 0x000dffff00000000, .link_address = 0x0000fffffffff000, .link_software = 0x07f8000000000ffc, \
    .target = target_lpa, COMMON

/* How many leaves the Contiguous bit joins (D8.6.1). Each has its own address in its entry. */
#define RUNS_4K  .run = {16, 16}, .step = {0x1000, 0x200000}
#define RUNS_16K .run = {128, 32}, .step = {0x4000, 0x2000000}
#define RUNS_64K .run = {32, 32}, .step = {0x10000, 0x20000000}

/* Reserved in leaves: the bits of an address below its size, nT of blocks among them. With LPA 15..12 are address. */
#define RESERVED_4K     .reserved = {0, 0x1ff000, 0x3ffff000, 0x7ffffff000}
#define RESERVED_16K    .reserved = {0x3000, 0x1fff000, 0xffffff000}
#define RESERVED_64K    .reserved = {0xf000, 0x1ffff000}
#define RESERVED_64K_52 .reserved = {0, 0x1fff0000, 0x3ffffff0000}

#define SHAPE_4K_48 .levels = 4, .shift = {12, 21, 30, 39}, .index_bits = {9, 9, 9, 9}, RUNS_4K, RESERVED_4K
#define SHAPE_4K_52                                                                                        \
    .levels = 5, .shift = {12, 21, 30, 39, 48}, .index_bits = {9, 9, 9, 9, 4}, RUNS_4K, RESERVED_4K
#define SHAPE_16K_48                                                                                       \
    .levels = 4, .shift = {14, 25, 36, 47}, .index_bits = {11, 11, 11, 1}, RUNS_16K, RESERVED_16K
#define SHAPE_16K_52                                                                                       \
    .levels = 4, .shift = {14, 25, 36, 47}, .index_bits = {11, 11, 11, 5}, RUNS_16K, RESERVED_16K
#define SHAPE_64K_48 .levels = 3, .shift = {16, 29, 42}, .index_bits = {13, 13, 6}, RUNS_64K, RESERVED_64K
#define SHAPE_64K_52                                                                                       \
    .levels = 3, .shift = {16, 29, 42}, .index_bits = {13, 13, 10}, RUNS_64K, RESERVED_64K_52

#endif
