/* SPDX-License-Identifier: MIT */

/* The naive walker of AArch64 on tables that are written here as plain numbers. */

#include "tests/oracle/tables.h"

static uint64_t link(uint64_t table)
{
    return table | 3;
}

static void leaf_of_each_size(void **state)
{
    static const struct {
        const char *format;
        unsigned level;
        uint64_t entry, phys, size;
    } rows[] = {
        {"aarch64_4k", 0, 0x0000123456789703, 0x123456789000, 1ull << 12},
        {"aarch64_4k", 1, 0x0000123456600701, 0x123456600000, 1ull << 21},
        {"aarch64_4k", 2, 0x0000123440000701, 0x123440000000, 1ull << 30},
        {"aarch64_4k_lpa2", 0, 0x0003123456789603, 0x000b123456789000, 1ull << 12},
        {"aarch64_4k_lpa2", 3, 0x0002008000000501, 0x0006008000000000, 1ull << 39},
        {"aarch64_16k", 0, 0x0000123456788703, 0x123456788000, 1ull << 14},
        {"aarch64_16k", 1, 0x0000123456000701, 0x123456000000, 1ull << 25},
        {"aarch64_16k_lpa2", 2, 0x0000123000000701, 0x000c123000000000, 1ull << 36},
        {"aarch64_64k", 0, 0x0000123456780703, 0x123456780000, 1ull << 16},
        {"aarch64_64k", 1, 0x0000123440000701, 0x123440000000, 1ull << 29},
        {"aarch64_64k_lpa", 0, 0x000012345678a703, 0x000a123456780000, 1ull << 16},
        {"aarch64_64k_lpa", 2, 0x0000100000005701, 0x0005100000000000, 1ull << 42},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        OracleCpu cpu = cpu_of(rows[i].format);
        *path_to(&cpu, rows[i].level, link) = rows[i].entry;
        OracleWalk walk = oracle_walk(&cpu, 0xabc);
        assert_int_equal(walk.end, ORACLE_MAPPED);
        assert_true(walk.phys == (rows[i].phys | 0xabc) && walk.size == rows[i].size);
    }
}

/* 256, 3, 5, 7 in the upper half; the root of 16 KiB pages has two entries. */
static void every_index_counts(void **state)
{
    (void)state;
    OracleCpu cpu = cpu_of("aarch64_4k_upper");
    memory[1][256] = 0x20003;
    memory[2][3] = 0x30003;
    memory[3][5] = 0x40003;
    memory[4][7] = 0x7703;
    uint64_t virt = 0xffff800000000000 | 3ull << 30 | 5ull << 21 | 7ull << 12;
    assert_true(oracle_walk(&cpu, virt + 0x123).phys == 0x7123);

    cpu = cpu_of("aarch64_16k_upper");
    memory[1][1] = 0x20003;
    memory[2][2047] = 0x30003;
    memory[3][5] = 0x2000701;
    virt = 0xffff800000000000 | 2047ull << 36 | 5ull << 25;
    assert_true(oracle_walk(&cpu, virt + 0x123).phys == 0x2000123);
}

static void addresses_lie_in_one_half(void **state)
{
    static const Address rows[] = {
        {"aarch64_4k", 0x0000ffffffffffff, ORACLE_ABSENT},
        {"aarch64_4k", 0x0001000000000000, ORACLE_NO_ADDRESS},
        {"aarch64_4k", 0xffff000000000000, ORACLE_NO_ADDRESS},
        {"aarch64_4k_upper", 0xffff000000000000, ORACLE_ABSENT},
        {"aarch64_4k_upper", 0xfffeffffffffffff, ORACLE_NO_ADDRESS},
        {"aarch64_4k_upper", 0, ORACLE_NO_ADDRESS},
        {"aarch64_64k_lpa", 0x000fffffffffffff, ORACLE_ABSENT},
        {"aarch64_64k_lpa", 0x0010000000000000, ORACLE_NO_ADDRESS},
        {"aarch64_16k_lpa2_upper", 0xfff0000000000000, ORACLE_ABSENT},
        {"aarch64_16k_stage2", 0x00007fffffffffff, ORACLE_ABSENT},
        {"aarch64_16k_stage2", 0x0000800000000000, ORACLE_NO_ADDRESS},
    };
    (void)state;
    check_addresses(rows, sizeof rows / sizeof *rows);
}

