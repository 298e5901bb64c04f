/* SPDX-License-Identifier: MIT */
/*
 * The instructions that x86-64 CPUs execute to forget or to load a space, operand by operand. White box:
 * the steps of arch/x86_64/cpu. What is expected was worked out by hand from the Intel SDM: volume 3A,
 * sections 4.5 (table 4-12, CR3), 4.10.1 and 4.10.4.1, volume 2A, INVLPG and INVPCID. Constants are the
 * test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86_64/cpu/cpu.h"

#define KB4 ((usize)0x1000)
#define MB2 ((usize)0x200000)
#define GB1 ((usize)0x40000000)

#define LOW  ((usize)0x00007f1234500000)
#define HIGH ((usize)0xffff923400000000)
#define TOP  ((usize)0xffffffffffffffff)

/* A root whose bits would show if they were shifted or cut: bits 51 and 12 are set. */
#define ROOT ((usize)0x0008123456789000)

/* The steps, in short. Bits 11:0 of CR3 are the PCID; bit 63 of the source keeps what is cached of it. */
#define INVLPG(first, stride, count)                                                                       \
    {                                                                                                      \
        X86_INVLPG, 0, first, stride, count                                                                \
    }
#define INVPCID(pcid, first, stride, count)                                                                \
    {                                                                                                      \
        X86_INVPCID_ADDRESS, pcid, first, stride, count                                                    \
    }
#define INVPCID_ALL                                                                                        \
    {                                                                                                      \
        X86_INVPCID_ALL, 0, 0, 0, 1                                                                        \
    }
#define PGE                                                                                                \
    {                                                                                                      \
        X86_PGE, 0, 0, 0, 1                                                                                \
    }
#define CR3(value)                                                                                         \
    {                                                                                                      \
        X86_CR3, 0, value, 0, 1                                                                            \
    }
#define CR3_FLUSH(pcid) CR3(0x0008123456789000 | (pcid))
#define CR3_KEEP(pcid)  CR3(0x8008123456789000 | (pcid))

#define RANGE(first, length, stride)                                                                       \
    {                                                                                                      \
        first, (usize)(first) + (usize)(length)-1, stride                                                  \
    }

static const MemVmapCpuFeatures plain = {0};
static const MemVmapCpuFeatures pcid = {.asids = 4096};
static const MemVmapCpuFeatures pge = {.globals = true};
static const MemVmapCpuFeatures invpcid_only = {.by_asid = true, .globals = true};
static const MemVmapCpuFeatures pcid_pge = {.asids = 4096, .globals = true};
static const MemVmapCpuFeatures all = {.asids = 4096, .by_asid = true, .globals = true};

/* Steps that were written, and what stands behind the last one that may be. */
typedef struct result {
    unsigned count;
    MemVmapStep steps[MEM_VMAP_STEPS];
    unsigned char behind[64];
} Result;

static const MemVmapCpuType *type(void)
{
    const MemVmapCpuType *found = mem_vmap_cpu_type_find("x86_64");
    assert_non_null(found);
    return found;
}

static Result begin(void)
{
    Result result;
    memset(&result, 0xcc, sizeof result);
    return result;
}

static void assert_in_bounds(const Result *result)
{
    assert_true(result->count >= 1);
    assert_true(result->count <= MEM_VMAP_STEPS);
    for (unsigned i = 0; i < sizeof result->behind; i++)
        assert_int_equal(result->behind[i], 0xcc);
}

static Result forget(const MemVmapCpuFeatures *features, unsigned asid, const MemVmapPlan *plan)
{
    Result result = begin();
    result.count = type()->forget(features, &(MemVmapRoot){.root = ROOT, .asid = asid, .levels = 4}, plan,
                                  result.steps);
    assert_in_bounds(&result);
    return result;
}

static Result load(const MemVmapCpuFeatures *features, unsigned asid, MemVmapHistory history,
                   const MemVmapPlan *plan)
{
    Result result = begin();
    result.count = type()->load(features, &(MemVmapRoot){.root = ROOT, .asid = asid, .levels = 4}, history,
                                plan, result.steps);
    assert_in_bounds(&result);
    return result;
}

