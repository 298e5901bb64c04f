/* SPDX-License-Identifier: MIT */
#ifndef TESTS_ORACLE_TABLES_H
#define TESTS_ORACLE_TABLES_H

/*
 * Tables written as plain numbers, for the tests of the naive walkers. Table n of the memory below is at physical
 * address n << 16, whatever its size; table 1 is the root, and each level's table is the next one.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tools/oracle/walkers.h"

#define TABLES 8
#define ROOT   0x10000ull

static uint64_t memory[TABLES][8192] __attribute__((aligned(65536)));

static OracleCpu cpu_of(const char *name)
{
    const OracleWalker *walker = oracle_walker_find(name);
    assert_non_null(walker);
    memset(memory, 0, sizeof memory);
    return (OracleCpu){
        .walker = walker, .root = ROOT, .phys_bits = walker->output_bits, .memory_base = (uintptr_t)memory};
}

/* Links the tables for address 0 down to the one of `level`, by entries that `link` makes, and returns its entries. */
static uint64_t *path_to(const OracleCpu *cpu, unsigned level, uint64_t (*link)(uint64_t table))
{
    unsigned table = 1;
    for (unsigned at = cpu->walker->levels - 1; at > level; at--, table++)
        memory[table][0] = link((table + 1ull) << 16);
    return memory[table];
}

/* One entry at its level, on the way of address 0, and what becomes of that. */
typedef struct Row {
    unsigned level;
    uint64_t entry;
    OracleEnd end;
} Row;

static inline void check_rows(const char *format, uint64_t (*link)(uint64_t table), const Row *rows,
                              unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        OracleCpu cpu = cpu_of(format);
        *path_to(&cpu, rows[i].level, link) = rows[i].entry;
        OracleWalk walk = oracle_walk(&cpu, 0);
        if (walk.end != rows[i].end)
            print_error("%s, row %u: %d, %s\n", format, i, walk.end, walk.defect ? walk.defect : "-");
        assert_int_equal(walk.end, rows[i].end);
        assert_int_equal(walk.defect != NULL, rows[i].end == ORACLE_REFUSED);
    }
}

#define CHECK_ROWS(format, link, rows) check_rows(format, link, rows, sizeof(rows) / sizeof *(rows))

typedef struct Address {
    const char *format;
    uint64_t address;
    OracleEnd end;
} Address;

/* Which addresses an empty tree translates at all. */
static inline void check_addresses(const Address *rows, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        OracleCpu cpu = cpu_of(rows[i].format);
        assert_int_equal(oracle_walk(&cpu, rows[i].address).end, rows[i].end);
    }
}

#endif
