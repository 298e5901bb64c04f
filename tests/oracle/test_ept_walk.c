/* SPDX-License-Identifier: MIT */

/* The naive walker of extended page tables on tables that are written here as plain numbers. */

#include "tests/oracle/tables.h"

static uint64_t link(uint64_t table)
{
    return table | 0x107;
}

static void leaf_of_each_size(void **state)
{
    static const uint64_t entries[] = {0x000ab23456789031, 0x000ab234566000b1, 0x000ab234400000b1};
    (void)state;
    for (unsigned level = 0; level < 3; level++) {
        OracleCpu cpu = cpu_of(level == 1 ? "ept_5level" : "ept_4level");
        *path_to(&cpu, level, link) = entries[level];
        OracleWalk walk = oracle_walk(&cpu, 0xabc);
        assert_int_equal(walk.end, ORACLE_MAPPED);
        assert_int_equal(walk.level, level);
        assert_true(walk.phys == ((entries[level] & ~0xfffull) | 0xabc));
        assert_true(walk.size == 1ull << (12 + 9 * level) && walk.type == 6);
    }
}

static void every_index_counts(void **state)
{
    (void)state;
    OracleCpu cpu = cpu_of("ept_4level");
    memory[1][511] = 0x20107;
    memory[2][3] = 0x30107;
    memory[3][5] = 0x40107;
    memory[4][7] = 0x7033;
    uint64_t guest = 511ull << 39 | 3ull << 30 | 5ull << 21 | 7ull << 12;
    assert_true(oracle_walk(&cpu, guest + 0x123).phys == 0x7123);
    assert_int_equal(oracle_walk(&cpu, guest + 0x1000).end, ORACLE_ABSENT);
}

static void addresses_have_no_sign(void **state)
{
    static const Address rows[] = {
        {"ept_4level", 0x0000ffffffffffff, ORACLE_ABSENT},
        {"ept_4level", 0x0001000000000000, ORACLE_NO_ADDRESS},
        {"ept_4level", 0xffffffffffffffff, ORACLE_NO_ADDRESS},
        {"ept_5level", 0x01ffffffffffffff, ORACLE_ABSENT},
        {"ept_5level", 0x0200000000000000, ORACLE_NO_ADDRESS},
    };
    (void)state;
    check_addresses(rows, sizeof rows / sizeof *rows);
}

static void misconfigurations(void **state)
{
    static const Row rows[] = {
        {0, 0x9032, ORACLE_REFUSED},            /* W without R, */
        {0, 0x9036, ORACLE_REFUSED},            /* and with X */
        {0, 0x9034, ORACLE_REFUSED},            /* X without R */
        {0, 0x9030, ORACLE_ABSENT},             /* none of them: nothing else counts */
        {1, 0x70106, ORACLE_REFUSED},           /* in a link too */
        {0, 0x9011, ORACLE_REFUSED},            /* memory types 2, */
        {0, 0x9019, ORACLE_REFUSED},            /* 3 */
        {0, 0x9039, ORACLE_REFUSED},            /* and 7 */
        {0, 0x9029, ORACLE_MAPPED},             /* WP */
        {0, 0x9001, ORACLE_MAPPED},             /* UC */
        {0, 0x90b1, ORACLE_MAPPED},             /* bit 7 is ignored in a page */
        {1, 0x2000b1, ORACLE_MAPPED},           /* 2 MiB, */
        {1, 0x2010b1, ORACLE_REFUSED},          /* bit 12 */
        {1, 0x3000b1, ORACLE_REFUSED},          /* and bit 20 set */
        {2, 0x400000b1, ORACLE_MAPPED},         /* 1 GiB, */
        {2, 0x402000b1, ORACLE_REFUSED},        /* bit 21 set */
        {3, 0x8000000087, ORACLE_REFUSED},      /* no leaf of 512 GiB */
        {1, 0x7010f, ORACLE_REFUSED},           /* bit 3 */
        {1, 0x70147, ORACLE_REFUSED},           /* and bit 6 of a link */
        {1, 0xfff0000000070f07, ORACLE_ABSENT}, /* what is ignored in a link */
        {0, 0xfff0000000009f31, ORACLE_MAPPED}, /* and in a page */
    };
    (void)state;
    CHECK_ROWS("ept_4level", link, rows);
}

static void addresses_beyond_the_cpu(void **state)
{
    (void)state;
    OracleCpu cpu = cpu_of("ept_4level");
    *path_to(&cpu, 0, link) = 1ull << 39 | 0x31;
    cpu.phys_bits = 40;
    assert_int_equal(oracle_walk(&cpu, 0).end, ORACLE_MAPPED);
    cpu.phys_bits = 39;
    assert_int_equal(oracle_walk(&cpu, 0).end, ORACLE_REFUSED);
}

/* Rights are those of all entries together. */
static void rights_are_taken_away_at_any_level(void **state)
{
    (void)state;
    for (unsigned level = 0; level < 4; level++) {
        OracleCpu cpu = cpu_of("ept_4level");
        *path_to(&cpu, 0, link) = 0x9337;
        uint64_t *entry = &memory[4 - level][0];
        OracleWalk walk = oracle_walk(&cpu, 0);
        assert_true(walk.write && walk.execute_kernel && walk.accessed && walk.dirty);
        *entry &= ~2ull;
        assert_false(oracle_walk(&cpu, 0).write);
        *entry ^= 2 | 4;
        assert_false(oracle_walk(&cpu, 0).execute_kernel);
    }
}

static void noted_bits_are_those_of_the_leaf(void **state)
{
    (void)state;
    OracleCpu cpu = cpu_of("ept_5level");
    *path_to(&cpu, 0, link) = 0x9131;
    OracleWalk walk = oracle_walk(&cpu, 0);
    assert_true(walk.accessed && !walk.dirty);
    *path_to(&cpu, 0, link) = 0x9231;
    walk = oracle_walk(&cpu, 0);
    assert_true(!walk.accessed && walk.dirty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaf_of_each_size),
        cmocka_unit_test(every_index_counts),
        cmocka_unit_test(addresses_have_no_sign),
        cmocka_unit_test(misconfigurations),
        cmocka_unit_test(addresses_beyond_the_cpu),
        cmocka_unit_test(rights_are_taken_away_at_any_level),
        cmocka_unit_test(noted_bits_are_those_of_the_leaf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