/* Of INVPCID the PCID counts; other kinds take theirs from CR3. */
static void assert_step(const MemVmapStep *step, const MemVmapStep *expected, const char *what)
{
    if (step->kind != expected->kind || step->first != expected->first || step->count != expected->count ||
        (expected->count > 1 && step->stride != expected->stride) ||
        (expected->kind == X86_INVPCID_ADDRESS && step->asid != expected->asid)) {
        print_error("%s: kind %u, PCID %u, first %#zx, stride %#zx, count %zu\n", what, step->kind,
                    step->asid, step->first, step->stride, step->count);
        fail();
    }
}

static void assert_result(const Result *result, const MemVmapStep *expected, unsigned count,
                          const char *what)
{
    if (result->count != count) {
        print_error("%s: %u steps\n", what, result->count);
        fail();
    }
    for (unsigned i = 0; i < count; i++)
        assert_step(&result->steps[i], &expected[i], what);
}

#define MOST 4

static unsigned length(const MemVmapStep steps[MOST])
{
    unsigned count = 0;
    while (count < MOST && steps[count].count != 0)
        count++;
    return count;
}

typedef struct forget_row {
    const char *what;
    const MemVmapCpuFeatures *features;
    MemVmapPlan plan;
    MemVmapStep steps[MOST];
} ForgetRow;

static void check_forget(const ForgetRow *rows, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        Result result = forget(rows[i].features, rows[i].features->asids > 0 ? 5 : 0, &rows[i].plan);
        assert_result(&result, rows[i].steps, length(rows[i].steps), rows[i].what);
    }
}
#define CHECK_FORGET(rows) check_forget(rows, sizeof(rows) / sizeof(rows)[0])

static void addresses_go_one_by_one(void **state)
{
    (void)state;
    static const ForgetRow rows[] = {
        {"one page", &plain, {.count = 1, .ranges = {RANGE(LOW, KB4, KB4)}}, {INVLPG(LOW, KB4, 1)}},
        {"three pages", &all, {.count = 1, .ranges = {RANGE(LOW, 3 * KB4, KB4)}}, {INVLPG(LOW, KB4, 3)}},
        {"one leaf of 2M", &all, {.count = 1, .ranges = {RANGE(HIGH, MB2, MB2)}}, {INVLPG(HIGH, MB2, 1)}},
        {"leaves of 2M", &all, {.count = 1, .ranges = {RANGE(HIGH, 7 * MB2, MB2)}}, {INVLPG(HIGH, MB2, 7)}},
        {"leaves of 1G", &all, {.count = 1, .ranges = {RANGE(HIGH, 2 * GB1, GB1)}}, {INVLPG(HIGH, GB1, 2)}},
        {"sizes mixed, in order",
         &pcid,
         {.count = 3,
          .ranges = {RANGE(HIGH, MB2, MB2), RANGE(LOW, 2 * KB4, KB4), RANGE(HIGH + GB1, GB1, GB1)}},
         {INVLPG(HIGH, MB2, 1), INVLPG(LOW, KB4, 2), INVLPG(HIGH + GB1, GB1, 1)}},
    };
    CHECK_FORGET(rows);
}

