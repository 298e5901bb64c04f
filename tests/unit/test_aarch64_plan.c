/* SPDX-License-Identifier: MIT */
/*
 * The instructions that AArch64 CPUs execute to forget or to load a space, operand by operand. White box: the steps of
 * arch/aarch64/cpu. What is expected was worked out by hand from Arm DDI 0487, C5.5 (operands of TLBI: ASID in 63..48,
 * TTL in 47..44 as granule and level, address bits 55..12 in 43..0; of ranges TG in 47..46, SCALE in 45..44, NUM in
 * 43..39, TTL in 38..37, BaseADDR in 36..0), and D24.2 (TTBR: ASID in 63..48, address bits 51..48 in 5..2). Constants
 * are the test's own.
 */
#include "tests/unit/aarch64_plan.h"

enum { MOST = 12 };

typedef struct row {
    const char *what;
    const MemVmapRoot *root;
    unsigned extensions;
    MemVmapPlan plan;
    MemVmapStep middle[MOST]; /* between the barriers */
} Row;

/* Every plan begins with DSB ISHST and ends with DSB ISH, ISB. */
static void check_row(const Row *row)
{
    MemVmapCpuFeatures features = {.asids = 1 << 16, .extensions = row->extensions};
    MemVmapStep steps[MEM_VMAP_STEPS], expected[MOST + 3] = {ISHST};
    unsigned count = 1;
    for (unsigned i = 0; i < MOST && row->middle[i].count != 0; i++)
        expected[count++] = row->middle[i];
    expected[count++] = (MemVmapStep)ISH;
    expected[count++] = (MemVmapStep)ISB;
    assert_steps(row->what, steps, type()->forget(&features, row->root, &row->plan, steps), expected,
                 count);
}
#define CHECK(rows)                                                                                        \
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows)[0]; i++)                                          \
    check_row(&(rows)[i])

static void bug_12_every_leaf_goes_under_its_asid(void **state)
{
    (void)state;
    static const Row rows[] = {
        {"a page", &lower, 0, PLAN(RANGE(AT, KB4, KB4)), {ONE(A64_VALE1IS, 0xabcd000123456789)}},
        {"three", &lower, 0, PLAN(RANGE(AT, 3 * KB4, KB4)), {EACH(A64_VALE1IS, 0xabcd000123456789, 1, 3)}},
        {"2M",
         &lower,
         0,
         PLAN(RANGE(0x123456600000, 2 * MB2, MB2)),
         {EACH(A64_VALE1IS, 0xabcd000123456600, 0x200, 2)}},
        {"16K",
         &lower_16k,
         0,
         PLAN(RANGE(0x123456788000, 2 * KB16, KB16)),
         {EACH(A64_VALE1IS, 0xabcd000123456788, 4, 2)}},
        {"64K",
         &lower_64k,
         0,
         PLAN(RANGE(0x123456780000, 2 * KB64, KB64)),
         {EACH(A64_VALE1IS, 0xabcd000123456780, 16, 2)}},
        {"two ranges",
         &lower,
         0,
         PLAN(RANGE(AT, KB4, KB4), RANGE(0, GB1, GB1)),
         {ONE(A64_VALE1IS, 0xabcd000123456789), ONE(A64_VALE1IS, 0xabcd000000000000)}},
        {"the highest page",
         &lower,
         0,
         PLAN(RANGE(0xfffffffff000, KB4, KB4)),
         {ONE(A64_VALE1IS, 0xabcd000fffffffff)}},
        {"52 bits",
         &lower_lva,
         0,
         PLAN(RANGE(0x000fffffffff0000, KB64, KB64)),
         {ONE(A64_VALE1IS, 0xabcd00fffffffff0)}},
    };
    CHECK(rows);
}

