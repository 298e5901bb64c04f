/* SPDX-License-Identifier: MIT */
/*
 * ASIDs that are the machine's, where a CPU leaves. What it ran when all were given anew keeps its number: another CPU
 * may have loaded it since, under that number. So what was kept is the machine's, and not the CPU's, which may be gone,
 * or have joined again and know nothing.
 */
#include "tests/unit/numbered.h"

#define FORMAT "aarch64_4k"

/* What CPU 1 runs when all are given anew, and under which number. */
enum { RUN_BY_1 = 2, ITS_NUMBER = 3 };

/* The number that the space is loaded with on a CPU. */
static usize number_on(Numbered *n, unsigned cpu, unsigned space)
{
    numbered_switch(n, cpu, &n->space[space]);
    return n->steps[n->count - 2].first >> 48;
}

/*
 * There are 5 numbers, and spaces 0 to 4 have them. Space 5 is the first of another generation: what CPU 1 runs then is
 * what CPU 0 loads next. CPU 0 comes from space 4.
 */
static Numbered *given_anew(void)
{
    Numbered *n = numbered_new("aarch64", &(MemVmapCpuFeatures){.asids = 6}, BY_HARDWARE, 2);
    for (unsigned i = 0; i < SPACES; i++)
        numbered_space(n, i, FORMAT);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(number_on(n, i == RUN_BY_1, i), i + 1);
    assert_int_equal(number_on(n, 0, 5), 1);
    assert_int_equal(number_on(n, 0, RUN_BY_1), ITS_NUMBER);
    return n;
}

static void leave(Numbered *n)
{
    mem_vmap_cpu_leave(&n->cpu[1]);
    n->joined[1] = false;
}

static void join(Numbered *n)
{
    assert_int_equal(mem_vmap_cpu_join(&n->cpu[1], &n->cpus, 1), 0);
    n->joined[1] = true;
}

/* The numbers that are left are 2 and 4, whichever CPU asks: 5 is that of space 4. */
static void assert_reserved(Numbered *n, unsigned cpu)
{
    assert_int_equal(number_on(n, cpu, 6), 2);
    assert_int_equal(number_on(n, cpu, 7), 4);
    assert_int_equal(number_on(n, cpu, RUN_BY_1), ITS_NUMBER);
    numbered_end(n);
}

static void what_a_cpu_ran_that_left_keeps_its_number(void **state)
{
    (void)state;
    Numbered *n = given_anew();
    leave(n);
    assert_reserved(n, 0);
}

static void what_a_cpu_ran_that_has_joined_again_keeps_its_number(void **state)
{
    (void)state;
    for (unsigned cpu = 0; cpu < 2; cpu++) {
        Numbered *n = given_anew();
        leave(n);
        join(n);
        assert_reserved(n, cpu);
    }
}

/* It has the memory of another CPU, and that one's number. */
static void what_a_cpu_ran_keeps_its_number_when_another_takes_its_place(void **state)
{
    (void)state;
    Numbered *n = given_anew();
    leave(n);
    assert_int_equal(mem_vmap_cpu_join(&n->cpu[2], &n->cpus, 1), 0);
    n->joined[2] = true;
    assert_reserved(n, 2);
}

/* In the next generation nobody runs it: 1 to 4 are given, and 5 is that of what CPU 0 runs. */
static void the_next_generation_reserves_nothing_for_a_cpu_that_left(void **state)
{
    (void)state;
    Numbered *n = given_anew();
    leave(n);
    for (unsigned i = 6; i < 8; i++)
        number_on(n, 0, i);
    assert_int_equal(number_on(n, 0, 4), 5);
    for (unsigned i = 8; i < 12; i++)
        assert_int_equal(number_on(n, 0, i), i - 7);
    numbered_end(n);
}

/* A CPU that has joined again runs the space once more, through generations in which it loads nothing. */
static void a_cpu_that_has_joined_again_is_asked_again(void **state)
{
    (void)state;
    Numbered *n = given_anew();
    leave(n);
    join(n);
    assert_int_equal(number_on(n, 1, RUN_BY_1), ITS_NUMBER);
    for (unsigned i = 0; i < 40; i++)
        assert_int_not_equal(number_on(n, 0, 6 + i % 6), ITS_NUMBER);
    assert_int_equal(number_on(n, 0, RUN_BY_1), ITS_NUMBER);
    numbered_end(n);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_cpu_ran_that_left_keeps_its_number),
        cmocka_unit_test(what_a_cpu_ran_that_has_joined_again_keeps_its_number),
        cmocka_unit_test(what_a_cpu_ran_keeps_its_number_when_another_takes_its_place),
        cmocka_unit_test(the_next_generation_reserves_nothing_for_a_cpu_that_left),
        cmocka_unit_test(a_cpu_that_has_joined_again_is_asked_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