static void the_ceiling_is_33_leaves_of_any_size(void **state)
{
    (void)state;
    static const ForgetRow rows[] = {
        {"33 pages", &pcid, {.count = 1, .ranges = {RANGE(LOW, 33 * KB4, KB4)}}, {INVLPG(LOW, KB4, 33)}},
        {"34 pages", &pcid, {.count = 1, .ranges = {RANGE(LOW, 34 * KB4, KB4)}}, {CR3_FLUSH(5)}},
        {"33 of 2M", &pcid, {.count = 1, .ranges = {RANGE(HIGH, 33 * MB2, MB2)}}, {INVLPG(HIGH, MB2, 33)}},
        {"34 of 2M", &pcid, {.count = 1, .ranges = {RANGE(HIGH, 34 * MB2, MB2)}}, {CR3_FLUSH(5)}},
        {"33 of 1G", &pcid, {.count = 1, .ranges = {RANGE(HIGH, 33 * GB1, GB1)}}, {INVLPG(HIGH, GB1, 33)}},
        {"34 of 1G", &pcid, {.count = 1, .ranges = {RANGE(HIGH, 34 * GB1, GB1)}}, {CR3_FLUSH(5)}},
        {"the sum counts: 33",
         &pcid,
         {.count = 2, .ranges = {RANGE(LOW, 20 * KB4, KB4), RANGE(HIGH, 13 * MB2, MB2)}},
         {INVLPG(LOW, KB4, 20), INVLPG(HIGH, MB2, 13)}},
        {"the sum counts: 34",
         &pcid,
         {.count = 2, .ranges = {RANGE(LOW, 20 * KB4, KB4), RANGE(HIGH, 14 * MB2, MB2)}},
         {CR3_FLUSH(5)}},
    };
    CHECK_FORGET(rows);
}

static void the_ceiling_is_tunable(void **state)
{
    (void)state;
    static const MemVmapCpuFeatures one = {.asids = 4096, .ceiling = 1},
                                    many = {.asids = 4096, .ceiling = 512};
    static const ForgetRow rows[] = {
        {"1 of 1", &one, {.count = 1, .ranges = {RANGE(LOW, KB4, KB4)}}, {INVLPG(LOW, KB4, 1)}},
        {"2 of 1", &one, {.count = 1, .ranges = {RANGE(LOW, 2 * KB4, KB4)}}, {CR3_FLUSH(5)}},
        {"512 of 512", &many, {.count = 1, .ranges = {RANGE(LOW, MB2, KB4)}}, {INVLPG(LOW, KB4, 512)}},
        {"513 of 512", &many, {.count = 1, .ranges = {RANGE(LOW, MB2 + KB4, KB4)}}, {CR3_FLUSH(5)}},
    };
    CHECK_FORGET(rows);
}

/*
 * MOV to CR3 with bit 63 clear: all of that PCID but global entries (SDM 4.10.4.1). The root stays what
 * it is.
 */
static void everything_of_the_space(void **state)
{
    (void)state;
    static const ForgetRow rows[] = {
        {"without PCIDs", &plain, {.everything = true}, {CR3(ROOT)}},
        {"without PCIDs, with globals", &pge, {.everything = true}, {CR3(ROOT)}},
        {"of its PCID", &pcid, {.everything = true}, {CR3_FLUSH(5)}},
        {"of its PCID, on a CPU with all", &all, {.everything = true}, {CR3_FLUSH(5)}},
        {"tables, and no address", &all, {.tables = true}, {CR3_FLUSH(5)}},
    };
    CHECK_FORGET(rows);
}

static void bug_11_the_pcid_fills_its_field_and_no_more(void **state)
{
    (void)state;
    static const MemVmapPlan plan = {.everything = true};
    static const struct {
        unsigned asid;
        usize cr3;
    } rows[] = {{0, 0x0008123456789000},
                {1, 0x0008123456789001},
                {0xabc, 0x0008123456789abc},
                {4095, 0x0008123456789fff}};
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Result result = forget(&pcid, rows[i].asid, &plan);
        assert_int_equal(result.steps[0].first, rows[i].cr3);
        result = load(&pcid, rows[i].asid, MEM_VMAP_UNKNOWN, NULL);
        assert_int_equal(result.steps[0].first, rows[i].cr3);
        result = load(&pcid, rows[i].asid, MEM_VMAP_UP_TO_DATE, NULL);
        assert_int_equal(result.steps[0].first, rows[i].cr3 + 0x8000000000000000);
    }
}