static void reserved_types_and_levels(void **state)
{
    static const Row k4[] = {
        {0, 0x9701, ORACLE_REFUSED},             /* a block at the last level */
        {0, 0x9702, ORACLE_ABSENT},              /* not valid: nothing else counts */
        {3, 0x8000000701, ORACLE_REFUSED},       /* 512 GiB without LPA2 */
        {2, 0x40200701, ORACLE_REFUSED},         /* address bits below 1 GiB, */
        {1, 0x201701, ORACLE_REFUSED},           /* and below 2 MiB */
        {0, 0x0001000000009703, ORACLE_REFUSED}, /* bits 48, */
        {0, 0x0004000000009703, ORACLE_REFUSED}, /* and 50 */
        {1, 0x0002000000070003, ORACLE_REFUSED}, /* in a link */
        {0, 0x9503, ORACLE_REFUSED},             /* SH 1 */
        {1, 0x07f8000000070fff, ORACLE_ABSENT},  /* what is ignored in a link */
    };
    static const Row k16[] = {
        {2, 0x1000000701, ORACLE_REFUSED}, /* 64 GiB without LPA2 */
        {0, 0x9703, ORACLE_REFUSED},       /* bit 12 of a page */
        {1, 0x72003, ORACLE_REFUSED},      /* bit 13 of a link */
    };
    static const Row k64[] = {
        {2, 0x40000000701, ORACLE_REFUSED}, /* 4 TiB without LPA */
        {0, 0x18703, ORACLE_REFUSED},       /* bit 15 of a page */
    };
    static const Row lpa2[] = {
        {4, 0x0001000000000401, ORACLE_REFUSED}, /* no block at the root's level */
        {0, 0x0007000000009503, ORACLE_REFUSED}, /* bit 50 */
        {0, 0x0003000000009503, ORACLE_MAPPED},
    };
    (void)state;
    CHECK_ROWS("aarch64_4k", link, k4);
    CHECK_ROWS("aarch64_16k", link, k16);
    CHECK_ROWS("aarch64_64k", link, k64);
    CHECK_ROWS("aarch64_4k_lpa2", link, lpa2);
}

static void reserved_in_stage_2(void **state)
{
    static const Row rows[] = {
        {0, 0x977f, ORACLE_MAPPED},
        {0, 0x9f7f, ORACLE_REFUSED},             /* bit 11 */
        {0, 0x9753, ORACLE_REFUSED},             /* MemAttr 4, */
        {0, 0x9773, ORACLE_REFUSED},             /* and 12 */
        {1, 0x0800000000070003, ORACLE_REFUSED}, /* bit 59 of a link */
    };
    (void)state;
    CHECK_ROWS("aarch64_4k_stage2", link, rows);
}

static void addresses_beyond_the_cpu(void **state)
{
    (void)state;
    OracleCpu cpu = cpu_of("aarch64_4k_lpa2");
    *path_to(&cpu, 0, link) = 0x9603; /* bit 51 of the address */
    assert_int_equal(oracle_walk(&cpu, 0).end, ORACLE_MAPPED);
    cpu.phys_bits = 48;
    assert_int_equal(oracle_walk(&cpu, 0).end, ORACLE_REFUSED);
}

