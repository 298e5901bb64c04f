/* SPDX-License-Identifier: MIT */
/*
 * x86-64 entries bit by bit, worked out by hand from the Intel SDM, volume 3A: section 4.5.4 (which bits of an address
 * each level takes), tables 4-14 to 4-20 (formats), 4.9.2 (PAT:PCD:PWT selects one of eight memory types).
 *
 * P 1, W 2, U 4, PWT 8, PCD 10, A 20, D 40, PS 80 above a page, G 100, PAT 80 in a page and 1000 above (hexadecimal);
 * XD bit 63. test_entries has how they change, and what stands in spaces of several CPUs.
 */
#include "tests/unit/golden.h"

/* Bits 51..12. */
static usize target(uint64_t link)
{
    return link & 0x000ffffffffff000;
}

/* A link has P, W, U and A. Ignored: 62..52, 11..8, 6 in links; 58..52 and 11..9 in leaves, protection keys apart. Reserved: an
 * address below its size, but for PAT. */
#define COMMON                                                                                             \
    .tables = 0x000fffff00000000, .link = 0x27, .link_address = 0x000ffffffffff000,                        \
    .link_software = 0x7ff0000000000f40, .leaf_software = 0x07f0000000000e00, .target = target,            \
    .reserved = {0, 0x1fe000, 0x3fffe000}

static GoldenFormat level4 = {.name = "x86_64_4level",
                              .levels = 4,
                              .shift = {12, 21, 30, 39},
                              .index_bits = {9, 9, 9, 9},
                              COMMON};
static GoldenFormat level5 = {.name = "x86_64_5level",
                              .levels = 5,
                              .shift = {12, 21, 30, 39, 48},
                              .index_bits = {9, 9, 9, 9, 9},
                              COMMON};

/* The depths differ in the root only. */
static GoldenFormat *const both[] = {&level4, &level5, NULL};

static void rights(void **state)
{
    static const MemVmapOptions options = {.allow_write_exec = true};
    static const Golden rows[] = {
        {NULL, 0, 0x1000, 0x140000000, 0, 0x8000000140000001},
        {NULL, 0, 0x1000, 0x140000000, W, 0x8000000140000003},
        {NULL, 0, 0x1000, 0x140000000, X, 0x0000000140000001},
        {NULL, 0, 0x1000, 0x140000000, W | X, 0x0000000140000003},
        {NULL, 0, 0x1000, 0x140000000, U, 0x8000000140000005},
        {NULL, 0, 0x1000, 0x140000000, G, 0x8000000140000101},
        {NULL, 0, 0x1000, 0x140000000, A, 0x8000000140000021},
        {NULL, 0, 0x1000, 0x140000000, D | W, 0x8000000140000043},
        {NULL, 0, 0x1000, 0x140000000, NR, 0x8000000140000001},
        {NULL, 1, 0x200000, 0x140000000, U | W | X | G | A | D, 0x00000001400001e7},
        {NULL, 2, 0x40000000, 0x140000000, W | G, 0x8000000140000183},
    };
    (void)state;
    GOLDEN_SHARED("Tables 4-14 to 4-20", &options, both, rows);
}

/* 52 bits; both halves, up to the last page of each and down to the first of the upper one. */
static void addresses(void **state)
{
    static const Golden rows[] = {
        {NULL, 0, 0xfffffffffffff000, 0x000ffffffffff000, 0, 0x800ffffffffff001},
        {NULL, 1, 0xffffffffffe00000, 0x000fffffffe00000, 0, 0x800fffffffe00081},
        {NULL, 2, 0xffffffffc0000000, 0x000fffffc0000000, X, 0x000fffffc0000081},
        {&level4, 0, 0x00007ffffffff000, 0x000aaaaaaaaaa000, 0, 0x800aaaaaaaaaa001},
        {&level4, 1, 0xffff800000000000, 0x0005555555400000, U, 0x8005555555400085},
        {&level5, 0, 0x00fffffffffff000, 0x0005555555555000, 0, 0x8005555555555001},
        {&level5, 2, 0xff00000000000000, 0x000aaaaa80000000, W, 0x800aaaaa80000083},
    };
    (void)state;
    GOLDEN_SHARED("4.5.4", NULL, both, rows);
}

