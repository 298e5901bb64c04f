/* SPDX-License-Identifier: MIT */
/*
 * What AArch64 CPUs execute for guests' spaces and to load a root, and which errata they have. White box: the steps of
 * arch/aarch64/cpu. What is expected was worked out by hand from Arm DDI 0487, C5.5 (TLBI) and D24.2 (TTBR, VTTBR: the
 * number in 63..48, address bits 51..48 in 5..2; MIDR_EL1), and from the errata notices.
 */
#include "tests/unit/aarch64_plan.h"

/* IPA bits 51..12 in 39..0, no number. What was made of both stages goes after it. */
static void guests_are_told_by_their_vmid(void **state)
{
    (void)state;
#define ENTER ONE(A64_ENTER_GUEST, 0x0042876543210000)
#define LEAVE ONE(A64_LEAVE_GUEST, 0)
    static const struct {
        const char *what;
        const MemVmapRoot *root;
        unsigned extensions;
        MemVmapPlan plan;
        MemVmapStep steps[9];
        unsigned count;
    } rows[] = {
        {"a page",
         &guest,
         HINTS,
         PLAN(RANGE(AT, KB4, KB4)),
         {ISHST, ENTER, ONE(A64_IPAS2LE1IS, 0x0000700123456789), ISH, ONE(A64_VMALLE1IS, 0), ISH, LEAVE,
          ISB},
         8},
        {"a table",
         &guest,
         HINTS,
         {.tables = true, .count = 1, .ranges = {RANGE(AT, KB4, KB4)}},
         {ISHST, ENTER, ONE(A64_IPAS2E1IS, 0x0000000123456789), ISH, ONE(A64_VMALLE1IS, 0), ISH, LEAVE,
          ISB},
         8},
        {"a range",
         &guest_lpa2,
         RANGES,
         PLAN(RANGE(0x000f123456780000, 4 * KB4, KB4)),
         {ISHST, ENTER, ONE(A64_RIPAS2LE1IS, 0x0000408f12345678), ISH, ONE(A64_VMALLE1IS, 0), ISH, LEAVE,
          ISB},
         8},
        {"everything",
         &guest,
         0,
         {.everything = true},
         {ISHST, ENTER, ONE(A64_VMALLS12E1IS, 0), ISH, LEAVE, ISB},
         6},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        MemVmapCpuFeatures features = {.asids = 256, .extensions = rows[i].extensions};
        MemVmapStep steps[MEM_VMAP_STEPS];
        unsigned count = type()->forget(&features, rows[i].root, &rows[i].plan, steps);
        assert_steps(rows[i].what, steps, count, rows[i].steps, rows[i].count);
    }
#undef ENTER
#undef LEAVE
}

static void bug_24_one_more_invalidation_and_barrier_make_good_for_an_erratum(void **state)
{
    (void)state;
    MemVmapCpuFeatures features = {.asids = 256, .errata = MEM_VMAP_REPEAT_BROADCAST};
    MemVmapPlan plan = PLAN(RANGE(AT, KB4, KB4));
    MemVmapStep steps[MEM_VMAP_STEPS];
    static const MemVmapStep expected[] = {
        ISHST, ONE(A64_VALE1IS, 0xabcd000123456789), ISH, ONE(A64_VALE1IS, 0), ISH, ISB};
    assert_steps("REPEAT_TLBI", steps, type()->forget(&features, &lower, &plan, steps), expected, 6);
}

static void the_most_steps_fit(void **state)
{
    (void)state;
    MemVmapCpuFeatures features = {.asids = 256, .extensions = RANGES, .errata = MEM_VMAP_REPEAT_BROADCAST};
    MemVmapPlan plan = {.count = MEM_VMAP_BATCH_RANGES};
    MemVmapStep steps[MEM_VMAP_STEPS];
    for (unsigned i = 0; i < MEM_VMAP_BATCH_RANGES; i++)
        plan.ranges[i] = (MemVmapRange)RANGE(AT + i * GB1, 65 * KB4, KB4);
    assert_int_equal(type()->forget(&features, &guest, &plan, steps), 2 * MEM_VMAP_BATCH_RANGES + 9);
    assert_true(2 * MEM_VMAP_BATCH_RANGES + 9 <= MEM_VMAP_STEPS);
}

static void assert_load(const MemVmapCpuFeatures *features, const MemVmapRoot *root, MemVmapHistory history,
                        const MemVmapStep *expected, unsigned count)
{
    MemVmapStep steps[MEM_VMAP_STEPS];
    assert_steps("load", steps, type()->load(features, root, history, NULL, steps), expected, count);
}
#define ASSERT_LOAD(features, root, history, ...)                                                          \
    assert_load(features, root, history, (const MemVmapStep[]){__VA_ARGS__},                               \
                sizeof((const MemVmapStep[]){__VA_ARGS__}) / sizeof(MemVmapStep))