/* TTL: 01 4K, 10 16K, 11 64K; then the level as the manual counts, 3 for pages. */
static void bug_9_the_level_is_that_of_the_leaf(void **state)
{
    (void)state;
    static const Row rows[] = {
        {"4K", &lower, HINTS, PLAN(RANGE(AT, KB4, KB4)), {ONE(A64_VALE1IS, 0xabcd700123456789)}},
        {"2M",
         &lower,
         HINTS,
         PLAN(RANGE(0x123456600000, MB2, MB2)),
         {ONE(A64_VALE1IS, 0xabcd600123456600)}},
        {"1G",
         &lower,
         HINTS,
         PLAN(RANGE(0x123440000000, GB1, GB1)),
         {ONE(A64_VALE1IS, 0xabcd500123440000)}},
        {"512G",
         &lower_lpa2,
         HINTS,
         PLAN(RANGE(0x128000000000, (usize)1 << 39, (usize)1 << 39)),
         {ONE(A64_VALE1IS, 0xabcd000128000000)}},
        {"16K",
         &lower_16k,
         HINTS,
         PLAN(RANGE(0x123456788000, KB16, KB16)),
         {ONE(A64_VALE1IS, 0xabcdb00123456788)}},
        {"32M",
         &lower_16k,
         HINTS,
         PLAN(RANGE(0x123456000000, 0x2000000, 0x2000000)),
         {ONE(A64_VALE1IS, 0xabcda00123456000)}},
        {"64G",
         &lower_16k_lpa2,
         HINTS,
         PLAN(RANGE(0x123000000000, (usize)1 << 36, (usize)1 << 36)),
         {ONE(A64_VALE1IS, 0xabcd900123000000)}},
        {"64K",
         &lower_64k,
         HINTS,
         PLAN(RANGE(0x123456780000, KB64, KB64)),
         {ONE(A64_VALE1IS, 0xabcdf00123456780)}},
        {"512M",
         &lower_64k,
         HINTS,
         PLAN(RANGE(0x123440000000, 0x20000000, 0x20000000)),
         {ONE(A64_VALE1IS, 0xabcde00123440000)}},
        {"4T",
         &lower_lva,
         HINTS,
         PLAN(RANGE(0x100000000000, (usize)1 << 42, (usize)1 << 42)),
         {ONE(A64_VALE1IS, 0xabcdd00100000000)}},
        {"of one ASID to the next address",
         &lower,
         HINTS,
         PLAN(RANGE(AT, 2 * KB4, KB4)),
         {EACH(A64_VALE1IS, 0xabcd700123456789, 1, 2)}},
    };
    CHECK(rows);
}

/* Where a table went: all levels, and no hint, as nobody knows of which level what is cached was. */
static void bug_9_where_tables_went_all_levels_go_without_a_hint(void **state)
{
    (void)state;
#define TABLES(...)                                                                                        \
    {                                                                                                      \
        .tables = true, .count = 1, .ranges = { __VA_ARGS__ }                                              \
    }
    static const Row rows[] = {
        {"a page", &lower, HINTS, TABLES(RANGE(AT, KB4, KB4)), {ONE(A64_VAE1IS, 0xabcd000123456789)}},
        {"2M",
         &lower,
         HINTS,
         TABLES(RANGE(0x123456600000, MB2, MB2)),
         {ONE(A64_VAE1IS, 0xabcd000123456600)}},
        {"upper", &upper, HINTS, TABLES(RANGE(HIGH, KB4, KB4)), {ONE(A64_VAAE1IS, 0x00000ff923456789)}},
        {"a range",
         &lower,
         HINTS | RANGES,
         TABLES(RANGE(AT, 4 * KB4, KB4)),
         {ONE(A64_RVAE1IS, 0xabcd408123456789)}},
        {"512 pages",
         &lower,
         HINTS,
         TABLES(RANGE(0x123456600000, MB2, KB4)),
         {ONE(A64_ASIDE1IS, 0xabcd000000000000)}},
        {"no address", &lower, HINTS, {.tables = true}, {ONE(A64_ASIDE1IS, 0xabcd000000000000)}},
    };
    CHECK(rows);
#undef TABLES
}

/* The ASID is that of the lower half. Global entries, and whatever the upper half has, may stand under any. */
static void bug_18_global_entries_and_the_upper_half_go_for_every_asid(void **state)
{
    (void)state;
    static const Row rows[] = {
        {"global",
         &lower,
         HINTS,
         {.global = true, .count = 1, .ranges = {RANGE(AT, KB4, KB4)}},
         {ONE(A64_VAALE1IS, 0x0000700123456789)}},
        {"global, all", &lower, 0, {.everything = true, .global = true}, {ONE(A64_VMALLE1IS, 0)}},
        {"upper", &upper, HINTS, PLAN(RANGE(HIGH, KB4, KB4)), {ONE(A64_VAALE1IS, 0x00007ff923456789)}},
        {"upper, the last page",
         &upper,
         0,
         PLAN(RANGE(0xfffffffffffff000, KB4, KB4)),
         {ONE(A64_VAALE1IS, 0x00000fffffffffff)}},
        {"upper, all", &upper, 0, {.everything = true}, {ONE(A64_VMALLE1IS, 0)}},
        {"upper, many", &upper, 0, PLAN(RANGE(HIGH, 34 * KB4, KB4)), {ONE(A64_VMALLE1IS, 0)}},
    };
    CHECK(rows);
}

