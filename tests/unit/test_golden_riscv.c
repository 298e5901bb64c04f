/* SPDX-License-Identifier: MIT */
/*
 * RISC-V entries bit by bit, worked out by hand from the Privileged Architecture: "Sv32", section on addressing and
 * memory protection (the bits V R W X U G A D, which Sv39, Sv48 and Sv57 share), "Sv39" (where the physical page
 * number stands), and "Svpbmt". An address stands two bits further down than in memory.
 *
 * V 1, R 2, W 4, X 8, U 10, G 20, A 40, D 80 (hexadecimal); PBMT in 62..61.
 */
#include "tests/unit/golden.h"

enum {
    W = MEM_VMAP_WRITE,
    X = MEM_VMAP_EXEC,
    U = MEM_VMAP_USER,
    G = MEM_VMAP_GLOBAL,
    A = MEM_VMAP_ACCESSED,
    D = MEM_VMAP_DIRTY,
};

/* Bits 53..10 are PPN. */
static usize target(uint64_t link)
{
    return (link >> 10 & 0xfffffffffff) << 12;
}

#define COMMON                                                                                             \
    .tables = 0x00ffff0000000000, .link = 0x1, .link_address = 0x003ffffffffffc00, .link_software = 0x300, \
    .leaf_software = 0x300, .target = target

static const GoldenFormat sv39 = {.name = "riscv_sv39",
                                  .levels = 3,
                                  .shift = {12, 21, 30},
                                  .index_bits = {9, 9, 9},
                                  COMMON};
static const GoldenFormat sv48 = {.name = "riscv_sv48",
                                  .levels = 4,
                                  .shift = {12, 21, 30, 39},
                                  .index_bits = {9, 9, 9, 9},
                                  COMMON};
static const GoldenFormat sv57 = {.name = "riscv_sv57",
                                  .levels = 5,
                                  .shift = {12, 21, 30, 39, 48},
                                  .index_bits = {9, 9, 9, 9, 9},
                                  COMMON};

/* Without Svadu an entry whose A is clear faults, and a write where D is: both are set from the start. */
static void rights(void **state)
{
    static const MemVmapOptions options = {.allow_write_exec = true};
    static const Golden rows[] = {
        {&sv39, 0, 0x1000, 0x80200000, 0, 0x00000000200800c3},
        {&sv39, 0, 0x1000, 0x80200000, W, 0x00000000200800c7},
        {&sv39, 0, 0x1000, 0x80200000, X, 0x00000000200800cb},
        {&sv39, 0, 0x1000, 0x80200000, W | X, 0x00000000200800cf},
        {&sv39, 0, 0x1000, 0x80200000, U, 0x00000000200800d3},
        {&sv39, 0, 0x1000, 0x80200000, U | X, 0x00000000200800db},
        {&sv39, 0, 0x1000, 0x80200000, U | W, 0x00000000200800d7},
        {&sv39, 0, 0x1000, 0x80200000, G, 0x00000000200800e3},
        {&sv39, 0, 0x1000, 0x80200000, G | W, 0x00000000200800e7},
        {&sv39, 0, 0x1000, 0x80200000, G | U | W | X, 0x00000000200800ff},
        {&sv39, 0, 0x1000, 0x80200000, MEM_VMAP_NO_RESERVE, 0x00000000200800c3},
    };
    (void)state;
    GOLDEN_CHECK("Sv32, permissions", &options, rows);
}

/* With Svadu the CPU sets A and D. */
static void hardware_updates(void **state)
{
    static const MemVmapOptions options = {.hardware_updates = true};
    static const Golden rows[] = {
        {&sv48, 0, 0x1000, 0x80200000, 0, 0x0000000020080003},
        {&sv48, 0, 0x1000, 0x80200000, W, 0x0000000020080007},
        {&sv48, 1, 0x200000, 0x80200000, W | U, 0x0000000020080017},
        {&sv48, 0, 0x1000, 0x80200000, A, 0x0000000020080043},
        {&sv48, 0, 0x1000, 0x80200000, W | A | D, 0x00000000200800c7},
    };
    (void)state;
    GOLDEN_CHECK("Sv32, A and D", &options, rows);
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
static void memory_types(void **state)
{
    static const uint8_t types[MEM_VMAP_TYPES] = {0, MEM_VMAP_TYPE_NONE, 1, MEM_VMAP_TYPE_NONE, 2};
    static const MemVmapOptions options = {.type_index = types};
    static const Golden rows[] = {
        {&sv39, 0, 0x1000, 0x80200000, MEM_VMAP_WRITE_BACK, 0x00000000200800c3},
        {&sv39, 0, 0x1000, 0x80200000, MEM_VMAP_UNCACHED, 0x20000000200800c3},
        {&sv39, 0, 0x1000, 0x10000000, MEM_VMAP_DEVICE | W, 0x40000000040000c7},
        {&sv48, 1, 0x200000, 0x80200000, MEM_VMAP_UNCACHED | W, 0x20000000200800c7},
        {&sv57, 4, 0xffff000000000000, 0x0001000000000000, MEM_VMAP_DEVICE, 0x40004000000000c3},
    };
    (void)state;
    GOLDEN_CHECK("Svpbmt", &options, rows);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(rights),
        cmocka_unit_test(hardware_updates),
        cmocka_unit_test(addresses),
        cmocka_unit_test(memory_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
