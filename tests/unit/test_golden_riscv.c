/* SPDX-License-Identifier: MIT */
/*
 * RISC-V entries bit by bit, worked out by hand from the Privileged Architecture: "Sv32", section on addressing and
 * memory protection (the bits V R W X U G A D, which Sv39, Sv48 and Sv57 share), "Sv39" (where the physical page
 * number stands), "Svnapot" and "Svpbmt". An address stands two bits further down than in memory.
 *
 * V 1, R 2, W 4, X 8, U 10, G 20, A 40, D 80 (hexadecimal); PBMT in 62..61, N bit 63.
 */
#include "tests/unit/golden.h"

/* Bits 53..10 are PPN. Reserved: 60..54, and in large leaves N, and of PPN what is below their size. */
static usize target(uint64_t link)
{
    return (link >> 10 & 0xfffffffffff) << 12;
}

#define COMMON                                                                                             \
    .tables = 0x00ffff0000000000, .link = 0x1, .link_address = 0x003ffffffffffc00, .link_software = 0x300, \
    .leaf_software = 0x300, .target = target, .run = {16},                                                 \
    .reserved = {0x1fc0000000000000, 0x9fc000000007fc00, 0x9fc000000ffffc00, 0x9fc0001ffffffc00,           \
                 0x9fc03ffffffffc00}

static GoldenFormat sv39 = {.name = "riscv_sv39",
                            .levels = 3,
                            .shift = {12, 21, 30},
                            .index_bits = {9, 9, 9},
                            COMMON};
static GoldenFormat sv48 = {.name = "riscv_sv48",
                            .levels = 4,
                            .shift = {12, 21, 30, 39},
                            .index_bits = {9, 9, 9, 9},
                            COMMON};
static GoldenFormat sv57 = {.name = "riscv_sv57",
                            .levels = 5,
                            .shift = {12, 21, 30, 39, 48},
                            .index_bits = {9, 9, 9, 9, 9},
                            COMMON};

/* The depths differ in the root only. */
static GoldenFormat *const all[] = {&sv39, &sv48, &sv57, NULL};

/* Without Svadu an entry whose A is clear faults, and a write where D is: both are set from the start. */
static void rights(void **state)
{
    static const MemVmapOptions options = {.allow_write_exec = true};
    static const Golden rows[] = {
        {NULL, 0, 0x1000, 0x80200000, 0, 0x00000000200800c3},
        {NULL, 0, 0x1000, 0x80200000, W, 0x00000000200800c7},
        {NULL, 0, 0x1000, 0x80200000, X, 0x00000000200800cb},
        {NULL, 0, 0x1000, 0x80200000, W | X, 0x00000000200800cf},
        {NULL, 0, 0x1000, 0x80200000, U, 0x00000000200800d3},
        {NULL, 0, 0x1000, 0x80200000, U | X, 0x00000000200800db},
        {NULL, 0, 0x1000, 0x80200000, U | W, 0x00000000200800d7},
        {NULL, 0, 0x1000, 0x80200000, G, 0x00000000200800e3},
        {NULL, 0, 0x1000, 0x80200000, G | W, 0x00000000200800e7},
        {NULL, 0, 0x1000, 0x80200000, G | U | W | X, 0x00000000200800ff},
        {NULL, 0, 0x1000, 0x80200000, NR, 0x00000000200800c3},
        {NULL, 1, 0x200000, 0x80200000, W, 0x00000000200800c7},
        {NULL, 2, 0x40000000, 0x80000000, G | X, 0x00000000200000eb},
    };
    (void)state;
    GOLDEN_SHARED("Sv32, permissions", &options, all, rows);
}

/* With Svadu the CPU sets A and D. */
static void hardware_updates(void **state)
{
    static const MemVmapOptions options = {.hardware_updates = true};
    static const Golden rows[] = {
        {NULL, 0, 0x1000, 0x80200000, 0, 0x0000000020080003},
        {NULL, 0, 0x1000, 0x80200000, W, 0x0000000020080007},
        {NULL, 1, 0x200000, 0x80200000, W | U, 0x0000000020080017},
        {NULL, 0, 0x1000, 0x80200000, A, 0x0000000020080043},
        {NULL, 0, 0x1000, 0x80200000, W | D, 0x0000000020080087},
        {NULL, 0, 0x1000, 0x80200000, W | A | D, 0x00000000200800c7},
    };
    (void)state;
    GOLDEN_SHARED("Sv32, A and D", &options, all, rows);
}