static void the_ceiling_is_33_addresses(void **state)
{
    (void)state;
    static const Row rows[] = {
        {"33", &lower, 0, PLAN(RANGE(AT, 33 * KB4, KB4)), {EACH(A64_VALE1IS, 0xabcd000123456789, 1, 33)}},
        {"34", &lower, 0, PLAN(RANGE(AT, 34 * KB4, KB4)), {ONE(A64_ASIDE1IS, 0xabcd000000000000)}},
        {"33 + 1",
         &lower,
         0,
         PLAN(RANGE(AT, 33 * KB4, KB4), RANGE(0, MB2, MB2)),
         {ONE(A64_ASIDE1IS, 0xabcd000000000000)}},
        {"everything",
         &lower,
         RANGES | HINTS,
         {.everything = true},
         {ONE(A64_ASIDE1IS, 0xabcd000000000000)}},
    };
    CHECK(rows);
}

/*
 * Ranges count (NUM + 1) << (5 * SCALE + 1) pages. TG 01 is 0x4000 in bits 47..32, SCALE 1 is 0x1000, NUM 1 is 0x80,
 * level 3 is 0x60.
 */
static void ranges_are_counted_by_scale(void **state)
{
    (void)state;
    static const Row rows[] = {
        {"one page goes by address",
         &lower,
         RANGES,
         PLAN(RANGE(AT, KB4, KB4)),
         {ONE(A64_VALE1IS, 0xabcd000123456789)}},
        {"2 pages", &lower, RANGES, PLAN(RANGE(AT, 2 * KB4, KB4)), {ONE(A64_RVALE1IS, 0xabcd400123456789)}},
        {"5 pages as 6",
         &lower,
         RANGES | HINTS,
         PLAN(RANGE(AT, 5 * KB4, KB4)),
         {ONE(A64_RVALE1IS, 0xabcd416123456789)}},
        {"64 pages",
         &lower,
         RANGES,
         PLAN(RANGE(AT, 64 * KB4, KB4)),
         {ONE(A64_RVALE1IS, 0xabcd4f8123456789)}},
        {"65 pages as 64 and 2",
         &lower,
         RANGES,
         PLAN(RANGE(AT, 65 * KB4, KB4)),
         {ONE(A64_RVALE1IS, 0xabcd500123456789), ONE(A64_RVALE1IS, 0xabcd4001234567c9)}},
        {"100 pages as 64 and 36",
         &lower,
         RANGES | HINTS,
         PLAN(RANGE(AT, 100 * KB4, KB4)),
         {ONE(A64_RVALE1IS, 0xabcd506123456789), ONE(A64_RVALE1IS, 0xabcd48e1234567c9)}},
        {"2048 pages",
         &lower,
         RANGES,
         PLAN(RANGE(AT, 2048 * KB4, KB4)),
         {ONE(A64_RVALE1IS, 0xabcd5f8123456789)}},
        {"8 GiB",
         &lower,
         RANGES,
         PLAN(RANGE(0x123400000000, 8 * GB1, KB4)),
         {ONE(A64_RVALE1IS, 0xabcd7f8123400000)}},
        {"a page more",
         &lower,
         RANGES,
         PLAN(RANGE(0x123400000000, 8 * GB1 + KB4, KB4)),
         {ONE(A64_ASIDE1IS, 0xabcd000000000000)}},
    };
    CHECK(rows);
}

static void ranges_name_the_size_of_their_pages(void **state)
{
    (void)state;
    static const Row rows[] = {
        {"16K",
         &lower_16k,
         RANGES | HINTS,
         PLAN(RANGE(0x123456788000, 4 * KB16, KB16)),
         {ONE(A64_RVALE1IS, 0xabcd80e048d159e2)}},
        {"64K",
         &lower_64k,
         RANGES | HINTS,
         PLAN(RANGE(0x123456780000, 4 * KB64, KB64)),
         {ONE(A64_RVALE1IS, 0xabcdc0e012345678)}},
        {"global",
         &lower,
         RANGES,
         {.global = true, .count = 1, .ranges = {RANGE(AT, 2 * KB4, KB4)}},
         {ONE(A64_RVAALE1IS, 0x0000400123456789)}},
        {"upper",
         &upper,
         RANGES,
         PLAN(RANGE(HIGH, 2 * KB4, KB4)),
         {ONE(A64_RVAALE1IS, 0x0000401923456789)}},
    };
    CHECK(rows);
}

