/* SPDX-License-Identifier: MIT */

/* The survey of a whole tree, on tables that are written here as plain numbers. */

#include "tests/oracle/tables.h"
#include "tools/oracle/tree.h"

#define NX (1ull << 63)

static uint64_t x86_link(uint64_t table)
{
    return table | 0x27; /* P, RW, US, A */
}

static uint64_t a64_link(uint64_t table)
{
    return table | 3;
}

static uint64_t riscv_link(uint64_t table)
{
    return table >> 2 | 1;
}

static uint64_t ept_link(uint64_t table)
{
    return table | 0x107; /* R, W, X, A */
}

typedef struct Seen {
    uint64_t virt;
    OracleWalk leaf;
} Seen;

typedef struct Leaves {
    Seen list[8];
    unsigned count;
} Leaves;

static int note_leaf(void *context, uint64_t virt, const OracleWalk *leaf)
{
    Leaves *leaves = context;
    assert_true(leaves->count < 8);
    leaves->list[leaves->count++] = (Seen){virt, *leaf};
    return 0;
}

static void leaves_come_in_order(void **state)
{
    Leaves seen = {.count = 0};
    OracleSurvey survey;
    (void)state;
    OracleCpu cpu = cpu_of("x86_64_4level");
    path_to(&cpu, 0, x86_link)[3] = 0x9000 | 0x85 | NX; /* page 3: PAT, user */
    memory[3][511] = 0x3f200000 | 0x183; /* the last 2 MiB of the first 1 GiB: global, writable */
    memory[1][511] = 0x50027;
    memory[5][511] = 0x80000000 | 0x1 | 0x80; /* the last 1 GiB of the address space */
    assert_int_equal(oracle_survey(&cpu, &survey, note_leaf, &seen), 0);
    assert_null(survey.defect);
    assert_int_equal(survey.tables, 5);
    assert_int_equal(seen.count, 3);
    const OracleWalk *page = &seen.list[0].leaf, *large = &seen.list[1].leaf, *last = &seen.list[2].leaf;
    assert_true(seen.list[0].virt == 0x3000 && page->phys == 0x9000 && page->size == 0x1000);
    assert_true(page->user && !page->write && !page->execute_kernel && page->type == 4);
    assert_true(seen.list[1].virt == 0x3fe00000 && large->phys == 0x3f200000 && large->level == 1);
    assert_true(large->global && large->write && large->execute_kernel && !large->user);
    assert_true(seen.list[2].virt == 0xffffffffc0000000 && last->phys == 0x80000000);
    assert_int_equal(survey.leaves[0] + 10 * survey.leaves[1] + 100 * survey.leaves[2], 111);
}

/* What a visit returns ends the survey. */
static int stop(void *context, uint64_t virt, const OracleWalk *leaf)
{
    (void)virt;
    (void)leaf;
    return ++*(int *)context == 2 ? 7 : 0;
}

static void a_visit_can_end_it(void **state)
{
    OracleSurvey survey;
    int calls = 0;
    (void)state;
    OracleCpu cpu = cpu_of("x86_64_4level");
    uint64_t *pages = path_to(&cpu, 0, x86_link);
    pages[1] = pages[2] = pages[3] = 0x9003;
    assert_int_equal(oracle_survey(&cpu, &survey, stop, &calls), 7);
    assert_int_equal(calls, 2);
}

static void addresses_begin_as_the_half_does(void **state)
{
    static const struct {
        const char *format;
        uint64_t first;
    } rows[] = {{"aarch64_4k_upper", 0xffff000000000000},
                {"aarch64_16k_lpa2_upper", 0xfff0000000000000},
                {"aarch64_64k", 0},
                {"aarch64_16k_stage2", 0}};
    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        Leaves seen = {.count = 0};
        OracleSurvey survey;
        OracleCpu cpu = cpu_of(rows[i].format);
        *path_to(&cpu, 0, a64_link) = 0x70447;
        oracle_survey(&cpu, &survey, note_leaf, &seen);
        assert_int_equal(seen.count, 1);
        assert_true(seen.list[0].virt == rows[i].first && seen.list[0].leaf.phys == 0x70000);
    }
}

/* Sixteen pages are one leaf, and what follows is another. */
static void a_run_counts_as_one_leaf(void **state)
{
    Leaves seen = {.count = 0};
    OracleSurvey survey;
    (void)state;
    OracleCpu cpu = cpu_of("aarch64_4k");
    uint64_t *pages = path_to(&cpu, 0, a64_link);
    for (unsigned i = 0; i < 16; i++)
        pages[16 + i] = 0x0010000000080703 + i * 0x1000ull;
    pages[32] = 0x90703;
    oracle_survey(&cpu, &survey, note_leaf, &seen);
    assert_null(survey.defect);
    assert_int_equal(seen.count, 2);
    assert_true(seen.list[0].virt == 0x10000 && seen.list[0].leaf.size == 0x10000);
    assert_true(seen.list[1].virt == 0x20000 && seen.list[1].leaf.size == 0x1000);
}

