/* SPDX-License-Identifier: MIT */
/*
 * ASIDs that are the machine's, where another CPU comes in between: in the place where the one waits for the numbers,
 * and in the middle of its load. One thread plays all CPUs.
 */
#include "tests/unit/numbered.h"

#define FORMAT "aarch64_4k"

/* What another CPU does meanwhile: once. */
static void (*meanwhile)(Numbered *n);

static void another_cpu(Numbered *n)
{
    void (*next)(Numbered * n) = meanwhile;
    unsigned pinned = n->pinned;
    meanwhile = NULL;
    if (next != NULL)
        next(n);
    n->pinned = pinned;
}

static void relax(void *context)
{
    another_cpu(context);
}

static void execute(void *context, const MemVmapStep *steps, unsigned count)
{
    numbered_execute(context, steps, count);
    another_cpu(context);
}

static Numbered *machine(unsigned asids)
{
    Numbered *n = numbered_new("aarch64", &(MemVmapCpuFeatures){.asids = asids}, BY_HARDWARE, 2);
    n->cpus.port.relax = relax;
    n->cpus.port.execute = execute;
    for (unsigned i = 0; i < 6; i++)
        numbered_space(n, i, FORMAT);
    return n;
}

/* The number that the space was loaded with, of the CPU whose load was the last. */
static usize loaded_asid(const Numbered *n)
{
    return n->steps[n->count - 2].first >> 48;
}

/* CPU 1 holds the numbers, and gives the space one itself. */
static void give_and_release(Numbered *n)
{
    n->cpus.asid_lock = 0;
    numbered_switch(n, 1, &n->space[0]);
    assert_int_equal(loaded_asid(n), 1);
}

static void who_waits_for_the_numbers_takes_what_was_given_meanwhile(void **state)
{
    (void)state;
    Numbered *n = machine(256);
    n->cpus.asid_lock = 1;
    meanwhile = give_and_release;
    numbered_switch(n, 0, &n->space[0]);
    assert_null(meanwhile);
    assert_int_equal(loaded_asid(n), 1);
    assert_int_equal(n->cpus.asid_lock, 0);
    numbered_switch(n, 0, &n->space[1]);
    assert_int_equal(loaded_asid(n), 2);
    numbered_end(n);
}

/* There are 5 numbers: 1 and 2 are those of CPU 0, and 3 to 5 are given; then all are given anew. */
static void give_all_anew(Numbered *n)
{
    for (unsigned i = 2; i < 5; i++) {
        numbered_switch(n, 1, &n->space[i]);
        assert_int_equal(loaded_asid(n), i + 1);
    }
    numbered_switch(n, 1, &n->space[5]);
    assert_int_equal(loaded_asid(n), 3);
}

/* Until its root is there it runs the space that it leaves, and from then on the one that it enters. */
static void in_the_middle_of_a_switch_both_numbers_are_kept(void **state)
{
    (void)state;
    Numbered *n = machine(6);
    numbered_switch(n, 0, &n->space[0]);
    assert_int_equal(loaded_asid(n), 1);
    meanwhile = give_all_anew;
    numbered_switch(n, 0, &n->space[1]);
    assert_null(meanwhile);
    numbered_switch(n, 1, &n->space[1]);
    assert_int_equal(loaded_asid(n), 2);
    numbered_switch(n, 1, &n->space[0]);
    assert_int_equal(loaded_asid(n), 1);
    numbered_end(n);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_waits_for_the_numbers_takes_what_was_given_meanwhile),
        cmocka_unit_test(in_the_middle_of_a_switch_both_numbers_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