/* Any level may have leaves; PPN has 44 bits. Both halves of the address space, which is sign-extended. */
static void addresses(void **state)
{
    static const Golden rows[] = {
        {&sv39, 0, 0xffffffffffffe000, 0x00fffffffffff000, 0, 0x003ffffffffffcc3},
        {&sv39, 0, 0x3fffff3000, 0x00aaaaaaaaaaa000, 0, 0x002aaaaaaaaaa8c3},
        {&sv39, 1, 0xffffffc000200000, 0x0055555555400000, 0, 0x00155555555000c3},
        {&sv39, 2, 0xffffffffc0000000, 0x00ffffffc0000000, W, 0x003ffffff00000c7},
        {&sv48, 0, 0x7fffffffe000, 0x0000000000001000, 0, 0x00000000000004c3},
        {&sv48, 2, 0xffff800040000000, 0x0000000040000000, X, 0x00000000100000cb},
        {&sv48, 3, 0xffffff8000000000, 0x00ffff8000000000, 0, 0x003fffe0000000c3},
        {&sv57, 0, 0x00fffffffffff000, 0x0000123456789000, U, 0x0000048d159e24d3},
        {&sv57, 3, 0xff00008000000000, 0x0080008000000000, 0, 0x00200020000000c3},
        {&sv57, 4, 0x0001000000000000, 0x00ff000000000000, W | G, 0x003fc000000000e7},
    };
    (void)state;
    GOLDEN_CHECK("Sv39, Sv48, Sv57, PPN", NULL, rows);
}

/* PBMT 0 is as the PMA say, 1 not cacheable (NC), 2 strongly ordered (IO). */
#define SVPBMT                                                                                             \
    {                                                                                                      \
        0, MEM_VMAP_TYPE_NONE, 1, MEM_VMAP_TYPE_NONE, 2                                                    \
    }

static void memory_types(void **state)
{
    static const uint8_t types[MEM_VMAP_TYPES] = SVPBMT;
    static const MemVmapOptions options = {.type_index = types};
    static const Golden rows[] = {
        {NULL, 0, 0x1000, 0x80200000, MEM_VMAP_WRITE_BACK, 0x00000000200800c3},
        {NULL, 0, 0x1000, 0x80200000, UC, 0x20000000200800c3},
        {NULL, 0, 0x1000, 0x10000000, DEV | W, 0x40000000040000c7},
        {NULL, 1, 0x200000, 0x80200000, UC | W, 0x20000000200800c7},
        {&sv57, 4, 0xffff000000000000, 0x0001000000000000, DEV, 0x40004000000000c3},
    };
    (void)state;
    GOLDEN_SHARED("Svpbmt", &options, all, rows);
}

/* 64 KiB: N, and 1000 in PPN[3:0], where the address has 0. The 16 entries are alike. */
static void contiguous_runs(void **state)
{
    static const uint8_t types[MEM_VMAP_TYPES] = SVPBMT;
    static const MemVmapOptions options = {.type_index = types,
                                           .hardware_updates = true,
                                           .leaf_sizes = 0x1000 + 0x10000 + 0x200000 + 0x40000000};
    static const Golden rows[] = {
        {NULL, 0, 0x10000, 0x80210000, A, 0x8000000020086043},
        {NULL, 0, 0x10000, 0x80210000, W | G, 0x8000000020086027},
        {NULL, 0, 0x10000, 0x80210000, U | X | A | D, 0x80000000200860db},
        {NULL, 0, 0x10000, 0x80210000, UC, 0xa000000020086003},
        {NULL, 0, 0x10000, 0x80210000, DEV | W, 0xc000000020086007},
        {&sv39, 0, 0xffffffffffff0000, 0x00ffffffffff0000, 0, 0x803fffffffffe003},
        {&sv48, 0, 0x00007fffffff0000, 0x00aaaaaaaaaa0000, 0, 0x802aaaaaaaaaa003},
        {&sv57, 0, 0xff00000000000000, 0x0055555555550000, 0, 0x8015555555556003},
    };
    (void)state;
    GOLDEN_SHARED_RUNS("Svnapot", &options, all, rows);
}

/* Protect changes rights alone: what was accessed and dirty, or clean, stays so. */
static void new_rights(void **state)
{
    static const MemVmapOptions options = {.hardware_updates = true};
    static const Golden used[] = {
        {NULL, 0, 0x1000, 0x80200000, 0, 0x00000000200800c3},
        {NULL, 0, 0x1000, 0x80200000, U | W, 0x00000000200800d7},
        {NULL, 0, 0x1000, 0x80200000, X, 0x00000000200800cb},
    };
    static const Golden clean[] = {
        {NULL, 0, 0x1000, 0x80200000, 0, 0x0000000020080003},
        {NULL, 0, 0x1000, 0x80200000, U | X, 0x000000002008001b},
        {NULL, 0, 0x1000, 0x80200000, G | W, 0x0000000020080027},
    };
    (void)state;
    GOLDEN_SHARED_PROTECTED("Sv32, used leaves", &options, all, W | A | D, used);
    GOLDEN_SHARED_PROTECTED("Sv32, clean leaves", &options, all, W, clean);
}

static void every_format_has_enough(void **state)
{
    (void)state;
    golden_assert_enough(all, "riscv_", GOLDEN_FIRST_STAGE);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(rights),
        cmocka_unit_test(hardware_updates),
        cmocka_unit_test(addresses),
        cmocka_unit_test(memory_types),
        cmocka_unit_test(contiguous_runs),
        cmocka_unit_test(new_rights),
        cmocka_unit_test(every_format_has_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
