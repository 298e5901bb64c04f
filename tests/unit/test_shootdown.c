/* SPDX-License-Identifier: MIT */
/*
 * Who is interrupted when something is removed, what each CPU then forgets, and that nothing is reused
 * before all have done so.
 */
#include "tests/support/scene.h"

#include "arch/x86_64/cpu/cpu.h"

/* The PCID of the only space that a CPU of the scene has run. */
static unsigned first_asid(const Machine *machine)
{
    return machine->features.asids > 0 ? 1 : 0;
}

static void cpus_of_another_space_are_left_alone(void **state)
{
    Scene *s = *state;
    mem_vmap_unmap(&s->space->vmap, VIRT, PAGE);
    must_protect(s->space, VIRT + PAGE, PAGE, 0);
    mem_vmap_unmap(&s->space->vmap, HIGH, PAGE);
    mem_vmap_unmap(&s->space->vmap, VIRT, 16 * PAGE); /* with its table */
    assert_interrupts(s->machine, 0, 4, 0, 0);
    assert_no_steps(s->machine, 2);
}

static void nobody_is_interrupted_where_this_cpu_alone_runs_the_space(void **state)
{
    Scene *s = *state;
    s->machine->here = 2;
    mem_vmap_unmap(&s->other->vmap, VIRT, PAGE);
    assert_int_equal(s->machine->interrupt_calls, 0);
    assert_int_equal(s->machine->relaxes, 0);
    assert_steps(s->machine, 2, {X86_INVLPG, first_asid(s->machine), VIRT, PAGE, 1});
    assert_no_steps(s->machine, 0);
}

static void nobody_is_told_of_a_space_that_nobody_runs(void **state)
{
    Scene *s = *state;
    Space *space = machine_space(s->machine);
    must_map(space, PHYS, VIRT, 4 * PAGE, 0);
    mem_vmap_unmap(&space->vmap, VIRT, PAGE);
    mem_vmap_unmap(&space->vmap, VIRT, 4 * PAGE);
    assert_int_equal(s->machine->interrupt_calls, 0);
    assert_int_equal(s->machine->step_count, 0);
}

static void what_is_new_or_grows_interrupts_nobody(void **state)
{
    Scene *s = *state;
    must_map(s->space, PHYS, VIRT + G1, G1, 0);
    must_map(s->space, PHYS, HIGH + G1, PAGE, MEM_VMAP_GLOBAL);
    must_protect(s->space, VIRT, PAGE, MEM_VMAP_WRITE);
    mem_vmap_unmap(&s->space->vmap, 0, G1);
    assert_int_equal(s->machine->interrupt_calls, 0);
    assert_int_equal(s->machine->step_count, 0);
}

static void every_cpu_that_runs_the_space_forgets_exactly_that(void **state)
{
    Scene *s = *state;
    unsigned asid = first_asid(s->machine);
    for (unsigned cpu = 0; cpu < 2; cpu++)
        for (usize at = 0; at < 8; at++)
            assert_reaches(s->machine, cpu, VIRT + at * PAGE, PHYS + at * PAGE);
    mem_vmap_unmap(&s->space->vmap, VIRT + 2 * PAGE, 3 * PAGE);
    for (unsigned cpu = 0; cpu < 2; cpu++) {
        assert_steps(s->machine, cpu, {X86_INVLPG, asid, VIRT + 2 * PAGE, PAGE, 3});
        assert_reaches(s->machine, cpu, VIRT + PAGE, PHYS + PAGE);
        for (usize at = 2; at < 5; at++)
            assert_faults(s->machine, cpu, VIRT + at * PAGE);
        assert_reaches(s->machine, cpu, VIRT + 5 * PAGE, PHYS + 5 * PAGE);
    }
}

static void the_cpu_with_the_highest_number_is_reached(void **state)
{
    Scene *s = *state;
    machine_join(s->machine, 3);
    machine_switch(s->machine, 3, s->space);
    assert_reaches(s->machine, 3, VIRT, PHYS);
    mem_vmap_unmap(&s->space->vmap, VIRT, PAGE);
    assert_interrupts(s->machine, 0, 1, 0, 1);
    assert_faults(s->machine, 3, VIRT);
    machine_leave(s->machine, 3);
}

