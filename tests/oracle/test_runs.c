/* SPDX-License-Identifier: MIT */

/* What the naive walkers say of contiguous runs: tables written as plain numbers, and each rule broken once. */

#include "tests/oracle/tables.h"

#define CONTIGUOUS 0x0010000000000000ull
#define NAPOT      0x8000000000000000ull

static uint64_t a64_link(uint64_t table)
{
    return table | 3;
}

static uint64_t riscv_link(uint64_t table)
{
    return table >> 2 | 1;
}

/* A run of AArch64: `entry` maps the first of `count` entries of 1 << shift bytes. */
typedef struct A64Run {
    const char *format;
    unsigned level, count, shift;
    uint64_t entry, phys;
} A64Run;

static const A64Run a64_runs[] = {
    {"aarch64_4k", 0, 16, 12, 0x0010000123450703, 0x123450000},
    {"aarch64_4k", 1, 16, 21, 0x0010000124000701, 0x124000000},
    {"aarch64_4k_upper", 0, 16, 12, 0x0010000123450703, 0x123450000},
    {"aarch64_4k_stage2", 1, 16, 21, 0x001000012400077d, 0x124000000},
    {"aarch64_16k", 0, 128, 14, 0x0010000123400703, 0x123400000},
    {"aarch64_16k", 1, 32, 25, 0x0010000140000701, 0x140000000},
    {"aarch64_64k", 0, 32, 16, 0x0010000123400703, 0x123400000},
    {"aarch64_64k", 1, 32, 29, 0x0010001400000701, 0x1400000000},
    {"aarch64_4k_lpa2", 0, 16, 12, 0x0011000123450503, 0x5000123450000},
    {"aarch64_16k_lpa2", 1, 32, 25, 0x0012000140000603, 0xa000140000000},
    {"aarch64_64k_lpa", 0, 32, 16, 0x001000012340a703, 0xa000123400000},
};

/* Writes the run as the second one of its table, and returns its entries. */
static uint64_t *write_run(const OracleCpu *cpu, const A64Run *run)
{
    uint64_t *entries = path_to(cpu, run->level, a64_link) + run->count;
    uint64_t entry = run->level == 0 ? run->entry | 2 : run->entry & ~2ull;
    for (unsigned i = 0; i < run->count; i++)
        entries[i] = entry + ((uint64_t)i << run->shift);
    return entries;
}

static uint64_t virt_of(const A64Run *run, unsigned index)
{
    uint64_t half = strstr(run->format, "upper") ? 0xffff000000000000 : 0;
    return half + ((uint64_t)(run->count + index) << run->shift);
}

static void all_entries_of_a_run_are_one_leaf(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof a64_runs / sizeof *a64_runs; i++) {
        const A64Run *run = &a64_runs[i];
        OracleCpu cpu = cpu_of(run->format);
        write_run(&cpu, run);
        for (unsigned at = 0; at < run->count; at++) {
            OracleWalk walk = oracle_walk(&cpu, virt_of(run, at) + 0xabc);
            assert_int_equal(walk.end, ORACLE_MAPPED);
            assert_int_equal(walk.level, run->level);
            assert_true(walk.size == (uint64_t)run->count << run->shift);
            assert_true(walk.phys == run->phys + ((uint64_t)at << run->shift) + 0xabc);
        }
    }
}

/* Whichever entry of a run is wrong, whoever reads any other may see it. */
static void check_refused(const char *format, uint64_t (*change)(uint64_t entry), unsigned at,
                          OracleEnd end)
{
    for (unsigned i = 0; i < sizeof a64_runs / sizeof *a64_runs; i++) {
        const A64Run *run = &a64_runs[i];
        if (strcmp(run->format, format) != 0)
            continue;
        OracleCpu cpu = cpu_of(run->format);
        uint64_t *entries = write_run(&cpu, run);
        entries[at] = change(entries[at]);
        assert_int_equal(oracle_walk(&cpu, virt_of(run, 0)).end, end);
        assert_int_equal(oracle_walk(&cpu, virt_of(run, run->count - 1)).end, end);
    }
}