/* Leaves of 2 MiB are counted in pages too; the second base is aligned to them, as the hint demands. */
static void bug_10_bases_of_large_leaves_are_aligned(void **state)
{
    (void)state;
    static const Row rows[] = {
        {"4 of 2M",
         &lower,
         RANGES | HINTS,
         PLAN(RANGE(0x123456600000, 4 * MB2, MB2)),
         {ONE(A64_RVALE1IS, 0xabcd5fc123456600)}},
        {"5 of 2M as 4 and 1",
         &lower,
         RANGES | HINTS,
         PLAN(RANGE(0x123456600000, 5 * MB2, MB2)),
         {ONE(A64_RVALE1IS, 0xabcd604123456600), ONE(A64_RVALE1IS, 0xabcd53c123456e00)}},
        {"3 of 1G",
         &lower,
         RANGES | HINTS,
         PLAN(RANGE(0x123440000000, 3 * GB1, GB1)),
         {ONE(A64_RVALE1IS, 0xabcd75a123440000)}},
    };
    CHECK(rows);
}

/* With LPA2 bases count in 64 KiB: one that is not aligned so moves down. */
static void bug_10_bases_are_aligned_to_64k_with_lpa2(void **state)
{
    (void)state;
    static const Row rows[] = {
        {"4K",
         &lower_lpa2,
         RANGES,
         PLAN(RANGE(0x000f123456789000, 5 * KB4, KB4)),
         {ONE(A64_RVALE1IS, 0xabcd430f12345678)}},
        {"aligned",
         &lower_lpa2,
         RANGES,
         PLAN(RANGE(0x000f123456780000, 16 * KB4, KB4)),
         {ONE(A64_RVALE1IS, 0xabcd438f12345678)}},
        {"16K",
         &lower_16k_lpa2,
         RANGES,
         PLAN(RANGE(0x000f12345678c000, 2 * KB16, KB16)),
         {ONE(A64_RVALE1IS, 0xabcd810f12345678)}},
        {"upper",
         &upper_lpa2,
         RANGES,
         PLAN(RANGE(0xfff9123456780000, 2 * KB4, KB4)),
         {ONE(A64_RVAALE1IS, 0x0000401912345678)}},
    };
    CHECK(rows);
}

static void bug_11_nothing_of_an_address_gets_into_another_field(void **state)
{
    (void)state;
    MemVmapRoot root = LOWER(12, 48);
    MemVmapStep steps[MEM_VMAP_STEPS];
    MemVmapPlan high = {.count = 1, .ranges = {RANGE(0xfffffffffffff000, KB4, KB4)}},
                low = PLAN(RANGE(0, KB4, KB4));
    MemVmapCpuFeatures features = {.asids = 1 << 16};
    root.asid = 0;
    type()->forget(&features, &root, &high, steps);
    assert_int_equal(steps[1].first, 0x00000fffffffffff);
    for (unsigned bit = 0; bit < 16; bit++) {
        root.asid = 1u << bit;
        type()->forget(&features, &root, &low, steps);
        assert_int_equal(steps[1].first, (usize)1 << (48 + bit));
    }
    high.ranges[0].first -= KB4;
    features.extensions = RANGES;
    root.asid = 0;
    type()->forget(&features, &root, &high, steps);
    assert_int_equal(steps[1].first, 0x0000401ffffffffe);
}

/* What one operation drops, worked out from its operand alone: pages of the root's granule. */
typedef struct dropped {
    usize first, last; /* addresses, sign-extended */
    unsigned level;    /* as the manual counts; 0: any */
} Dropped;

static usize extend(usize value, unsigned bits)
{
    return (usize)((int64_t)(value << (64 - bits)) >> (64 - bits));
}