/* Idle CPUs run kernel threads: they use no address of the lower half. */
static void an_idle_cpu_is_not_interrupted_for_leaves_of_the_lower_half(void **state)
{
    Scene *s = *state;
    machine_idle(s->machine, 1);
    mem_vmap_unmap(&s->space->vmap, VIRT, PAGE);
    must_protect(s->space, VIRT + PAGE, PAGE, 0);
    assert_interrupts(s->machine, 0, 0, 0, 0);
    machine_switch(s->machine, 1, s->space);
    assert_faults(s->machine, 1, VIRT);
}

static void an_idle_cpu_is_interrupted_for_tables(void **state)
{
    Scene *s = *state;
    machine_access(s->machine, 1, VIRT);
    machine_idle(s->machine, 1);
    mem_vmap_unmap(&s->space->vmap, VIRT, 16 * PAGE);
    assert_interrupts(s->machine, 0, 1, 0, 0);
    assert_faults(s->machine, 1, VIRT); /* also by what it may guess */
}

/* Kernel mappings need not be global, and an idle CPU uses them. */
static void bug_18_an_idle_cpu_is_interrupted_for_the_upper_half(void **state)
{
    Scene *s = *state;
    assert_reaches(s->machine, 1, HIGH, PHYS);
    machine_idle(s->machine, 1);
    mem_vmap_unmap(&s->space->vmap, HIGH, PAGE);
    assert_interrupts(s->machine, 0, 1, 0, 0);
    assert_faults(s->machine, 1, HIGH);
}

static void an_idle_cpu_is_interrupted_where_a_batch_names_the_upper_half_too(void **state)
{
    Scene *s = *state;
    MemVmapBatch batch;
    machine_idle(s->machine, 1);
    assert_int_equal(mem_vmap_batch_begin(&batch, &s->space->vmap), 0);
    mem_vmap_batch_unmap(&batch, VIRT, PAGE);
    mem_vmap_batch_unmap(&batch, HIGH, PAGE);
    mem_vmap_batch_unmap(&batch, VIRT + 4 * PAGE, PAGE);
    mem_vmap_batch_end(&batch);
    assert_interrupts(s->machine, 0, 1, 0, 0);
}

/* A batch that has overflowed may name anything. */
static void bug_15_an_overflow_interrupts_idle_cpus_too(void **state)
{
    Scene *s = *state;
    MemVmapBatch batch;
    must_map(s->space, PHYS, VIRT + M2, 4 * MEM_VMAP_BATCH_RANGES * PAGE, 0);
    machine_idle(s->machine, 1);
    assert_int_equal(mem_vmap_batch_begin(&batch, &s->space->vmap), 0);
    for (usize i = 0; i <= MEM_VMAP_BATCH_RANGES; i++)
        mem_vmap_batch_unmap(&batch, VIRT + M2 + 2 * i * PAGE, PAGE);
    mem_vmap_batch_end(&batch);
    assert_interrupts(s->machine, 0, 1, 0, 0);
    usize cr3 = mem_vmap_root(&s->space->vmap) | first_asid(s->machine);
    assert_steps(s->machine, 0, {X86_CR3, first_asid(s->machine), cr3, 0, 1});
    assert_steps(s->machine, 1, {X86_CR3, first_asid(s->machine), cr3, 0, 1});
}

/* Global entries of one space hit in all. */
static void bug_17_everyone_forgets_global_entries_once(void **state)
{
    Scene *s = *state;
    for (unsigned cpu = 0; cpu < 2; cpu++)
        assert_reaches(s->machine, cpu, GLOBAL, PHYS + M2);
    machine_switch(s->machine, 2, s->space);
    assert_reaches(s->machine, 2, GLOBAL, PHYS + M2);
    machine_switch(s->machine, 2, s->other);
    machine_forget(s->machine);
    mem_vmap_unmap(&s->space->vmap, GLOBAL, PAGE);
    assert_interrupts(s->machine, 0, 1, 1, 0);
    for (unsigned cpu = 0; cpu < 3; cpu++) {
        assert_steps(s->machine, cpu, {X86_INVLPG, 1, GLOBAL, PAGE, 1});
        assert_faults(s->machine, cpu, GLOBAL);
    }
}

static void many_global_entries_go_everywhere_at_once(void **state)
{
    Scene *s = *state;
    for (unsigned cpu = 0; cpu < 2; cpu++)
        assert_reaches(s->machine, cpu, GLOBAL + 40 * PAGE, PHYS + M2 + 40 * PAGE);
    mem_vmap_unmap(&s->space->vmap, GLOBAL, 100 * PAGE);
    for (unsigned cpu = 0; cpu < 3; cpu++)
        assert_steps(s->machine, cpu, {X86_INVPCID_ALL, 0, 0, 0, 1});
    assert_faults(s->machine, 0, GLOBAL + 40 * PAGE);
    assert_faults(s->machine, 1, GLOBAL + 40 * PAGE);
}

