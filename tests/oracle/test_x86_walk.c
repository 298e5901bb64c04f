/* SPDX-License-Identifier: MIT */

/*
 * The naive walker on tables that are written here as plain numbers. Page n of the memory below is at physical
 * address n << 12; page 1 is the root, and each level's table is the next page.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tools/oracle/x86_walk.h"

#define PAGES 8
#define ROOT  0x1000ull
#define NX    (1ull << 63)

static uint64_t memory[PAGES][512] __attribute__((aligned(4096)));

static X86Cpu cpu_of(unsigned levels)
{
    memset(memory, 0, sizeof memory);
    return (X86Cpu){.root = ROOT, .levels = levels, .phys_bits = 52, .memory_base = (uintptr_t)memory};
}

/* Links the tables for address 0 down to the one of `level`, and returns its first entry. */
static uint64_t *path_to(const X86Cpu *cpu, unsigned level)
{
    unsigned page = 1;
    for (unsigned at = cpu->levels - 1; at > level; at--, page++)
        memory[page][0] = ((page + 1ull) << 12) | 0x27; /* P, RW, US, A */
    return memory[page];
}

static void leaf_of_each_size(void **state)
{
    static const uint64_t entries[] = {0x123456789003, 0x123456600083, 0x123440000083};
    static const uint64_t phys[] = {0x123456789abc, 0x1234567f9abc, 0x12347a7f9abc};
    (void)state;
    for (unsigned levels = 4; levels <= 5; levels++) {
        for (unsigned level = 0; level <= 2; level++) {
            X86Cpu cpu = cpu_of(levels);
            uint64_t virt = level == 0 ? 0xabc : level == 1 ? 0x1f9abc : 0x3a7f9abc;
            *path_to(&cpu, level) = entries[level];
            X86Walk walk = x86_walk(&cpu, virt);
            assert_int_equal(walk.end, X86_MAPPED);
            assert_int_equal(walk.level, level);
            assert_int_equal(walk.depth, levels - level);
            assert_true(walk.phys == phys[level]);
            assert_true(walk.size == 1ull << (12 + 9 * level));
            assert_true(walk.path[level] == entries[level]);
        }
    }
}

static void every_index_counts(void **state)
{
    (void)state;
    X86Cpu cpu = cpu_of(5);
    /* 256, 3, 5, 7, 9: the first address of the upper half with 5 levels, and on. */
    memory[1][256] = 0x2027;
    memory[2][3] = 0x3027;
    memory[3][5] = 0x4027;
    memory[4][7] = 0x5027;
    memory[5][9] = 0x7003;
    uint64_t virt = 0xff00000000000000 | 3ull << 39 | 5ull << 30 | 7ull << 21 | 9ull << 12;
    X86Walk walk = x86_walk(&cpu, virt);
    assert_int_equal(walk.end, X86_MAPPED);
    assert_true(walk.phys == 0x7000 && walk.entry_phys == 0x5048);
    assert_int_equal(x86_walk(&cpu, virt + 0x1000).end, X86_ABSENT);
    assert_int_equal(x86_walk(&cpu, virt & 0x01ffffffffffffff).end, X86_NOT_CANONICAL);
}

static void canonical_addresses(void **state)
{
    static const struct {
        unsigned levels;
        uint64_t virt;
        X86End end;
    } rows[] = {
        {4, 0x00007fffffffffff, X86_ABSENT},        {4, 0x0000800000000000, X86_NOT_CANONICAL},
        {4, 0xffff7fffffffffff, X86_NOT_CANONICAL}, {4, 0xffff800000000000, X86_ABSENT},
        {5, 0x00ffffffffffffff, X86_ABSENT},        {5, 0x0100000000000000, X86_NOT_CANONICAL},
        {5, 0xfeffffffffffffff, X86_NOT_CANONICAL}, {5, 0xff00000000000000, X86_ABSENT},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        X86Cpu cpu = cpu_of(rows[i].levels);
        assert_int_equal(x86_walk(&cpu, rows[i].virt).end, rows[i].end);
    }
}

/* Rights are those of all entries together; the leaf alone says the rest. */
static void rights_are_taken_away_at_any_level(void **state)
{
    (void)state;
    for (unsigned level = 0; level < 4; level++) {
        X86Cpu cpu = cpu_of(4);
        *path_to(&cpu, 0) = 0x9000 | 0x67;
        uint64_t *entry = &memory[4 - level][0];
        X86Walk walk = x86_walk(&cpu, 0);
        assert_true(walk.write && walk.user && walk.execute && walk.path_accessed);
        *entry &= ~2ull;
        assert_false(x86_walk(&cpu, 0).write);
        *entry ^= 2 | 4;
        assert_false(x86_walk(&cpu, 0).user);
        *entry |= 4 | NX;
        assert_false(x86_walk(&cpu, 0).execute);
        *entry &= ~(NX | 0x20);
        assert_false(x86_walk(&cpu, 0).path_accessed);
    }
}

