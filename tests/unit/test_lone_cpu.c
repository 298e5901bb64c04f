/* SPDX-License-Identifier: MIT */
/* White box: a machine of one x86-64 CPU, whose shootdowns are its own affair: what it executes, and when. */
#include "tests/support/space.h"

#include "arch/x86_64/cpu/cpu.h"

#define VIRT (3 * G1)
#define PHYS (5 * G1)

enum { STEPS = 16 };

/* What the CPU has executed, and what it does then: once. */
static MemVmapStep steps[STEPS];
static unsigned step_count;
static void (*then)(void);
static Space *space;

static void execute(void *context, const MemVmapStep *list, unsigned count)
{
    assert_null(context);
    for (unsigned i = 0; i < count && step_count < STEPS; i++)
        steps[step_count++] = list[i];
    void (*next)(void) = then;
    then = NULL;
    if (next != NULL)
        next();
}

static MemVmapCpus cpus;
static MemVmapCpu cpu;

static int setup(void **state)
{
    static const MemVmapCpuPort port = {.execute = execute};
    (void)state;
    int result = mem_vmap_cpus_init(&cpus, &port, mem_vmap_cpu_type_find("x86_64"), NULL);
    if (result != 0)
        return result;
    space = space_prepare("x86_64_4level", SPACE_ONE_CPU);
    space->port.invalidate_here = NULL;
    space->port.root_load = NULL;
    space->port.cpus = &cpus;
    space_make(space, NULL);
    result = mem_vmap_cpu_join(&cpu, &cpus, 0);
    mem_vmap_switch_to(&space->vmap);
    step_count = 0;
    return result;
}

static int teardown(void **state)
{
    (void)state;
    mem_vmap_cpu_leave(&cpu);
    space_end(space);
    return 0;
}

/* Whether the CPU has forgotten a page since step `first`. */
static bool is_forgotten(usize virt, unsigned first)
{
    for (unsigned i = first; i < step_count; i++)
        if (steps[i].kind == X86_CR3 ||
            (steps[i].kind == X86_INVLPG && virt - steps[i].first < steps[i].count * PAGE))
            return true;
    return false;
}

static void global_pages_are_forgotten_by_their_addresses(void **state)
{
    (void)state;
    must_map(space, PHYS, VIRT, 2 * PAGE, MEM_VMAP_GLOBAL);
    mem_vmap_unmap(&space->vmap, VIRT, PAGE);
    assert_int_equal(step_count, 1);
    assert_int_equal(steps[0].kind, X86_INVLPG);
    assert_int_equal(steps[0].first, VIRT);
}

/* An interrupt handler, after the CPU has executed what the call that it interrupts wanted. */
static void unmap_in_an_interrupt(void)
{
    unsigned before = step_count;
    mem_vmap_unmap(&space->vmap, VIRT + 8 * PAGE, PAGE);
    assert_true(is_forgotten(VIRT + 8 * PAGE, before));
}

static void what_an_interrupt_unmaps_is_forgotten_when_it_returns(void **state)
{
    (void)state;
    must_map(space, PHYS, VIRT, 16 * PAGE, 0);
    then = unmap_in_an_interrupt;
    mem_vmap_unmap(&space->vmap, VIRT, PAGE);
    assert_null(then);
    assert_true(is_forgotten(VIRT, 0));
    unsigned before = step_count;
    mem_vmap_unmap(&space->vmap, VIRT + PAGE, PAGE);
    assert_true(is_forgotten(VIRT + PAGE, before));
}

static void a_port_without_execute_takes_the_instructions_of_the_type(void **state)
{
    static MemVmapCpus others;
    static MemVmapCpu other;
    static const MemVmapCpuPort port;
    MemVmapCpuType type = *mem_vmap_cpu_type_find("x86_64");
    (void)state;
    type.execute = NULL;
    assert_int_equal(mem_vmap_cpus_init(&others, &port, &type, NULL), MEM_EINVAL);
    type.execute = execute;
    assert_int_equal(mem_vmap_cpus_init(&others, &port, &type, NULL), 0);
    assert_int_equal(mem_vmap_cpu_join(&other, &others, 0), 0);
    Space *own = space_prepare("x86_64_4level", SPACE_ONE_CPU);
    own->port.invalidate_here = NULL;
    own->port.root_load = NULL;
    own->port.cpus = &others;
    space_make(own, NULL);
    mem_vmap_switch_to(&own->vmap);
    assert_int_equal(step_count, 1);
    assert_int_equal(steps[0].kind, X86_CR3);
    mem_vmap_cpu_leave(&other);
    space_end(own);
}

/* Early, or on its way out: nothing is known of where it runs, and there is no software TLB. */
static void a_cpu_that_has_not_joined_translates(void **state)
{
    (void)state;
    must_map(space, PHYS, VIRT, 2 * PAGE, 0);
    mem_vmap_cpu_leave(&cpu);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(mem_vmap_translate(&space->vmap, VIRT + PAGE + 5), PHYS + PAGE + 5);
        assert_false(mem_vmap_missed(&space->vmap));
    }
    mem_vmap_unmap(&space->vmap, VIRT + PAGE, PAGE);
    assert_int_equal(mem_vmap_translate(&space->vmap, VIRT + PAGE + 5), 0);
    assert_true(mem_vmap_missed(&space->vmap));
    assert_int_equal(mem_vmap_cpu_join(&cpu, &cpus, 0), 0);
}

#if MEM_VMAP_TLB_LINES > 0

static unsigned lines_in_use(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < MEM_VMAP_TLB_LINES; i++)
        count += cpu.tlb[i].space != 0;
    return count;
}

/* Each would take one. */
static void larger_leaves_have_no_lines(void **state)
{
    (void)state;
    must_map(space, PHYS, VIRT, M2 + PAGE, 0);
    assert_int_equal(mem_vmap_translate(&space->vmap, VIRT + 5 * PAGE), PHYS + 5 * PAGE);
    assert_leaf(space, VIRT, PHYS, M2, 0);
    assert_int_equal(lines_in_use(), 0);
    assert_int_equal(mem_vmap_translate(&space->vmap, VIRT + M2 + 5), PHYS + M2 + 5);
    assert_int_equal(lines_in_use(), 1);
    assert_hole(space, VIRT + M2 + PAGE);
    assert_int_equal(lines_in_use(), 1);
}

#endif

/* The CPU that the caller is on, and then one that has not joined. */
static unsigned moves;

static MemVmapCpu *here_and_gone(void *context)
{
    assert_null(context);
    return moves++ % 2 == 0 ? &cpu : NULL;
}

static void who_moves_to_a_cpu_that_has_not_joined_translates(void **state)
{
    (void)state;
    must_map(space, PHYS, VIRT, PAGE, 0);
    moves = 0;
    cpus.port.here = here_and_gone;
    assert_int_equal(mem_vmap_translate(&space->vmap, VIRT + 5), PHYS + 5);
    assert_true(moves > 1);
    cpus.port.here = NULL;
}

#define ALONE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        ALONE(global_pages_are_forgotten_by_their_addresses),
        ALONE(what_an_interrupt_unmaps_is_forgotten_when_it_returns),
        ALONE(a_cpu_that_has_not_joined_translates),
#if MEM_VMAP_TLB_LINES > 0
        ALONE(larger_leaves_have_no_lines),
#endif
        ALONE(who_moves_to_a_cpu_that_has_not_joined_translates),
        ALONE(a_port_without_execute_takes_the_instructions_of_the_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