/*
 * On a CPU that runs another space the local pages of the plan stay, under their PCID, until it comes
 * back.
 */
static void a_plan_of_global_and_local_pages_reaches_who_comes_back(void **state)
{
    Scene *s = *state;
    MemVmapBatch batch;
    machine_switch(s->machine, 2, s->space);
    assert_reaches(s->machine, 2, VIRT, PHYS);
    assert_reaches(s->machine, 2, GLOBAL, PHYS + M2);
    machine_switch(s->machine, 2, s->other);
    assert_int_equal(mem_vmap_batch_begin(&batch, &s->space->vmap), 0);
    mem_vmap_batch_unmap(&batch, VIRT, PAGE);
    mem_vmap_batch_unmap(&batch, GLOBAL, PAGE);
    mem_vmap_batch_end(&batch);
    assert_faults(s->machine, 2, GLOBAL);
    machine_switch(s->machine, 2, s->space);
    assert_faults(s->machine, 2, VIRT);
    assert_faults(s->machine, 2, GLOBAL);
}

/*
 * What another CPU sees when it is interrupted: the tables as they are to be, from which it may cache
 * anew.
 */
static void look_at_the_tables(Machine *machine)
{
    Space *space = machine->test;
    RawTree tree = space_raw(space);
    machine_must(machine, !raw_walk(&tree, VIRT).leaf);
}

static void bug_20_entries_are_gone_before_anybody_is_told(void **state)
{
    Scene *s = *state;
    s->machine->test = s->space;
    s->machine->on_interrupt = look_at_the_tables;
    mem_vmap_unmap(&s->space->vmap, VIRT, PAGE);
    assert_int_equal(s->machine->interrupt_calls, 1);
}

/* Everything that can be taken away or changed, to be tried on every kind of CPU. */
#define BIG   (VIRT + G1)     /* four leaves of 2 MiB */
#define SMALL (VIRT + 2 * G1) /* 512 pages that would be one */

static void map_more(Scene *s)
{
    must_map(s->space, PHYS, BIG, 4 * M2, MEM_VMAP_WRITE);
    must_map(s->space, PHYS, SMALL, M2, MEM_VMAP_CAP_4K);
}

static void take_a_page(Space *space)
{
    mem_vmap_unmap(&space->vmap, VIRT, PAGE);
}

static void take_a_table(Space *space)
{
    mem_vmap_unmap(&space->vmap, VIRT, 16 * PAGE);
}

static void take_many_pages(Space *space)
{
    mem_vmap_unmap(&space->vmap, SMALL + PAGE, 100 * PAGE);
}

static void take_a_subtree(Space *space)
{
    mem_vmap_unmap(&space->vmap, SMALL, G1);
}

static void take_rights(Space *space)
{
    must_protect(space, VIRT + PAGE, PAGE, 0);
}

static void take_a_kernel_page(Space *space)
{
    mem_vmap_unmap(&space->vmap, HIGH, PAGE);
}

static void take_a_large_leaf(Space *space)
{
    mem_vmap_unmap(&space->vmap, BIG + M2, M2);
}

static void cut_a_large_leaf(Space *space)
{
    mem_vmap_unmap(&space->vmap, BIG + 5 * PAGE, PAGE);
}

static void take_rights_from_a_part_of_a_leaf(Space *space)
{
    must_protect(space, BIG + M2 + 5 * PAGE, PAGE, 0);
}

static void join_pages(Space *space)
{
    assert_int_equal(mem_vmap_collapse(&space->vmap, SMALL, M2), 0);
}

static void take_a_global_page(Space *space)
{
    mem_vmap_unmap(&space->vmap, GLOBAL, PAGE);
}

static void take_many_global_pages(Space *space)
{
    mem_vmap_unmap(&space->vmap, GLOBAL, 100 * PAGE);
}

static void take_globals_with_their_table(Space *space)
{
    mem_vmap_unmap(&space->vmap, GLOBAL, M2);
}

static void make_global_pages_local(Space *space)
{
    must_protect(space, GLOBAL, 4 * PAGE, 0);
}

static void take_everything(Space *space)
{
    mem_vmap_unmap(&space->vmap, 0, SIZE_MAX);
}

