/* SPDX-License-Identifier: MIT */

/* The naive walker of RISC-V on tables that are written here as plain numbers. */

#include "tests/oracle/tables.h"

static uint64_t link(uint64_t table)
{
    return table >> 2 | 1;
}

static void leaf_of_each_size(void **state)
{
    static const uint64_t phys[] = {0x00ab123456789000, 0x00ab123456600000, 0x00ab123440000000,
                                    0x00ab128000000000, 0x00ab000000000000};
    (void)state;
    for (unsigned level = 0; level < 5; level++) {
        OracleCpu cpu = cpu_of("riscv_sv57");
        *path_to(&cpu, level, link) = phys[level] >> 2 | 0xc3;
        OracleWalk walk = oracle_walk(&cpu, 0xabc);
        assert_int_equal(walk.end, ORACLE_MAPPED);
        assert_int_equal(walk.level, level);
        assert_true(walk.phys == (phys[level] | 0xabc) && walk.size == 1ull << (12 + 9 * level));
    }
}

static void every_index_counts(void **state)
{
    (void)state;
    OracleCpu cpu = cpu_of("riscv_sv48");
    memory[1][256] = 0x8001;
    memory[2][3] = 0xc001;
    memory[3][5] = 0x10001;
    memory[4][7] = 0x7000 >> 2 | 0xc7;
    uint64_t virt = 0xffff800000000000 | 3ull << 30 | 5ull << 21 | 7ull << 12;
    assert_true(oracle_walk(&cpu, virt + 0x123).phys == 0x7123);
    assert_int_equal(oracle_walk(&cpu, virt + 0x1000).end, ORACLE_ABSENT);
}

static void addresses_are_sign_extended(void **state)
{
    static const Address rows[] = {
        {"riscv_sv39", 0x3fffffffff, ORACLE_ABSENT},
        {"riscv_sv39", 0x4000000000, ORACLE_NO_ADDRESS},
        {"riscv_sv39", 0xffffffbfffffffff, ORACLE_NO_ADDRESS},
        {"riscv_sv39", 0xffffffc000000000, ORACLE_ABSENT},
        {"riscv_sv48", 0x800000000000, ORACLE_NO_ADDRESS},
        {"riscv_sv57", 0x00ffffffffffffff, ORACLE_ABSENT},
        {"riscv_sv57", 0x0100000000000000, ORACLE_NO_ADDRESS},
    };
    (void)state;
    check_addresses(rows, sizeof rows / sizeof *rows);
}

static void reserved_bits_and_combinations(void **state)
{
    static const Row rows[] = {
        {0, 0x20000c5, ORACLE_REFUSED},                    /* W without R */
        {0, 0x20000cd, ORACLE_REFUSED},                    /* W and X without R */
        {0, 0x20000c9, ORACLE_MAPPED},                     /* X alone */
        {0, 0x20000c2, ORACLE_ABSENT},                     /* not valid: nothing else counts */
        {0, 0x20000c1, ORACLE_REFUSED},                    /* a pointer at the last level */
        {0, 0x00400000020000c3, ORACLE_REFUSED},           /* bit 54, */
        {0, 0x10000000020000c3, ORACLE_REFUSED},           /* and bit 60 */
        {0, 0x60000000020000c3, ORACLE_REFUSED},           /* PBMT 3 */
        {0, 0x40000000020000c3, ORACLE_MAPPED},            /* PBMT 2 */
        {0, 0x80000000020000c3, ORACLE_REFUSED},           /* N, and no size */
        {0, 0x80000000020020c3, ORACLE_REFUSED},           /* N, 64 KiB, and it is alone */
        {1, 0x80000000020020c3, ORACLE_REFUSED},           /* N in a superpage */
        {1, 0x0080000 | 0xc3, ORACLE_MAPPED},              /* 2 MiB, */
        {1, 0x0080400 | 0xc3, ORACLE_REFUSED},             /* misaligned by a page */
        {2, 0x10000000 | 0xc3, ORACLE_MAPPED},             /* 1 GiB, */
        {2, 0x10080000 | 0xc3, ORACLE_REFUSED},            /* misaligned by 2 MiB */
        {1, 0x1c000 | 0x11, ORACLE_REFUSED},               /* U, */
        {1, 0x1c000 | 0x41, ORACLE_REFUSED},               /* A */
        {1, 0x1c000 | 0x81, ORACLE_REFUSED},               /* and D in a pointer */
        {1, 0x2000000000000000 | 0x1c001, ORACLE_REFUSED}, /* PBMT */
        {1, 0x8000000000000000 | 0x1c001, ORACLE_REFUSED}, /* and N in a pointer */
        {1, 0x1c000 | 0x321, ORACLE_ABSENT},               /* G and RSW may be set there */
    };
    (void)state;
    CHECK_ROWS("riscv_sv39", link, rows);
}

static void addresses_beyond_the_cpu(void **state)
{
    (void)state;
    OracleCpu cpu = cpu_of("riscv_sv39");
    *path_to(&cpu, 0, link) = 1ull << 47 | 0xc3; /* bit 49 of the address */
    assert_int_equal(oracle_walk(&cpu, 0).end, ORACLE_MAPPED);
    cpu.phys_bits = 49;
    assert_int_equal(oracle_walk(&cpu, 0).end, ORACLE_REFUSED);
}

static void accessed_and_dirty(void **state)
{
    (void)state;
    OracleCpu cpu = cpu_of("riscv_sv39");
    uint64_t *leaf = path_to(&cpu, 0, link);
    *leaf = 0x2000087; /* R W D */
    assert_int_equal(oracle_walk(&cpu, 0).end, ORACLE_NOT_ACCESSED);
    *leaf = 0x2000047; /* R W A: a write faults */
    assert_int_equal(oracle_walk(&cpu, 0).end, ORACLE_MAPPED);
    assert_false(oracle_walk(&cpu, 0).write);
    cpu.hardware_updates = true;
    assert_true(oracle_walk(&cpu, 0).write);
    *leaf = 0x2000007;
    assert_int_equal(oracle_walk(&cpu, 0).end, ORACLE_MAPPED);
}

static void rights_and_types(void **state)
{
    (void)state;
    OracleCpu cpu = cpu_of("riscv_sv39");
    uint64_t *leaf = path_to(&cpu, 0, link);
    *leaf = 0x20000cb; /* R X */
    OracleWalk walk = oracle_walk(&cpu, 0);
    assert_true(walk.execute_kernel && !walk.execute_user && !walk.user && !walk.global && !walk.write);
    *leaf = 0x40000000020000db; /* R X U, I/O */
    walk = oracle_walk(&cpu, 0);
    assert_true(walk.execute_user && !walk.execute_kernel && walk.user && walk.type == 2);
    memory[1][0] |= 0x20; /* G in a pointer counts for all below */
    assert_true(oracle_walk(&cpu, 0).global);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaf_of_each_size),
        cmocka_unit_test(every_index_counts),
        cmocka_unit_test(addresses_are_sign_extended),
        cmocka_unit_test(reserved_bits_and_combinations),
        cmocka_unit_test(addresses_beyond_the_cpu),
        cmocka_unit_test(accessed_and_dirty),
        cmocka_unit_test(rights_and_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