/* INVLPG drops all paging-structure caches of the current PCID, whatever the address (SDM 4.10.4.1). */
static void bug_3_few_addresses_take_freed_tables_along(void **state)
{
    (void)state;
    static const ForgetRow rows[] = {
        {"a page and its table",
         &all,
         {.tables = true, .count = 1, .ranges = {RANGE(LOW, KB4, KB4)}},
         {INVLPG(LOW, KB4, 1)}},
        {"512 pages and their table",
         &all,
         {.tables = true, .count = 1, .ranges = {RANGE(LOW, MB2, KB4)}},
         {CR3_FLUSH(5)}},
    };
    CHECK_FORGET(rows);
}

/*
 * INVLPG takes global entries; MOV to CR3 does not. INVPCID type 2 and a change of CR4.PGE take
 * everything.
 */
static void bug_17_many_global_entries_take_more_than_cr3(void **state)
{
    (void)state;
#define MANY_GLOBALS                                                                                       \
    {                                                                                                      \
        .global = true, .count = 1, .ranges = { RANGE(HIGH, 34 * KB4, KB4) }                               \
    }
    static const ForgetRow rows[] = {
        {"few",
         &pcid_pge,
         {.global = true, .count = 1, .ranges = {RANGE(HIGH, KB4, KB4)}},
         {INVLPG(HIGH, KB4, 1)}},
        {"many, with INVPCID", &all, MANY_GLOBALS, {INVPCID_ALL}},
        {"many, with INVPCID and no PCIDs", &invpcid_only, MANY_GLOBALS, {INVPCID_ALL}},
        {"many, without INVPCID", &pcid_pge, MANY_GLOBALS, {PGE}},
        {"many, without INVPCID or PCIDs", &pge, MANY_GLOBALS, {PGE}},
        {"many, where CR4.PGE is clear", &pcid, MANY_GLOBALS, {CR3_FLUSH(5)}},
        {"everything, with INVPCID", &all, {.everything = true, .global = true}, {INVPCID_ALL}},
        {"everything, without INVPCID", &pge, {.everything = true, .global = true}, {PGE}},
    };
    CHECK_FORGET(rows);
#undef MANY_GLOBALS
}

static void the_top_of_the_address_space(void **state)
{
    (void)state;
    static const ForgetRow rows[] = {
        {"its last page",
         &all,
         {.count = 1, .ranges = {{TOP - KB4 + 1, TOP, KB4}}},
         {INVLPG(0xfffffffffffff000, KB4, 1)}},
        {"its last 33 pages",
         &all,
         {.count = 1, .ranges = {{TOP - 33 * KB4 + 1, TOP, KB4}}},
         {INVLPG(0xfffffffffffdf000, KB4, 33)}},
        {"its last leaf of 2M",
         &all,
         {.count = 1, .ranges = {{TOP - MB2 + 1, TOP, MB2}}},
         {INVLPG(0xffffffffffe00000, MB2, 1)}},
        {"its last leaf of 1G",
         &all,
         {.count = 1, .ranges = {{TOP - GB1 + 1, TOP, GB1}}},
         {INVLPG(0xffffffffc0000000, GB1, 1)}},
        {"the whole upper half",
         &all,
         {.count = 1, .ranges = {{(usize)1 << 63, TOP, KB4}}},
         {CR3_FLUSH(5)}},
        {"all of it", &all, {.count = 1, .ranges = {{0, TOP, KB4}}}, {CR3_FLUSH(5)}},
        {"address 0", &all, {.count = 1, .ranges = {RANGE(0, KB4, KB4)}}, {INVLPG(0, KB4, 1)}},
    };
    CHECK_FORGET(rows);
}