static void overflow_a_batch(Space *space)
{
    MemVmapBatch batch;
    assert_int_equal(mem_vmap_batch_begin(&batch, &space->vmap), 0);
    for (usize i = 0; i <= MEM_VMAP_BATCH_RANGES; i++)
        mem_vmap_batch_unmap(&batch, SMALL + 2 * i * PAGE, PAGE);
    mem_vmap_batch_unmap(&batch, GLOBAL, PAGE);
    mem_vmap_batch_end(&batch);
}

static void (*const changes[])(Space *space) = {
    take_a_page,
    take_a_table,
    take_many_pages,
    take_a_subtree,
    take_rights,
    take_a_kernel_page,
    take_a_large_leaf,
    cut_a_large_leaf,
    take_rights_from_a_part_of_a_leaf,
    join_pages,
    take_a_global_page,
    take_many_global_pages,
    take_globals_with_their_table,
    make_global_pages_local,
    take_everything,
    overflow_a_batch,
};
enum { CHANGES = sizeof changes / sizeof changes[0] };

/* Caches whatever the changes are about, on a CPU that runs the space. */
static void use_everything(Scene *s, unsigned cpu)
{
    static const usize probes[] = {VIRT,
                                   VIRT + PAGE,
                                   VIRT + 15 * PAGE,
                                   HIGH,
                                   GLOBAL,
                                   GLOBAL + 50 * PAGE,
                                   BIG,
                                   BIG + M2 + 5 * PAGE,
                                   SMALL + PAGE,
                                   SMALL + 50 * PAGE,
                                   SMALL + M2 - PAGE};
    for (unsigned i = 0; i < sizeof probes / sizeof probes[0]; i++)
        assert_non_null(machine_access(s->machine, cpu, probes[i]));
}

/* CPUs 0 and 1 run the space, which is changed by CPU 0; CPU 2 has run it and comes back. */
static void change_and_check(Scene *s, void (*change)(Space *space), MachineAnswer answer)
{
    map_more(s);
    machine_switch(s->machine, 2, s->space);
    for (unsigned cpu = 0; cpu < 3; cpu++)
        use_everything(s, cpu);
    machine_switch(s->machine, 2, s->other);
    s->machine->answer = answer;
    change(s->space);
    assert_true(machine_is_true(s->machine));
    machine_switch(s->machine, 2, s->space);
    assert_true(machine_is_true(s->machine));
}

static void bug_14_every_change_reaches_every_cpu_of_any_kind(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 16; kind++) {
        MemVmapCpuFeatures features = {
            .asids = kind & 1 ? 4096 : 0, .by_asid = (kind & 2) != 0, .globals = (kind & 4) != 0};
        MachineAnswer answer = kind & 8 ? MACHINE_LATE : MACHINE_AT_ONCE;
        for (unsigned i = 0; i < CHANGES; i++) {
            Scene *s = scene_new(kind & 1 ? "x86_64_4level" : "x86_64_5level", &features);
            change_and_check(s, changes[i], answer);
            scene_end(s);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST_BOTH(cpus_of_another_space_are_left_alone),
        TEST_BOTH(nobody_is_interrupted_where_this_cpu_alone_runs_the_space),
        TEST_BOTH(nobody_is_told_of_a_space_that_nobody_runs),
        TEST_BOTH(what_is_new_or_grows_interrupts_nobody),
        TEST_BOTH(every_cpu_that_runs_the_space_forgets_exactly_that),
        TEST_BOTH(the_cpu_with_the_highest_number_is_reached),
        TEST_BOTH(an_idle_cpu_is_not_interrupted_for_leaves_of_the_lower_half),
        TEST_BOTH(an_idle_cpu_is_interrupted_for_tables),
        TEST_BOTH(bug_18_an_idle_cpu_is_interrupted_for_the_upper_half),
        TEST_BOTH(an_idle_cpu_is_interrupted_where_a_batch_names_the_upper_half_too),
        TEST_BOTH(bug_15_an_overflow_interrupts_idle_cpus_too),
        TEST_ALL(bug_17_everyone_forgets_global_entries_once),
        TEST_ALL(many_global_entries_go_everywhere_at_once),
        TEST_BOTH(a_plan_of_global_and_local_pages_reaches_who_comes_back),
        TEST_BOTH(bug_20_entries_are_gone_before_anybody_is_told),
        cmocka_unit_test(bug_14_every_change_reaches_every_cpu_of_any_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
