/* SPDX-License-Identifier: MIT */
/*
 * Entries of extended page tables bit by bit, worked out by hand from the Intel SDM, volume 3C, section 29.3: the
 * tables "Format of an EPT ..." of 29.3.2, accessed and dirty of 29.3.5, memory types of 29.3.7.2.
 *
 * R 1, W 2, X 4, memory type in 5..3, ignore PAT 40, leaf above a page 80, A 100, D 200 (hexadecimal). Types: 0 UC,
 * 1 WC, 4 WT, 5 WP, 6 WB.
 */
#include "tests/unit/golden.h"

enum {
    W = MEM_VMAP_WRITE,
    X = MEM_VMAP_EXEC,
    A = MEM_VMAP_ACCESSED,
    D = MEM_VMAP_DIRTY,
};

/* Bits 51..12. */
static usize target(uint64_t link)
{
    return link & 0x000ffffffffff000;
}

/* Ignored: 63..52, 11, 9 in links; 56..52, 11 in leaves. */
#define COMMON                                                                                             \
    .tables = 0x000fffff00000000, .link = 0x107, .link_address = 0x000ffffffffff000,                       \
    .link_software = 0xfff0000000000a00, .leaf_software = 0x01f0000000000800, .target = target

static const GoldenFormat ept4 = {.name = "ept_4level",
                                  .levels = 4,
                                  .shift = {12, 21, 30, 39},
                                  .index_bits = {9, 9, 9, 9},
                                  COMMON};
static const GoldenFormat ept5 = {.name = "ept_5level",
                                  .levels = 5,
                                  .shift = {12, 21, 30, 39, 48},
                                  .index_bits = {9, 9, 9, 9, 9},
                                  COMMON};

/* Where EPTP does not enable them, bits 8 and 9 are ignored: they are set, as nobody else would. */
static void rights(void **state)
{
    static const MemVmapOptions options = {.allow_write_exec = true};
    static const Golden rows[] = {
        {&ept4, 0, 0x1000, 0x140000000, 0, 0x0000000140000331},
        {&ept4, 0, 0x1000, 0x140000000, W, 0x0000000140000333},
        {&ept4, 0, 0x1000, 0x140000000, X, 0x0000000140000335},
        {&ept4, 0, 0x1000, 0x140000000, W | X, 0x0000000140000337},
        {&ept4, 1, 0x200000, 0x140000000, 0, 0x00000001400003b1},
        {&ept4, 1, 0x200000, 0x140000000, W, 0x00000001400003b3},
        {&ept4, 2, 0x40000000, 0x140000000, X, 0x00000001400003b5},
        {&ept4, 2, 0x40000000, 0x140000000, W | X, 0x00000001400003b7},
        {&ept5, 0, 0x1000, 0x140000000, MEM_VMAP_NO_RESERVE, 0x0000000140000331},
    };
    (void)state;
    GOLDEN_CHECK("29.3.2", &options, rows);
}

static void hardware_updates(void **state)
{
    static const MemVmapOptions options = {.hardware_updates = true};
    static const Golden rows[] = {
        {&ept4, 0, 0x1000, 0x140000000, 0, 0x0000000140000031},
        {&ept4, 1, 0x200000, 0x140000000, W, 0x00000001400000b3},
        {&ept5, 0, 0x1000, 0x140000000, A, 0x0000000140000131},
        {&ept5, 2, 0x40000000, 0x140000000, W | A | D, 0x00000001400003b3},
    };
    (void)state;
    GOLDEN_CHECK("29.3.5", &options, rows);
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
        {&ept4, 0, 0x1000, 0x140000000, MEM_VMAP_WRITE_THROUGH, 0x0000000140000321},
        {&ept4, 0, 0x1000, 0x140000000, MEM_VMAP_UNCACHED, 0x0000000140000301},
        {&ept4, 0, 0x1000, 0x140000000, MEM_VMAP_WRITE_COMBINING, 0x0000000140000309},
        {&ept4, 0, 0x1000, 0x0fee00000, MEM_VMAP_DEVICE | W, 0x00000000fee00303},
        {&ept5, 1, 0x200000, 0x140000000, MEM_VMAP_WRITE_THROUGH, 0x00000001400003a1},
        {&ept5, 2, 0x40000000, 0x140000000, MEM_VMAP_WRITE_COMBINING, 0x0000000140000389},
    };
    (void)state;
    GOLDEN_CHECK("29.3.7.2", NULL, rows);
}

static void memory_types_that_the_hypervisor_chose(void **state)
{
    static const uint8_t types[MEM_VMAP_TYPES] = {5, 6, 1, 0, 0};
    static const MemVmapOptions options = {.type_index = types};
    static const Golden rows[] = {
        {&ept4, 0, 0x1000, 0x140000000, MEM_VMAP_WRITE_BACK, 0x0000000140000329},
        {&ept4, 1, 0x200000, 0x140000000, MEM_VMAP_WRITE_THROUGH, 0x00000001400003b1},
        {&ept4, 0, 0x1000, 0x140000000, MEM_VMAP_UNCACHED, 0x0000000140000309},
    };
    (void)state;
    GOLDEN_CHECK("29.3.7.2", &options, rows);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(rights),
        cmocka_unit_test(hardware_updates),
        cmocka_unit_test(addresses),
        cmocka_unit_test(memory_types),
        cmocka_unit_test(memory_types_that_the_hypervisor_chose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