static void access_flag_and_dirty_state(void **state)
{
    (void)state;
    OracleCpu cpu = cpu_of("aarch64_4k");
    uint64_t *leaf = path_to(&cpu, 0, link);
    *leaf = 0x9303; /* AF clear */
    assert_int_equal(oracle_walk(&cpu, 0).end, ORACLE_NOT_ACCESSED);
    *leaf = 0x0008000000009783; /* DBM, read-only: clean */
    OracleWalk walk = oracle_walk(&cpu, 0);
    assert_true(walk.accessed && !walk.dirty && !walk.write);
    cpu.hardware_updates = true;
    assert_true(oracle_walk(&cpu, 0).write);
    *leaf = 0x0008000000009703;
    assert_true(oracle_walk(&cpu, 0).dirty);
    *leaf = 0x9303;
    assert_int_equal(oracle_walk(&cpu, 0).end, ORACLE_MAPPED);
}

static OracleWalk walk_of(const char *format, uint64_t entry)
{
    OracleCpu cpu = cpu_of(format);
    *path_to(&cpu, 0, link) = entry;
    return oracle_walk(&cpu, 0);
}

static void rights_of_stage_1(void **state)
{
    (void)state;
    OracleWalk walk = walk_of("aarch64_4k", 0x9703); /* AP 0 */
    assert_true(walk.write && !walk.user && walk.execute_kernel && walk.execute_user && walk.global);
    walk = walk_of("aarch64_4k", 0x9f43); /* AP 1: what EL0 may write, EL1 does not execute */
    assert_true(walk.write && walk.user && !walk.execute_kernel && walk.execute_user && !walk.global);
    walk = walk_of("aarch64_4k", 0x0020000000009793); /* read-only, PXN, AttrIndx 4 */
    assert_true(!walk.write && !walk.execute_kernel && walk.execute_user && walk.type == 4);
    walk = walk_of("aarch64_4k", 0x004000000000979f); /* UXN, AttrIndx 7 */
    assert_true(walk.execute_kernel && !walk.execute_user && walk.type == 7);
}

static void rights_of_stage_2(void **state)
{
    (void)state;
    OracleWalk walk = walk_of("aarch64_4k_stage2", 0x97ff);
    assert_true(walk.write && walk.execute_kernel && walk.execute_user && walk.type == 15);
    walk = walk_of("aarch64_4k_stage2", 0x0020000000009747);
    assert_true(!walk.write && !walk.execute_kernel && walk.execute_user && walk.type == 1);
    walk = walk_of("aarch64_4k_stage2", 0x0040000000009747);
    assert_true(!walk.execute_kernel && !walk.execute_user && !walk.global);
    walk = walk_of("aarch64_4k_stage2", 0x0060000000009747);
    assert_true(walk.execute_kernel && !walk.execute_user);
}

/* APTable, UXNTable and PXNTable of any level take away. */
static void tables_take_rights_away(void **state)
{
    (void)state;
    for (unsigned level = 1; level < 4; level++) {
        OracleCpu cpu = cpu_of("aarch64_4k");
        *path_to(&cpu, 0, link) = 0x9743;
        uint64_t *entry = &memory[4 - level][0];
        *entry |= 1ull << 62;
        assert_false(oracle_walk(&cpu, 0).write);
        *entry ^= 3ull << 61;
        assert_false(oracle_walk(&cpu, 0).user);
        assert_true(oracle_walk(&cpu, 0).execute_kernel);
        *entry ^= 5ull << 59;
        assert_false(oracle_walk(&cpu, 0).execute_kernel);
        *entry ^= 3ull << 59;
        assert_false(oracle_walk(&cpu, 0).execute_user);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaf_of_each_size),           cmocka_unit_test(every_index_counts),
        cmocka_unit_test(addresses_lie_in_one_half),   cmocka_unit_test(reserved_types_and_levels),
        cmocka_unit_test(reserved_in_stage_2),         cmocka_unit_test(addresses_beyond_the_cpu),
        cmocka_unit_test(access_flag_and_dirty_state), cmocka_unit_test(rights_of_stage_1),
        cmocka_unit_test(rights_of_stage_2),           cmocka_unit_test(tables_take_rights_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