static uint64_t gone(uint64_t entry)
{
    (void)entry;
    return 0;
}

static uint64_t not_contiguous(uint64_t entry)
{
    return entry & ~CONTIGUOUS;
}

static uint64_t read_only(uint64_t entry)
{
    return entry ^ 0x80;
}

static uint64_t other_type(uint64_t entry)
{
    return entry ^ 4;
}

static uint64_t never_executed(uint64_t entry)
{
    return entry ^ 0x0040000000000000;
}

static uint64_t elsewhere(uint64_t entry)
{
    return entry ^ 0x400000000;
}

static uint64_t softwares_own(uint64_t entry)
{
    return entry ^ 0x0100000000000000;
}

static void the_entries_of_a_run_agree(void **state)
{
    static uint64_t (*const wrong[])(uint64_t) = {gone,       not_contiguous, read_only,
                                                  other_type, never_executed, elsewhere};
    (void)state;
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++)
        for (unsigned at = 1; at < 15; at++) {
            check_refused("aarch64_4k", wrong[i], at, ORACLE_REFUSED);
            check_refused("aarch64_16k", wrong[i], at, ORACLE_REFUSED);
            check_refused("aarch64_64k", wrong[i], at, ORACLE_REFUSED);
        }
    check_refused("aarch64_4k", softwares_own, 3, ORACLE_MAPPED); /* the MMU does not read it */
}

/* The second of two pages is where the first should be, though all are contiguous. */
static void a_run_is_aligned_in_both_spaces(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof a64_runs / sizeof *a64_runs; i++) {
        A64Run run = a64_runs[i];
        OracleCpu cpu = cpu_of(run.format);
        run.entry += 1ull << run.shift;
        write_run(&cpu, &run);
        assert_int_equal(oracle_walk(&cpu, virt_of(&run, 0)).end, ORACLE_REFUSED);
        memset(memory, 0, sizeof memory);
        run.entry -= 1ull << run.shift;
        uint64_t *entries = write_run(&cpu, &run);
        entries[run.count] = entries[0]; /* it begins a run that is not there */
        assert_int_equal(oracle_walk(&cpu, virt_of(&run, run.count)).end, ORACLE_REFUSED);
    }
}

static void only_two_levels_have_runs(void **state)
{
    static const Row rows[] = {
        {2, 0x0010000040000701, ORACLE_REFUSED},
        {1, 0x0010000000070003, ORACLE_ABSENT}, /* ignored in a link */
    };
    (void)state;
    CHECK_ROWS("aarch64_4k", a64_link, rows);
}

/* Accessed and dirty may differ; what one entry has noted counts for the run. */
static void a_run_was_accessed_where_one_entry_was(void **state)
{
    (void)state;
    A64Run run = {"aarch64_4k", 0, 16, 12, 0x0018000123450383, 0}; /* DBM, read-only, AF clear */
    OracleCpu cpu = cpu_of(run.format);
    uint64_t *entries = write_run(&cpu, &run);
    cpu.hardware_updates = true;
    OracleWalk walk = oracle_walk(&cpu, virt_of(&run, 2));
    assert_true(walk.end == ORACLE_MAPPED && !walk.accessed && !walk.dirty && walk.write);
    entries[9] |= 0x400;
    assert_true(oracle_walk(&cpu, virt_of(&run, 2)).accessed);
    entries[9] &= ~0x80ull;
    assert_true(oracle_walk(&cpu, virt_of(&run, 2)).dirty);
    cpu.hardware_updates = false; /* such a CPU has not noted that, and reads it as a right */
    assert_int_equal(oracle_walk(&cpu, virt_of(&run, 2)).end, ORACLE_REFUSED);
}

static void a_run_of_stage_2_was_written_where_the_bit_is_set(void **state)
{
    (void)state;
    A64Run run = {"aarch64_4k_stage2", 0, 16, 12, 0x001800012345077f, 0}; /* DBM, not written */
    OracleCpu cpu = cpu_of(run.format);
    uint64_t *entries = write_run(&cpu, &run);
    cpu.hardware_updates = true;
    assert_false(oracle_walk(&cpu, virt_of(&run, 0)).dirty);
    entries[15] |= 0x80;
    assert_true(oracle_walk(&cpu, virt_of(&run, 0)).dirty);
}