/* IA32_PAT after reset (table 4-12): 0 is WB, 1 WT, 2 UC-, 3 UC. */
static void memory_types_after_reset(void **state)
{
    static const Golden rows[] = {
        {NULL, 0, 0x1000, 0x140000000, WT, 0x8000000140000009},
        {NULL, 0, 0x1000, 0x140000000, UC, 0x8000000140000019},
        {NULL, 0, 0x1000, 0x0fee00000, DEV | W, 0x80000000fee0001b},
        {NULL, 1, 0x200000, 0x140000000, WT, 0x8000000140000089},
        {NULL, 2, 0x40000000, 0x140000000, UC, 0x8000000140000099},
    };
    (void)state;
    GOLDEN_SHARED("4.9.2", NULL, both, rows);
}

/* All eight, in a page, in a leaf of 2 MiB, and in one of 1 GiB. */
static void memory_types_0_to_4(void **state)
{
    static const uint8_t types[MEM_VMAP_TYPES] = {0, 1, 2, 3, 4};
    static const MemVmapOptions options = {.type_index = types};
    static const Golden rows[] = {
        {NULL, 0, 0x1000, 0x140000000, UC, 0x8000000140000011},
        {NULL, 0, 0x1000, 0x140000000, WC, 0x8000000140000019},
        {NULL, 0, 0x1000, 0x140000000, DEV, 0x8000000140000081},
        {NULL, 1, 0x200000, 0x140000000, UC, 0x8000000140000091},
        {NULL, 1, 0x200000, 0x140000000, DEV, 0x8000000140001081},
        {NULL, 2, 0x40000000, 0x140000000, WC, 0x8000000140000099},
        {NULL, 2, 0x40000000, 0x140000000, DEV, 0x8000000140001081},
    };
    (void)state;
    GOLDEN_SHARED("4.9.2", &options, both, rows);
}

static void memory_types_4_to_7(void **state)
{
    static const uint8_t types[MEM_VMAP_TYPES] = {7, 6, 5, 4, MEM_VMAP_TYPE_NONE};
    static const MemVmapOptions options = {.type_index = types};
    static const Golden rows[] = {
        {NULL, 0, 0x1000, 0x140000000, 0, 0x8000000140000099},
        {NULL, 0, 0x1000, 0x140000000, WT, 0x8000000140000091},
        {NULL, 0, 0x1000, 0x140000000, UC, 0x8000000140000089},
        {NULL, 1, 0x200000, 0x140000000, 0, 0x8000000140001099},
        {NULL, 1, 0x200000, 0x140000000, WT, 0x8000000140001091},
        {NULL, 2, 0x40000000, 0x140000000, UC, 0x8000000140001089},
        {NULL, 2, 0x40000000, 0x140000000, WC, 0x8000000140001081},
    };
    (void)state;
    GOLDEN_SHARED("4.9.2", &options, both, rows);
}

/* Protect changes rights alone: what was accessed and dirty, or clean, stays so. */
static void new_rights(void **state)
{
    static const Golden used[] = {
        {NULL, 0, 0x1000, 0x140000000, 0, 0x8000000140000061},
        {NULL, 0, 0x1000, 0x140000000, U | W, 0x8000000140000067},
        {NULL, 0, 0x1000, 0x140000000, X, 0x0000000140000061},
        {NULL, 0, 0x1000, 0x140000000, G | W, 0x8000000140000163},
    };
    static const Golden clean[] = {
        {NULL, 0, 0x1000, 0x140000000, W, 0x8000000140000003},
        {NULL, 0, 0x1000, 0x140000000, U | X, 0x0000000140000005},
    };
    (void)state;
    GOLDEN_SHARED_PROTECTED("Tables 4-14 to 4-20, used leaves", NULL, both, W | A | D, used);
    GOLDEN_SHARED_PROTECTED("Tables 4-14 to 4-20, clean leaves", NULL, both, 0, clean);
}

static void every_format_has_enough(void **state)
{
    (void)state;
    golden_assert_enough(both, "x86_64_", GOLDEN_FIRST_STAGE);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(rights),
        cmocka_unit_test(addresses),
        cmocka_unit_test(memory_types_after_reset),
        cmocka_unit_test(memory_types_0_to_4),
        cmocka_unit_test(memory_types_4_to_7),
        cmocka_unit_test(new_rights),
        cmocka_unit_test(every_format_has_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