static Dropped dropped_by(const MemVmapRoot *root, A64StepKind kind, usize operand)
{
    bool range = kind == A64_RVALE1IS || kind == A64_RVAALE1IS;
    unsigned shift = root->virt_bits == 52 ? 16 : root->page_shift;
    if (!range) {
        usize at = extend(operand << 12, 56);
        return (Dropped){at, at, (unsigned)(operand >> 44 & 3)};
    }
    usize first = extend(operand & 0x1fffffffff, 37) << shift;
    usize pages = ((operand >> 39 & 31) + 1) << (5 * (operand >> 44 & 3) + 1);
    assert_int_equal(operand >> 46 & 3, root->page_shift == 12 ? 1 : root->page_shift == 14 ? 2 : 3);
    return (Dropped){first, first + (pages << root->page_shift) - 1, (unsigned)(operand >> 37 & 3)};
}

/* Whether a step drops the leaf of `size` at `at`: its hint says where it is, and its base is aligned so. */
static bool drops(const MemVmapRoot *root, const MemVmapStep *step, usize at, usize size)
{
    unsigned bits = root->page_shift - 3, level = 3;
    for (usize leaf = (usize)1 << root->page_shift; leaf < size; leaf <<= bits)
        level--;
    for (usize n = 0; n < step->count; n++) {
        Dropped dropped = dropped_by(root, (A64StepKind)step->kind, step->first + n * step->stride);
        if (dropped.level != 0 && (dropped.level != level || (dropped.first & (size - 1)) != 0))
            continue;
        if (dropped.first <= at + (size - 1) && (dropped.last >= at || dropped.last < dropped.first))
            return true;
    }
    return false;
}

static void assert_all_dropped(const MemVmapRoot *root, const MemVmapRange *range, const MemVmapStep *steps,
                               unsigned count)
{
    usize leaves = (range->last - range->first) / range->stride + 1;
    for (usize i = 0; i < leaves; i += i + 200 < leaves && i > 200 ? 97 : 1) {
        bool gone = false;
        for (unsigned k = 1; k + 2 < count; k++)
            gone |= drops(root, &steps[k], range->first + i * range->stride, range->stride);
        if (!gone) {
            print_error("leaf %zu of %zu, of 0x%zx bytes, from 0x%zx on\n", i, leaves, range->stride,
                        range->first);
            fail();
        }
    }
}

static void every_leaf_of_a_range_is_dropped(void **state)
{
    (void)state;
    static const MemVmapRoot *const roots[] = {&lower,          &lower_16k, &lower_64k, &lower_lpa2,
                                               &lower_16k_lpa2, &lower_lva, &upper,     &upper_lpa2};
    uint64_t random = 1;
    for (unsigned i = 0; i < 20000; i++) {
        const MemVmapRoot *root = roots[i % 8];
        random = random * 6364136223846793005 + 1442695040888963407;
        unsigned level = random >> 33 & 1, shift = root->page_shift + level * (root->page_shift - 3);
        usize top = root->upper ? ~(usize)0 << root->virt_bits : 0, stride = (usize)1 << shift;
        usize leaves = (random >> 40 & 0xfff) >> (random >> 60) | 1;
        usize first = top | ((random >> 13) & (((usize)1 << (root->virt_bits - 2)) - 1) & ~(stride - 1));
        MemVmapPlan plan = {.count = 1, .ranges = {{first, first + leaves * stride - 1, stride}}};
        MemVmapCpuFeatures features = {
            .asids = 256, .ceiling = 5000, .extensions = (unsigned)(random >> 36 & 3)};
        MemVmapStep steps[MEM_VMAP_STEPS];
        unsigned count = type()->forget(&features, root, &plan, steps);
        if (steps[1].kind != A64_ASIDE1IS && steps[1].kind != A64_VMALLE1IS)
            assert_all_dropped(root, &plan.ranges[0], steps, count);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(bug_12_every_leaf_goes_under_its_asid),
        cmocka_unit_test(bug_9_the_level_is_that_of_the_leaf),
        cmocka_unit_test(bug_9_where_tables_went_all_levels_go_without_a_hint),
        cmocka_unit_test(bug_18_global_entries_and_the_upper_half_go_for_every_asid),
        cmocka_unit_test(the_ceiling_is_33_addresses),
        cmocka_unit_test(ranges_are_counted_by_scale),
        cmocka_unit_test(ranges_name_the_size_of_their_pages),
        cmocka_unit_test(bug_10_bases_of_large_leaves_are_aligned),
        cmocka_unit_test(bug_10_bases_are_aligned_to_64k_with_lpa2),
        cmocka_unit_test(bug_11_nothing_of_an_address_gets_into_another_field),
        cmocka_unit_test(every_leaf_of_a_range_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
