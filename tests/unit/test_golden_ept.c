/* SPDX-License-Identifier: MIT */
/*
 * Entries of extended page tables bit by bit, worked out by hand from the Intel SDM, volume 3C, section 29.3: the
 * tables "Format of an EPT ..." of 29.3.2, accessed and dirty of 29.3.5, memory types of 29.3.7.2.
 *
 * R 1, W 2, X 4, memory type in 5..3, ignore PAT 40, leaf above a page 80, A 100, D 200 (hexadecimal). Types: 0 UC,
 * 1 WC, 4 WT, 5 WP, 6 WB.
 */
#include "tests/unit/golden.h"

/* Bits 51..12. */
static usize target(uint64_t link)
{
    return link & 0x000ffffffffff000;
}

/* Ignored: 63..52, 11, 9 in links; 56..52, 11 in leaves. Reserved: an address below its size. */
#define COMMON                                                                                             \
    .tables = 0x000fffff00000000, .link = 0x107, .link_address = 0x000ffffffffff000,                       \
    .link_software = 0xfff0000000000a00, .leaf_software = 0x01f0000000000800, .target = target,            \
    .reserved = {0, 0x1ff000, 0x3ffff000}

static GoldenFormat ept4 = {.name = "ept_4level",
                            .levels = 4,
                            .shift = {12, 21, 30, 39},
                            .index_bits = {9, 9, 9, 9},
                            COMMON};
static GoldenFormat ept5 = {.name = "ept_5level",
                            .levels = 5,
                            .shift = {12, 21, 30, 39, 48},
                            .index_bits = {9, 9, 9, 9, 9},
                            COMMON};

/* The depths differ in the root only. */
static GoldenFormat *const both[] = {&ept4, &ept5, NULL};

/* Where EPTP does not enable them, bits 8 and 9 are ignored: they are set, as nobody else would. */
static void rights(void **state)
{
    static const MemVmapOptions options = {.allow_write_exec = true};
    static const Golden rows[] = {
        {NULL, 0, 0x1000, 0x140000000, 0, 0x0000000140000331},
        {NULL, 0, 0x1000, 0x140000000, W, 0x0000000140000333},
        {NULL, 0, 0x1000, 0x140000000, X, 0x0000000140000335},
        {NULL, 0, 0x1000, 0x140000000, W | X, 0x0000000140000337},
        {NULL, 0, 0x1000, 0x140000000, NR, 0x0000000140000331},
        {NULL, 1, 0x200000, 0x140000000, 0, 0x00000001400003b1},
        {NULL, 1, 0x200000, 0x140000000, W, 0x00000001400003b3},
        {NULL, 2, 0x40000000, 0x140000000, X, 0x00000001400003b5},
        {NULL, 2, 0x40000000, 0x140000000, W | X, 0x00000001400003b7},
    };
    (void)state;
    GOLDEN_SHARED("29.3.2", &options, both, rows);
}

static void hardware_updates(void **state)
{
    static const MemVmapOptions options = {.hardware_updates = true};
    static const Golden rows[] = {
        {NULL, 0, 0x1000, 0x140000000, 0, 0x0000000140000031},
        {NULL, 0, 0x1000, 0x140000000, A, 0x0000000140000131},
        {NULL, 0, 0x1000, 0x140000000, W | D, 0x0000000140000233},
        {NULL, 1, 0x200000, 0x140000000, W, 0x00000001400000b3},
        {NULL, 2, 0x40000000, 0x140000000, W | A | D, 0x00000001400003b3},
    };
    (void)state;
    GOLDEN_SHARED("29.3.5", &options, both, rows);
}

/* 52 bits; guest-physical addresses have no sign: the top of the space is 2^48 or 2^57. */
static void addresses(void **state)
{
    static const Golden rows[] = {
        {&ept4, 0, 0xfffffffff000, 0x000ffffffffff000, 0, 0x000ffffffffff331},
        {&ept4, 0, 0x800000000000, 0x000aaaaaaaaaa000, 0, 0x000aaaaaaaaaa331},
        {&ept4, 1, 0xffffffe00000, 0x000fffffffe00000, 0, 0x000fffffffe003b1},
        {&ept4, 2, 0xffffc0000000, 0x000fffffc0000000, 0, 0x000fffffc00003b1},
        {&ept5, 0, 0x01fffffffffff000, 0x0005555555555000, W, 0x0005555555555333},
        {&ept5, 1, 0x0100000000000000, 0x0008000000200000, 0, 0x00080000002003b1},
        {&ept5, 2, 0x01ffffffc0000000, 0x0000000000000000, 0, 0x00000000000003b1},
    };
    (void)state;
    GOLDEN_CHECK("29.3.2, addresses", NULL, rows);
}

static void memory_types(void **state)
{
    static const Golden rows[] = {
        {NULL, 0, 0x1000, 0x140000000, WT, 0x0000000140000321},
        {NULL, 0, 0x1000, 0x140000000, UC, 0x0000000140000301},
        {NULL, 0, 0x1000, 0x140000000, WC, 0x0000000140000309},
        {NULL, 0, 0x1000, 0x0fee00000, DEV | W, 0x00000000fee00303},
        {NULL, 1, 0x200000, 0x140000000, WT, 0x00000001400003a1},
        {NULL, 2, 0x40000000, 0x140000000, WC, 0x0000000140000389},
    };
    (void)state;
    GOLDEN_SHARED("29.3.7.2", NULL, both, rows);
}

static void memory_types_that_the_hypervisor_chose(void **state)
{
    static const uint8_t types[MEM_VMAP_TYPES] = {5, 6, 1, 0, 0};
    static const MemVmapOptions options = {.type_index = types};
    static const Golden rows[] = {
        {NULL, 0, 0x1000, 0x140000000, MEM_VMAP_WRITE_BACK, 0x0000000140000329},
        {NULL, 1, 0x200000, 0x140000000, WT, 0x00000001400003b1},
        {NULL, 0, 0x1000, 0x140000000, UC, 0x0000000140000309},
    };
    (void)state;
    GOLDEN_SHARED("29.3.7.2", &options, both, rows);
}

/* Protect changes rights alone: what was accessed and dirty, or clean, stays so. */
static void new_rights(void **state)
{
    static const MemVmapOptions options = {.hardware_updates = true};
    static const Golden used[] = {
        {NULL, 0, 0x1000, 0x140000000, 0, 0x0000000140000331},
        {NULL, 0, 0x1000, 0x140000000, W, 0x0000000140000333},
        {NULL, 0, 0x1000, 0x140000000, X, 0x0000000140000335},
        {NULL, 1, 0x200000, 0x140000000, 0, 0x00000001400003b1},
    };
    static const Golden clean[] = {
        {NULL, 0, 0x1000, 0x140000000, W, 0x0000000140000033},
        {NULL, 0, 0x1000, 0x140000000, X, 0x0000000140000035},
    };
    (void)state;
    GOLDEN_SHARED_PROTECTED("29.3.5, used leaves", &options, both, W | A | D, used);
    GOLDEN_SHARED_PROTECTED("29.3.5, clean leaves", &options, both, 0, clean);
}

static void every_format_has_enough(void **state)
{
    (void)state;
    golden_assert_enough(both, "ept_", GOLDEN_SECOND_STAGE);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(rights),
        cmocka_unit_test(hardware_updates),
        cmocka_unit_test(addresses),
        cmocka_unit_test(memory_types),
        cmocka_unit_test(memory_types_that_the_hypervisor_chose),
        cmocka_unit_test(new_rights),
        cmocka_unit_test(every_format_has_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