static uint64_t hash_of(const OracleCpu *cpu)
{
    OracleSurvey survey;
    oracle_survey(cpu, &survey, NULL, NULL);
    return survey.hash;
}

static void every_bit_is_in_the_hash(void **state)
{
    (void)state;
    OracleCpu cpu = cpu_of("x86_64_4level");
    uint64_t *table = path_to(&cpu, 0, x86_link);
    table[7] = 0x9003;
    uint64_t hash = hash_of(&cpu);
    for (unsigned bit = 0; bit < 64; bit++) {
        table[7] ^= 1ull << bit;
        assert_true(hash_of(&cpu) != hash);
        table[7] ^= 1ull << bit;
    }
    assert_true(hash_of(&cpu) == hash);
    table[8] = table[7];
    table[7] = 0;
    assert_true(hash_of(&cpu) != hash);
}

/* What the MMU never reads of a root that is shorter than its page. */
static void all_of_a_short_root_is_in_the_hash(void **state)
{
    (void)state;
    OracleCpu cpu = cpu_of("aarch64_16k");
    uint64_t hash = hash_of(&cpu);
    memory[1][2] = 1;
    assert_true(hash_of(&cpu) != hash);
}

typedef struct Wrong {
    unsigned level;
    uint64_t entry;
} Wrong;

/* Table 6 of the memory holds one sound leaf, table 7 none. */
static void check_wrong(const char *format, uint64_t (*link)(uint64_t table), uint64_t leaf,
                        const Wrong *rows, unsigned count)
{
    OracleSurvey survey;
    for (unsigned i = 0; i < count; i++) {
        OracleCpu cpu = cpu_of(format);
        memory[6][0] = leaf;
        *path_to(&cpu, rows[i].level, link) = rows[i].entry;
        oracle_survey(&cpu, &survey, NULL, NULL);
        if (!survey.defect)
            print_error("%s, row %u\n", format, i);
        assert_non_null(survey.defect);
        assert_int_equal(survey.defect_level, rows[i].level);
    }
}

#define CHECK_WRONG(format, link, leaf, rows)                                                              \
    check_wrong(format, link, leaf, rows, sizeof(rows) / sizeof *(rows))

static void finds_what_is_wrong(void **state)
{
    static const Wrong x86[] = {
        {0, 0x9002},       /* absent, and not zero */
        {1, 0x70027},      /* an empty table */
        {1, 0x60025},      /* a link that is read-only, */
        {1, 0x60023},      /* for the kernel alone, */
        {1, 0x60007},      /* not accessed, */
        {1, 0x60027 | NX}, /* not executable, */
        {1, 0x6002f},      /* write-through */
        {1, 0x10027},      /* a loop */
        {3, 0x90a7},       /* PS in a PML4E */
    };
    static const Wrong riscv[] = {
        {0, 0x2000002},            /* absent, and not zero */
        {1, 0x70000 >> 2 | 1},     /* an empty table */
        {1, 0x60000 >> 2 | 0x21},  /* a link that makes all global */
        {1, 0x10000 >> 2 | 1},     /* a loop */
        {1, 0x60000 >> 2 | 0x411}, /* what the walk refuses */
    };
    static const Wrong ept[] = {
        {0, 0x9008},  {1, 0x70107}, /* absent, and not zero; an empty table */
        {1, 0x60103}, {1, 0x60105}, /* a link that takes away X, W, */
        {1, 0x60007},               /* and one that is not accessed */
        {1, 0x10107},               /* a loop */
    };
    static const Wrong a64[] = {
        {0, 0x9702},
        {1, 0x70003}, /* absent, and not zero; an empty table */
        {1, 0x0800000000060003},
        {1, 0x1000000000060003}, /* PXNTable, UXNTable, */
        {1, 0x2000000000060003},
        {1, 0x4000000000060003}, /* APTable */
        {1, 0x10003},            /* a loop */
    };
    (void)state;
    CHECK_WRONG("x86_64_4level", x86_link, 0x9003, x86);
    CHECK_WRONG("riscv_sv39", riscv_link, 0x20000c3, riscv);
    CHECK_WRONG("ept_4level", ept_link, 0x9107, ept);
    CHECK_WRONG("aarch64_4k", a64_link, 0x9703, a64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_come_in_order),
        cmocka_unit_test(a_visit_can_end_it),
        cmocka_unit_test(addresses_begin_as_the_half_does),
        cmocka_unit_test(a_run_counts_as_one_leaf),
        cmocka_unit_test(every_bit_is_in_the_hash),
        cmocka_unit_test(all_of_a_short_root_is_in_the_hash),
        cmocka_unit_test(finds_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