/* As many ranges as there can be: one step each, and one more to load. */
static void the_most_ranges_fit(void **state)
{
    (void)state;
    MemVmapPlan plan = {.count = MEM_VMAP_BATCH_RANGES};
    MemVmapCpuFeatures features = {.asids = 4096, .by_asid = true, .ceiling = MEM_VMAP_BATCH_RANGES};
    for (unsigned i = 0; i < MEM_VMAP_BATCH_RANGES; i++)
        plan.ranges[i] = (MemVmapRange)RANGE(LOW + 2 * i * KB4, KB4, KB4);
    Result result = forget(&features, 5, &plan);
    assert_int_equal(result.count, MEM_VMAP_BATCH_RANGES);
    assert_int_equal(result.steps[MEM_VMAP_BATCH_RANGES - 1].first,
                     LOW + 2 * (MEM_VMAP_BATCH_RANGES - 1) * KB4);
    result = load(&features, 5, MEM_VMAP_BEHIND, &plan);
    assert_int_equal(result.count, MEM_VMAP_BATCH_RANGES + 1);
    assert_int_equal(result.steps[0].first, LOW);
    assert_int_equal(result.steps[MEM_VMAP_BATCH_RANGES].kind, X86_CR3);
    features.ceiling--; /* of the addresses, not of the ranges: here they are the same */
    result = forget(&features, 5, &plan);
    assert_int_equal(result.count, 1);
}

typedef struct load_row {
    const char *what;
    const MemVmapCpuFeatures *features;
    MemVmapHistory history;
    MemVmapPlan plan; /* of BEHIND */
    MemVmapStep steps[MOST];
} LoadRow;

static void check_load(const LoadRow *rows, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        unsigned asid = rows[i].features->asids > 0 ? 5 : 0;
        Result result = load(rows[i].features, asid, rows[i].history, &rows[i].plan);
        assert_result(&result, rows[i].steps, length(rows[i].steps), rows[i].what);
    }
}
#define CHECK_LOAD(rows) check_load(rows, sizeof(rows) / sizeof(rows)[0])

#define ONE_PAGE                                                                                           \
    {                                                                                                      \
        .count = 1, .ranges = { RANGE(LOW, KB4, KB4) }                                                     \
    }

/* Without CR4.PCIDE bit 63 is reserved and each load flushes: nothing else is to be said. */
static void a_load_without_pcids_is_the_root_alone(void **state)
{
    (void)state;
    static const LoadRow rows[] = {
        {"unknown", &plain, MEM_VMAP_UNKNOWN, {0}, {CR3(ROOT)}},
        {"up to date", &plain, MEM_VMAP_UP_TO_DATE, {0}, {CR3(ROOT)}},
        {"behind", &plain, MEM_VMAP_BEHIND, ONE_PAGE, {CR3(ROOT)}},
        {"behind, with INVPCID", &invpcid_only, MEM_VMAP_BEHIND, ONE_PAGE, {CR3(ROOT)}},
        {"up to date, with INVPCID", &invpcid_only, MEM_VMAP_UP_TO_DATE, {0}, {CR3(ROOT)}},
    };
    CHECK_LOAD(rows);
}

static void a_load_keeps_what_is_up_to_date_and_drops_what_is_unknown(void **state)
{
    (void)state;
    static const LoadRow rows[] = {
        {"unknown", &pcid, MEM_VMAP_UNKNOWN, {0}, {CR3_FLUSH(5)}},
        {"unknown, with INVPCID", &all, MEM_VMAP_UNKNOWN, ONE_PAGE, {CR3_FLUSH(5)}},
        {"up to date", &pcid, MEM_VMAP_UP_TO_DATE, {0}, {CR3_KEEP(5)}},
        {"up to date, whatever was planned",
         &all,
         MEM_VMAP_UP_TO_DATE,
         {.everything = true},
         {CR3_KEEP(5)}},
    };
    CHECK_LOAD(rows);
}

/*
 * INVPCID type 0 first, for the PCID that is about to be loaded: then there is no moment with stale
 * entries.
 */
