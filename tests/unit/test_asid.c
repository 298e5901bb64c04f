/* SPDX-License-Identifier: MIT */
/*
 * ASIDs that are the machine's: who has which number, and what a CPU forgets when all are given anew. The CPUs are of
 * AArch64; white box: the steps of arch/aarch64/cpu. What happens between two accesses of a call is the simulator's.
 */
#include "tests/unit/numbered.h"

#include "arch/aarch64/cpu/cpu.h"

#define FORMAT "aarch64_4k"

typedef enum { KEPT, FORGOTTEN } Before;

/* The last load was of that number, and of the space's root, and forgot everything before, or nothing. */
static void assert_loaded(const Numbered *n, const MemVmap *space, usize asid, Before before)
{
    unsigned last = before == KEPT ? 1 : 3;
    assert_int_equal(n->count, last + 2);
    assert_int_equal(n->steps[0].kind, A64_DSB_ISHST);
    if (before == FORGOTTEN)
        assert_int_equal(n->steps[1].kind, A64_VMALLE1);
    assert_int_equal(n->steps[last].kind, A64_TTBR0);
    assert_int_equal(n->steps[last].first, asid << 48 | mem_vmap_root(space));
}

static Numbered *machine(unsigned asids, unsigned joined)
{
    return numbered_new("aarch64", &(MemVmapCpuFeatures){.asids = asids}, BY_HARDWARE, joined);
}

static void a_space_has_one_number_on_all_cpus(void **state)
{
    (void)state;
    Numbered *n = machine(256, 3);
    MemVmap *a = numbered_space(n, 0, FORMAT), *b = numbered_space(n, 1, FORMAT);
    numbered_switch(n, 0, a);
    assert_loaded(n, a, 1, FORGOTTEN);
    numbered_switch(n, 1, b);
    assert_loaded(n, b, 2, FORGOTTEN);
    numbered_switch(n, 1, a);
    assert_loaded(n, a, 1, KEPT);
    numbered_switch(n, 2, b);
    assert_loaded(n, b, 2, FORGOTTEN);
    numbered_end(n);
}

static void coming_back_forgets_nothing(void **state)
{
    (void)state;
    Numbered *n = machine(65536, 1);
    MemVmap *a = numbered_space(n, 0, FORMAT), *b = numbered_space(n, 1, FORMAT);
    numbered_switch(n, 0, a);
    for (unsigned i = 0; i < 3; i++) {
        numbered_switch(n, 0, b);
        assert_loaded(n, b, 2, KEPT);
        numbered_switch(n, 0, a);
        assert_loaded(n, a, 1, KEPT);
    }
    numbered_switch(n, 0, a);
    assert_int_equal(n->count, 0);
    mem_vmap_cpu_idle(&n->cpu[0]);
    numbered_switch(n, 0, a);
    assert_int_equal(n->count, 0);
    numbered_end(n);
}

/* 5 numbers: the sixth space begins them anew. CPU 1 goes on with the first space, whose number stays its own. */
static void bug_26_when_all_are_given_anew_each_cpu_forgets_once(void **state)
{
    (void)state;
    Numbered *n = machine(6, 2);
    MemVmap *space[6];
    for (unsigned i = 0; i < 6; i++)
        space[i] = numbered_space(n, i, FORMAT);
    numbered_switch(n, 1, space[0]);
    for (unsigned i = 1; i < 5; i++)
        numbered_switch(n, 0, space[i]);
    assert_loaded(n, space[4], 5, KEPT);
    numbered_switch(n, 0, space[5]);
    assert_loaded(n, space[5], 2, FORGOTTEN);
    numbered_switch(n, 0, space[0]); /* CPU 1 runs it */
    assert_loaded(n, space[0], 1, KEPT);
    numbered_switch(n, 0, space[4]); /* CPU 0 ran it then */
    assert_loaded(n, space[4], 5, KEPT);
    numbered_switch(n, 1, space[1]);
    assert_loaded(n, space[1], 3, FORGOTTEN);
    numbered_switch(n, 1, space[0]);
    assert_loaded(n, space[0], 1, KEPT);
    numbered_end(n);
}

/* 3 numbers on one CPU. */
static void the_lowest_number_is_given_first(void **state)
{
    (void)state;
    Numbered *n = machine(4, 1);
    for (unsigned i = 0; i < 3; i++)
        numbered_switch(n, 0, numbered_space(n, i, FORMAT));
    numbered_switch(n, 0, numbered_space(n, 3, FORMAT));
    assert_loaded(n, &n->space[3], 1, FORGOTTEN);
    numbered_switch(n, 0, &n->space[0]);
    assert_loaded(n, &n->space[0], 2, KEPT);
    numbered_end(n);
}