static void a_load_names_the_root_and_its_number(void **state)
{
    (void)state;
    static const MemVmapCpuFeatures with = {.asids = 1 << 16}, without = {.asids = 0};
    MemVmapRoot plain = lower, high = LOWER(12, 52);
    plain.asid = 0;
    high.root = 0x000a876543210000;
    ASSERT_LOAD(&with, &lower, MEM_VMAP_UP_TO_DATE, ISHST, ONE(A64_TTBR0, 0xabcd876543210000), ISB);
    ASSERT_LOAD(&with, &high, MEM_VMAP_UP_TO_DATE, ISHST, ONE(A64_TTBR0, 0xabcd876543210028), ISB);
    ASSERT_LOAD(&with, &guest, MEM_VMAP_UP_TO_DATE, ISHST, ONE(A64_VTTBR, 0x0042876543210000), ISB);
    ASSERT_LOAD(&without, &plain, MEM_VMAP_UNKNOWN, ISHST, ONE(A64_TTBR0, 0x0000876543210000), ISB,
                ONE(A64_VMALLE1, 0), NSH, ISB);
    ASSERT_LOAD(&without, &upper, MEM_VMAP_UNKNOWN, ISHST, ONE(A64_TTBR1, 0x0000876543210000), ISB,
                ONE(A64_VMALLE1, 0), NSH, ISB);
    ASSERT_LOAD(&with, &upper, MEM_VMAP_UP_TO_DATE, ISHST, ONE(A64_TTBR1, 0x0000876543210000), ISB,
                ONE(A64_VMALLE1, 0), NSH, ISB);
}

/* The number of an upper half would be read only with TCR.A1 set, and means nothing. */
static void the_upper_half_has_no_number(void **state)
{
    (void)state;
    static const MemVmapCpuFeatures with = {.asids = 256};
    MemVmapRoot numbered = upper;
    numbered.asid = 5;
    ASSERT_LOAD(&with, &numbered, MEM_VMAP_UP_TO_DATE, ISHST, ONE(A64_TTBR1, 0x0000876543210000), ISB,
                ONE(A64_VMALLE1, 0), NSH, ISB);
}

static void bug_26_numbers_that_mean_other_spaces_are_cleaned_before_the_load(void **state)
{
    (void)state;
    static const MemVmapCpuFeatures with = {.asids = 1 << 16};
    ASSERT_LOAD(&with, &lower, MEM_VMAP_RENUMBERED, ISHST, ONE(A64_VMALLE1, 0), NSH,
                ONE(A64_TTBR0, 0xabcd876543210000), ISB);
    ASSERT_LOAD(&with, &guest, MEM_VMAP_RENUMBERED, ISHST, ONE(A64_ALLE1, 0), NSH,
                ONE(A64_VTTBR, 0x0042876543210000), ISB);
}

/* MIDR_EL1: implementer, variant, architecture 0xf, part, revision. */
static void bug_24_errata_follow_from_the_midr(void **state)
{
    (void)state;
    static const struct {
        uint64_t midr;
        unsigned errata;
    } rows[] = {
        {0x411fd050, 1},                  /* Cortex-A55 r1p0 */
        {0x410fd460, 1},                  /* Cortex-A510 r0p0 */
        {0x411fd461, 1},                  /* r1p1 */
        {0x411fd462, 0},                  /* r1p2, which is repaired */
        {0x413fd0b0, 1},                  /* Cortex-A76 r3p0 */
        {0x414fd0b1, 1},                  /* r4p1 */
        {0x414fd0c1, 1},                  /* Neoverse-N1 */
        {0x410fd034, 0},                  /* Cortex-A53 */
        {0x411fd073, 0},                  /* Cortex-A57 */
        {0x410fd083, 0},                  /* Cortex-A72 */
        {0x6d0fd490, 1},                  /* Azure Cobalt 100 */
        {0x610fd490, 0},                  /* that part of another implementer */
        {0x510f8000, 1},                  /* Falkor v1 r0p0 */
        {0x511f8000, 0},                  /* and a later one */
        {0x51df804e, 1},                  /* Kryo 4xx Gold */
        {0x51bf804e, 0}, {0x511f2052, 1}, /* Kryo */
        {0x4e0f0100, 1},                  /* Olympus */
        {0, 0},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(type()->errata(rows[i].midr), rows[i].errata);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(guests_are_told_by_their_vmid),
        cmocka_unit_test(bug_24_one_more_invalidation_and_barrier_make_good_for_an_erratum),
        cmocka_unit_test(the_most_steps_fit),
        cmocka_unit_test(a_load_names_the_root_and_its_number),
        cmocka_unit_test(the_upper_half_has_no_number),
        cmocka_unit_test(bug_26_numbers_that_mean_other_spaces_are_cleaned_before_the_load),
        cmocka_unit_test(bug_24_errata_follow_from_the_midr),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