static void a_load_behind_one_plan_drops_its_addresses_first(void **state)
{
    (void)state;
    static const LoadRow rows[] = {
        {"a page", &all, MEM_VMAP_BEHIND, ONE_PAGE, {INVPCID(5, LOW, KB4, 1), CR3_KEEP(5)}},
        {"ranges of two sizes",
         &all,
         MEM_VMAP_BEHIND,
         {.count = 2, .ranges = {RANGE(LOW, 3 * KB4, KB4), RANGE(HIGH, 2 * GB1, GB1)}},
         {INVPCID(5, LOW, KB4, 3), INVPCID(5, HIGH, GB1, 2), CR3_KEEP(5)}},
        {"33 leaves",
         &all,
         MEM_VMAP_BEHIND,
         {.count = 1, .ranges = {RANGE(HIGH, 33 * MB2, MB2)}},
         {INVPCID(5, HIGH, MB2, 33), CR3_KEEP(5)}},
        {"the last page",
         &all,
         MEM_VMAP_BEHIND,
         {.count = 1, .ranges = {{TOP - KB4 + 1, TOP, KB4}}},
         {INVPCID(5, 0xfffffffffffff000, KB4, 1), CR3_KEEP(5)}},
        /* Its global entries are dropped by every CPU, in time: not here. */
        {"global entries",
         &all,
         MEM_VMAP_BEHIND,
         {.global = true, .count = 1, .ranges = {RANGE(HIGH, KB4, KB4)}},
         {INVPCID(5, HIGH, KB4, 1), CR3_KEEP(5)}},
    };
    CHECK_LOAD(rows);
}

static void a_load_behind_one_plan_flushes_where_addresses_do_not_do(void **state)
{
    (void)state;
    static const LoadRow rows[] = {
        {"without INVPCID", &pcid_pge, MEM_VMAP_BEHIND, ONE_PAGE, {CR3_FLUSH(5)}},
        {"34 leaves",
         &all,
         MEM_VMAP_BEHIND,
         {.count = 1, .ranges = {RANGE(HIGH, 34 * MB2, MB2)}},
         {CR3_FLUSH(5)}},
        {"everything", &all, MEM_VMAP_BEHIND, {.everything = true}, {CR3_FLUSH(5)}},
        {"no address", &all, MEM_VMAP_BEHIND, {.count = 0}, {CR3_FLUSH(5)}},
    };
    CHECK_LOAD(rows);
}

/* Of the paging-structure caches INVPCID type 0 promises only what translates its address. */
static void bug_3_a_load_behind_freed_tables_flushes(void **state)
{
    (void)state;
    static const LoadRow rows[] = {
        {"a page and its table",
         &all,
         MEM_VMAP_BEHIND,
         {.tables = true, .count = 1, .ranges = {RANGE(LOW, KB4, KB4)}},
         {CR3_FLUSH(5)}},
    };
    CHECK_LOAD(rows);
}

static void the_type_is_found_by_its_name(void **state)
{
    (void)state;
    assert_string_equal(type()->name, "x86_64");
    assert_non_null(type()->execute);
    assert_null(mem_vmap_cpu_type_find("x86_6"));
    assert_null(mem_vmap_cpu_type_find("x86_64 "));
    assert_null(mem_vmap_cpu_type_find("x86_64_4level"));
    assert_null(mem_vmap_cpu_type_find(""));
    assert_null(mem_vmap_cpu_type_find(NULL));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_go_one_by_one),
        cmocka_unit_test(the_ceiling_is_33_leaves_of_any_size),
        cmocka_unit_test(the_ceiling_is_tunable),
        cmocka_unit_test(everything_of_the_space),
        cmocka_unit_test(bug_11_the_pcid_fills_its_field_and_no_more),
        cmocka_unit_test(bug_3_few_addresses_take_freed_tables_along),
        cmocka_unit_test(bug_17_many_global_entries_take_more_than_cr3),
        cmocka_unit_test(the_top_of_the_address_space),
        cmocka_unit_test(the_most_ranges_fit),
        cmocka_unit_test(a_load_without_pcids_is_the_root_alone),
        cmocka_unit_test(a_load_keeps_what_is_up_to_date_and_drops_what_is_unknown),
        cmocka_unit_test(a_load_behind_one_plan_drops_its_addresses_first),
        cmocka_unit_test(a_load_behind_one_plan_flushes_where_addresses_do_not_do),
        cmocka_unit_test(bug_3_a_load_behind_freed_tables_flushes),
        cmocka_unit_test(the_type_is_found_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