/* Sixteen equal entries whose PPN ends in 0b1000. */
static uint64_t *write_napot(const OracleCpu *cpu)
{
    uint64_t *entries = path_to(cpu, 0, riscv_link) + 16;
    for (unsigned i = 0; i < 16; i++)
        entries[i] = NAPOT | 0x123458000 >> 2 | 0x47;
    return entries;
}

static void a_napot_range_takes_the_frame_from_the_address(void **state)
{
    (void)state;
    OracleCpu cpu = cpu_of("riscv_sv48");
    write_napot(&cpu);
    for (uint64_t i = 0; i < 16; i++) {
        OracleWalk walk = oracle_walk(&cpu, 0x10abc + (i << 12));
        assert_int_equal(walk.end, ORACLE_MAPPED);
        assert_true(walk.size == 0x10000 && walk.level == 0);
        assert_true(walk.phys == 0x123450abc + (i << 12));
    }
}

static void the_entries_of_a_napot_range_are_equal(void **state)
{
    static const uint64_t changes[] = {NAPOT, 0x1, 0x4, 0x8, 0x10, 0x100, 0x4000, 0x2000000000000000};
    (void)state;
    for (unsigned i = 0; i < sizeof changes / sizeof *changes; i++)
        for (unsigned at = 1; at < 16; at++) {
            OracleCpu cpu = cpu_of("riscv_sv39");
            write_napot(&cpu)[at] ^= changes[i];
            assert_int_equal(oracle_walk(&cpu, 0x10000).end, ORACLE_REFUSED);
        }
}

static void a_napot_range_was_accessed_where_one_entry_was(void **state)
{
    (void)state;
    OracleCpu cpu = cpu_of("riscv_sv39");
    uint64_t *entries = write_napot(&cpu);
    assert_false(oracle_walk(&cpu, 0x10000).dirty);
    entries[7] |= 0x80;
    assert_true(oracle_walk(&cpu, 0x10000).dirty);
    for (unsigned i = 0; i < 16; i++)
        entries[i] &= ~0x40ull;
    assert_int_equal(oracle_walk(&cpu, 0x10000).end, ORACLE_NOT_ACCESSED);
    entries[3] |= 0x40;
    assert_int_equal(oracle_walk(&cpu, 0x10000).end, ORACLE_MAPPED);
}

static void other_sizes_of_napot_ranges_are_reserved(void **state)
{
    static const Row rows[] = {
        {0, NAPOT | 0x10000 >> 2 | 0x43, ORACLE_REFUSED}, /* ...0000, */
        {0, NAPOT | 0x14000 >> 2 | 0x43, ORACLE_REFUSED}, /* ...0100: 32 KiB, */
        {0, NAPOT | 0x1c000 >> 2 | 0x43, ORACLE_REFUSED}, /* ...1100, */
        {0, NAPOT | 0x19000 >> 2 | 0x43, ORACLE_REFUSED}, /* ...1001 */
        {1, NAPOT | 0x208000 >> 2 | 0x43, ORACLE_REFUSED},
        {2, NAPOT | 0x40000000 >> 2 | 0x43, ORACLE_REFUSED},
    };
    (void)state;
    CHECK_ROWS("riscv_sv39", riscv_link, rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_entries_of_a_run_are_one_leaf),
        cmocka_unit_test(the_entries_of_a_run_agree),
        cmocka_unit_test(a_run_is_aligned_in_both_spaces),
        cmocka_unit_test(only_two_levels_have_runs),
        cmocka_unit_test(a_run_was_accessed_where_one_entry_was),
        cmocka_unit_test(a_run_of_stage_2_was_written_where_the_bit_is_set),
        cmocka_unit_test(a_napot_range_takes_the_frame_from_the_address),
        cmocka_unit_test(the_entries_of_a_napot_range_are_equal),
        cmocka_unit_test(a_napot_range_was_accessed_where_one_entry_was),
        cmocka_unit_test(other_sizes_of_napot_ranges_are_reserved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