/* CPU 1 runs a space through generations in which it loads nothing. */
static void a_space_that_runs_keeps_its_number_for_ever(void **state)
{
    (void)state;
    Numbered *n = machine(6, 2);
    MemVmap *kept = numbered_space(n, 0, FORMAT);
    numbered_switch(n, 0, numbered_space(n, 1, FORMAT));
    numbered_switch(n, 1, kept);
    for (unsigned i = 0; i < 40; i++) {
        MemVmap *other = numbered_space(n, 2 + i % 2, FORMAT);
        numbered_switch(n, 0, other);
        assert_int_not_equal(n->steps[n->count - 2].first >> 48, 2);
        if (i % 7 == 0) {
            numbered_switch(n, 0, kept);
            assert_int_equal(n->steps[n->count - 2].first >> 48, 2);
        }
        numbered_switch(n, 0, &n->space[1]);
        mem_vmap_destroy(other);
    }
    numbered_end(n);
}

static void the_number_of_a_space_that_ended_is_not_given_before_all_are(void **state)
{
    (void)state;
    Numbered *n = machine(8, 1);
    MemVmap *a = numbered_space(n, 0, FORMAT);
    numbered_switch(n, 0, a);
    for (usize i = 2; i < 8; i++) {
        MemVmap *b = numbered_space(n, 1, FORMAT);
        numbered_switch(n, 0, b);
        assert_loaded(n, b, i, KEPT);
        numbered_switch(n, 0, a);
        mem_vmap_destroy(b);
    }
    MemVmap *b = numbered_space(n, 1, FORMAT);
    numbered_switch(n, 0, b);
    assert_loaded(n, b, 2, FORGOTTEN);
    numbered_end(n);
}

/* Every number of 16 bits is given, and each to one space. */
static void all_numbers_are_given(void **state)
{
    (void)state;
    Numbered *n = machine(100000, 1); /* more than there can be */
    MemVmap *a = numbered_space(n, 0, FORMAT);
    numbered_switch(n, 0, a);
    for (usize i = 2; i < 65536; i++) {
        n->used = 1;
        MemVmap *b = numbered_space(n, 1, FORMAT);
        numbered_switch(n, 0, b);
        assert_int_equal(n->steps[1].first >> 48, i);
        numbered_switch(n, 0, a);
        mem_vmap_destroy(b);
    }
    numbered_switch(n, 0, numbered_space(n, 1, FORMAT));
    assert_int_equal(n->count, 5);
    assert_int_equal(n->steps[3].first >> 48, 2);
    numbered_end(n);
}

static void a_cpu_that_joins_again_forgets_first(void **state)
{
    (void)state;
    Numbered *n = machine(256, 2);
    MemVmap *a = numbered_space(n, 0, FORMAT);
    numbered_switch(n, 1, a);
    mem_vmap_cpu_leave(&n->cpu[1]);
    assert_int_equal(mem_vmap_cpu_join(&n->cpu[1], &n->cpus, 1), 0);
    numbered_switch(n, 1, a);
    assert_loaded(n, a, 1, FORGOTTEN);
    numbered_end(n);
}

/* Two numbers of each CPU may be kept when all are given anew; one more, and 0, there must be. */
static void there_are_numbers_enough_for_the_cpus(void **state)
{
    (void)state;
    static const struct {
        unsigned asids, number;
        int result;
    } rows[] = {{3, 0, MEM_EINVAL}, {4, 0, 0},  {5, 1, MEM_EINVAL}, {6, 1, 0},
                {0, 3, 0},          {10, 3, 0}, {9, 3, MEM_EINVAL}};
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Numbered *n = machine(rows[i].asids, 0);
        assert_int_equal(mem_vmap_cpu_join(&n->cpu[0], &n->cpus, rows[i].number), rows[i].result);
        numbered_end(n);
    }
}

static void without_numbers_each_load_forgets_after_it(void **state)
{
    (void)state;
    Numbered *n = machine(0, 1);
    MemVmap *a = numbered_space(n, 0, FORMAT);
    for (unsigned i = 0; i < 2; i++) {
        numbered_switch(n, 0, i == 0 ? a : numbered_space(n, 1, FORMAT));
        assert_int_equal(n->count, 6);
        assert_int_equal(n->steps[1].kind, A64_TTBR0);
        assert_int_equal(n->steps[1].first, mem_vmap_root(&n->space[i]));
        assert_int_equal(n->steps[3].kind, A64_VMALLE1);
    }
    numbered_end(n);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_space_has_one_number_on_all_cpus),
        cmocka_unit_test(coming_back_forgets_nothing),
        cmocka_unit_test(bug_26_when_all_are_given_anew_each_cpu_forgets_once),
        cmocka_unit_test(the_lowest_number_is_given_first),
        cmocka_unit_test(a_space_that_runs_keeps_its_number_for_ever),
        cmocka_unit_test(the_number_of_a_space_that_ended_is_not_given_before_all_are),
        cmocka_unit_test(all_numbers_are_given),
        cmocka_unit_test(a_cpu_that_joins_again_forgets_first),
        cmocka_unit_test(there_are_numbers_enough_for_the_cpus),
        cmocka_unit_test(without_numbers_each_load_forgets_after_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