static void noted_bits_and_memory_type(void **state)
{
    (void)state;
    for (unsigned level = 0; level <= 2; level++) {
        X86Cpu cpu = cpu_of(4);
        uint64_t *leaf = path_to(&cpu, level), size_bit = level == 0 ? 0 : 0x80;
        *leaf = 1 | size_bit;
        X86Walk walk = x86_walk(&cpu, 0);
        assert_false(walk.global || walk.accessed || walk.dirty);
        assert_int_equal(walk.pat_index, 0);
        *leaf = 1 | size_bit | 0x100 | 0x20 | 0x40;
        walk = x86_walk(&cpu, 0);
        assert_true(walk.global && walk.accessed && walk.dirty);
        *leaf = 1 | size_bit | 0x8;
        assert_int_equal(x86_walk(&cpu, 0).pat_index, 1);
        *leaf = 1 | size_bit | 0x10;
        assert_int_equal(x86_walk(&cpu, 0).pat_index, 2);
        *leaf = 1 | size_bit | (level == 0 ? 0x80 : 0x1000);
        walk = x86_walk(&cpu, 0);
        assert_int_equal(walk.pat_index, 4);
        assert_true(walk.phys == 0); /* bit 12 of a large leaf is no address */
    }
}

static void reserved_bits(void **state)
{
    static const struct {
        unsigned level;
        uint64_t entry;
        X86End end;
    } rows[] = {
        {4, 0x81, X86_RESERVED},
        {3, 0x81, X86_RESERVED},
        {2, 0x20000081, X86_RESERVED},
        {2, 0x2081, X86_RESERVED},
        {2, 0x40000081, X86_MAPPED},
        {1, 0x100081, X86_RESERVED},
        {1, 0x2081, X86_RESERVED},
        {1, 0x200081, X86_MAPPED},
        {0, 0x81, X86_MAPPED},
        {0, 0x7f00000000000e01, X86_MAPPED}, /* ignored bits and the protection key */
    };
    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        X86Cpu cpu = cpu_of(5);
        *path_to(&cpu, rows[i].level) = rows[i].entry;
        X86Walk walk = x86_walk(&cpu, 0);
        assert_int_equal(walk.end, rows[i].end);
        assert_int_equal(walk.defect != NULL, rows[i].end == X86_RESERVED);
    }
}

static void reserved_bits_of_a_lesser_cpu(void **state)
{
    (void)state;
    X86Cpu cpu = cpu_of(4);
    uint64_t *leaf = path_to(&cpu, 0);
    *leaf = (1ull << 39) | 1 | NX;
    assert_int_equal(x86_walk(&cpu, 0).end, X86_MAPPED);
    cpu.phys_bits = 40;
    assert_int_equal(x86_walk(&cpu, 0).end, X86_MAPPED);
    cpu.phys_bits = 39;
    assert_int_equal(x86_walk(&cpu, 0).end, X86_RESERVED);
    cpu.phys_bits = 40;
    cpu.no_execute_off = true;
    assert_int_equal(x86_walk(&cpu, 0).end, X86_RESERVED);

    cpu = cpu_of(4);
    *path_to(&cpu, 2) = 0x40000081;
    cpu.no_1g = true;
    assert_int_equal(x86_walk(&cpu, 0).end, X86_RESERVED);
}

static uint64_t read_elsewhere(void *context, uint64_t phys)
{
    ++*(unsigned *)context;
    return memory[phys >> 12][phys % 4096 / 8];
}

static void memory_can_be_read_by_a_function(void **state)
{
    unsigned reads = 0;
    (void)state;
    X86Cpu cpu = cpu_of(4);
    *path_to(&cpu, 0) = 0x9001;
    cpu.memory_base = 0;
    cpu.read = read_elsewhere;
    cpu.context = &reads;
    assert_true(x86_walk(&cpu, 0x10).phys == 0x9010);
    assert_int_equal(reads, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaf_of_each_size),
        cmocka_unit_test(every_index_counts),
        cmocka_unit_test(canonical_addresses),
        cmocka_unit_test(rights_are_taken_away_at_any_level),
        cmocka_unit_test(noted_bits_and_memory_type),
        cmocka_unit_test(reserved_bits),
        cmocka_unit_test(reserved_bits_of_a_lesser_cpu),
        cmocka_unit_test(memory_can_be_read_by_a_function),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
