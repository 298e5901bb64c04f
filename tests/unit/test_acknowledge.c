/* SPDX-License-Identifier: MIT */
/*
 * A call that takes something away returns, and gives tables back, when every CPU has forgotten it: not
 * before.
 */
#include "tests/support/scene.h"

#include "arch/x86_64/cpu/cpu.h"
#include "tests/support/turns.h"

static void serve_late(Scene *s)
{
    s->machine->answer = MACHINE_LATE;
}

static void turn_interrupts_off(Scene *s)
{
    for (unsigned cpu = 0; cpu < MACHINE_CPUS; cpu++)
        s->machine->deaf[cpu] = true;
}

static void use_pages(Scene *s, unsigned cpu)
{
    assert_reaches(s->machine, cpu, VIRT, PHYS);
    assert_reaches(s->machine, cpu, VIRT + 8 * PAGE, PHYS + 8 * PAGE);
}

/* All three CPUs run the first space and have used its pages. */
static void gather(Scene *s)
{
    machine_switch(s->machine, 2, s->space);
    for (unsigned cpu = 0; cpu < 3; cpu++)
        use_pages(s, cpu);
    machine_forget(s->machine);
}

static void unmap_waits_until_all_have_served(void **state)
{
    Scene *s = *state;
    gather(s);
    serve_late(s);
    mem_vmap_unmap(&s->space->vmap, VIRT, PAGE);
    assert_int_equal(s->machine->relaxes, 2);
    assert_interrupts(s->machine, 0, 1, 1, 0);
    assert_true(machine_is_true(s->machine));
}

static void protect_waits_until_all_have_served(void **state)
{
    Scene *s = *state;
    gather(s);
    serve_late(s);
    must_protect(s->space, VIRT, PAGE, 0);
    assert_int_equal(s->machine->relaxes, 2);
    assert_false(machine_access(s->machine, 2, VIRT)->write);
}

/* Once for all that is in it, at its end. */
static void a_batch_waits_at_its_end(void **state)
{
    Scene *s = *state;
    MemVmapBatch batch;
    gather(s);
    serve_late(s);
    assert_int_equal(mem_vmap_batch_begin(&batch, &s->space->vmap), 0);
    mem_vmap_batch_unmap(&batch, VIRT, PAGE);
    mem_vmap_batch_unmap(&batch, VIRT + 8 * PAGE, PAGE);
    assert_interrupts(s->machine, 0, 0, 0, 0);
    use_pages(s, 1); /* it may, until then */
    mem_vmap_batch_end(&batch);
    assert_interrupts(s->machine, 0, 1, 1, 0);
    assert_true(machine_is_true(s->machine));
}

/* Two CPUs run the space, the third only has to forget global entries. */
static void globals_wait_for_everyone(void **state)
{
    Scene *s = *state;
    machine_switch(s->machine, 2, s->space);
    assert_reaches(s->machine, 2, GLOBAL, PHYS + M2);
    machine_switch(s->machine, 2, s->other);
    machine_forget(s->machine);
    serve_late(s);
    mem_vmap_unmap(&s->space->vmap, GLOBAL, PAGE);
    assert_int_equal(s->machine->relaxes, 2);
    assert_true(machine_is_true(s->machine));
}

/* A table page goes back only when no CPU can get into it any more. */
static void no_cpu_knows_the_table(Space *space, usize phys)
{
    Scene *s = space->test;
    for (unsigned cpu = 0; cpu < MACHINE_CPUS; cpu++)
        machine_must(s->machine, !mmu_knows_table(&s->machine->mmu[cpu], &s->machine->features, phys));
}

static void watch_tables(Scene *s)
{
    s->space->test = s;
    s->space->on_put = no_cpu_knows_the_table;
}

static void bug_1_tables_go_back_after_the_last_acknowledgement(void **state)
{
    Scene *s = *state;
    gather(s);
    serve_late(s);
    watch_tables(s);
    usize puts = s->space->puts;
    mem_vmap_unmap(&s->space->vmap, VIRT, 16 * PAGE);
    assert_true(s->space->puts > puts);
    assert_true(s->machine->relaxes >= 2);
}

static void bug_2_tables_of_a_batch_go_back_after_its_end(void **state)
{
    Scene *s = *state;
    MemVmapBatch batch;
    gather(s);
    serve_late(s);
    watch_tables(s);
    usize puts = s->space->puts;
    assert_int_equal(mem_vmap_batch_begin(&batch, &s->space->vmap), 0);
    mem_vmap_batch_unmap(&batch, VIRT, 16 * PAGE);
    must_map(s->space, 0, VIRT + G512, PAGE, 0); /* not into the table that waits */
    assert_int_equal(s->space->puts, puts);
    mem_vmap_batch_end(&batch);
    assert_true(s->space->puts > puts);
    assert_true(machine_is_true(s->machine));
}

/* The table that a joined leaf replaces is one that CPUs walk. */
static void bug_43_the_table_of_a_joined_leaf_goes_back_after_all(void **state)
{
    Scene *s = *state;
    must_map(s->space, PHYS, VIRT + G1, M2, MEM_VMAP_CAP_4K | MEM_VMAP_NO_RESERVE);
    gather(s);
    assert_reaches(s->machine, 1, VIRT + G1, PHYS);
    serve_late(s);
    watch_tables(s);
    usize puts = s->space->puts;
    assert_int_equal(mem_vmap_collapse(&s->space->vmap, VIRT + G1, M2), 0);
    assert_int_equal(s->space->puts, puts + 1);
    assert_reaches(s->machine, 1, VIRT + G1, PHYS);
    assert_true(machine_is_true(s->machine));
}

/* A CPU that is waited for goes elsewhere, without ever serving its interrupt. */
static void leave_space(Machine *machine)
{
    if (machine->pending[1])
        machine_leave(machine, 1);
    machine->pending[2] = false;
}

static void switch_away(Machine *machine)
{
    Scene *s = machine->test;
    if (machine->pending[1])
        machine_switch(machine, 1, s->other);
    machine->pending[1] = false;
}

static void go_idle(Machine *machine)
{
    machine_idle(machine, 1);
}

static void act_in_the_wait(Scene *s, void (*act)(Machine *machine))
{
    serve_late(s);
    s->machine->test = s;
    s->machine->on_relax = act;
}

static void a_cpu_that_leaves_ends_the_wait(void **state)
{
    Scene *s = *state;
    use_pages(s, 1);
    act_in_the_wait(s, leave_space);
    mem_vmap_unmap(&s->space->vmap, VIRT, PAGE);
    assert_int_equal(s->machine->relaxes, 1);
    assert_no_steps(s->machine, 1);
}

static void a_cpu_that_leaves_ends_the_wait_for_globals(void **state)
{
    Scene *s = *state;
    machine_leave(s->machine, 2);
    act_in_the_wait(s, leave_space);
    mem_vmap_unmap(&s->space->vmap, GLOBAL, PAGE);
    assert_int_equal(s->machine->relaxes, 1);
}

static void a_cpu_that_switches_away_ends_the_wait(void **state)
{
    Scene *s = *state;
    use_pages(s, 1);
    act_in_the_wait(s, switch_away);
    mem_vmap_unmap(&s->space->vmap, VIRT, PAGE);
    assert_int_equal(s->machine->relaxes, 1);
    s->machine->on_relax = NULL;
    machine_switch(s->machine, 1, s->space);
    assert_true(machine_is_true(s->machine));
}

static void a_cpu_that_idles_ends_the_wait_for_leaves_of_the_lower_half(void **state)
{
    Scene *s = *state;
    use_pages(s, 1);
    act_in_the_wait(s, go_idle);
    mem_vmap_unmap(&s->space->vmap, VIRT, PAGE);
    assert_int_equal(s->machine->relaxes, 1);
    s->machine->on_relax = NULL;
    machine_switch(s->machine, 1, s->space);
    assert_true(machine_is_true(s->machine));
}

static void idle_first_and_serve_then(Machine *machine)
{
    if (machine->relaxes < 4)
        machine_idle(machine, 1);
    else
        machine_serve(machine, 1);
}

static void a_cpu_that_idles_is_waited_for_where_tables_went(void **state)
{
    Scene *s = *state;
    use_pages(s, 1);
    watch_tables(s);
    act_in_the_wait(s, idle_first_and_serve_then);
    mem_vmap_unmap(&s->space->vmap, VIRT, 16 * PAGE);
    assert_int_equal(s->machine->relaxes, 4);
}

static void a_cpu_that_idles_is_waited_for_in_the_upper_half(void **state)
{
    Scene *s = *state;
    assert_reaches(s->machine, 1, HIGH, PHYS);
    act_in_the_wait(s, idle_first_and_serve_then);
    mem_vmap_unmap(&s->space->vmap, HIGH, PAGE);
    assert_int_equal(s->machine->relaxes, 4);
    assert_true(machine_is_true(s->machine));
}

/* Such a CPU has nothing to forget itself: it asks the others, and waits for them. */
static void a_cpu_that_has_not_joined_waits_for_the_others(void **state)
{
    Scene *s = *state;
    gather(s);
    serve_late(s);
    s->machine->here = MACHINE_STRANGER;
    mem_vmap_unmap(&s->space->vmap, VIRT, PAGE);
    mem_vmap_unmap(&s->space->vmap, GLOBAL, PAGE);
    assert_interrupts(s->machine, 2, 2, 2, 0);
    assert_true(machine_is_true(s->machine));
}

/* The interrupt may come twice, or late, or when all is done: a plan is executed once. */
static void nothing_is_flushed_twice(void **state)
{
    Scene *s = *state;
    mem_vmap_unmap(&s->space->vmap, VIRT, PAGE);
    for (unsigned cpu = 0; cpu < 3; cpu++)
        machine_serve(s->machine, cpu);
    machine_switch(s->machine, 1, s->space);
    assert_int_equal(s->machine->step_count, 2);
    machine_forget(s->machine);
    mem_vmap_unmap(&s->space->vmap, GLOBAL, PAGE);
    for (unsigned cpu = 0; cpu < 3; cpu++)
        machine_serve(s->machine, cpu);
    assert_int_equal(s->machine->step_count, 3);
}

/*
 * Calls that CPUs make at once. When one returns nobody reaches what it removed, and its CPU hears again.
 */
static void unmap_on(Scene *s, unsigned cpu, usize virt)
{
    s->machine->here = cpu;
    mem_vmap_unmap(&s->space->vmap, virt, PAGE);
    machine_must(s->machine, machine_forgot(s->machine, s->space, virt));
    s->machine->deaf[cpu] = false;
}

static void unmap_one(void *scene)
{
    unmap_on(scene, 0, VIRT);
}

static void unmap_another(void *scene)
{
    unmap_on(scene, 1, VIRT + 8 * PAGE);
}

static void unmap_the_same(void *scene)
{
    unmap_on(scene, 1, VIRT);
}

static void unmap_a_global_one(void *scene)
{
    unmap_on(scene, 0, GLOBAL);
}

static void unmap_another_global_one(void *scene)
{
    unmap_on(scene, 1, GLOBAL + 8 * PAGE);
}

/* CPUs hear their interrupts after some turns. */
static void hear_late(void *scene)
{
    Scene *s = scene;
    for (unsigned i = 0; i < 6; i++)
        turns_yield();
    machine_serve_all(s->machine);
}

static void run_two(Scene *s, void (*first)(void *scene), void (*second)(void *scene))
{
    turn_interrupts_off(s);
    turns_run((TurnsTask[]){{first, s}, {second, s}, {hear_late, s}}, 3);
}

/* Both have their interrupts off. */
static void bug_16_two_that_wait_for_each_other_both_end(void **state)
{
    Scene *s = *state;
    use_pages(s, 0);
    use_pages(s, 1);
    turn_interrupts_off(s);
    turns_run((TurnsTask[]){{unmap_one, s}, {unmap_another, s}}, 2);
    assert_interrupts(s->machine, 1, 1, 0, 0);
}

/* CPU 1 waits for CPU 2, which hears nothing before CPU 0 has got on; and CPU 0 waits for CPU 1. */
static void unmap_elsewhere(void *scene)
{
    Scene *s = scene;
    s->machine->here = 1;
    mem_vmap_unmap(&s->other->vmap, VIRT, PAGE);
    machine_must(s->machine, machine_forgot(s->machine, s->other, VIRT));
}

static void unmap_and_let_hear(void *scene)
{
    Scene *s = scene;
    s->machine->here = 0;
    mem_vmap_unmap(&s->space->vmap, VIRT, PAGE);
    machine_must(s->machine, machine_forgot(s->machine, s->space, VIRT));
    s->machine->deaf[2] = false;
}

static void bug_16_who_waits_serves_those_who_wait_for_him(void **state)
{
    Scene *s = *state;
    use_pages(s, 1);
    assert_reaches(s->machine, 2, VIRT, PHYS + G1);
    turn_interrupts_off(s);
    turns_run((TurnsTask[]){{unmap_elsewhere, s}, {unmap_and_let_hear, s}}, 2);
    assert_interrupts(s->machine, 0, 1, 1, 0);
}

/* The second finds the page gone, and CPU 2 may still use it. */
static void bug_19_a_second_unmap_of_a_page_waits_too(void **state)
{
    Scene *s = *state;
    gather(s);
    run_two(s, unmap_one, unmap_the_same);
}

static void who_misses_two_plans_flushes_once(void **state)
{
    Scene *s = *state;
    gather(s);
    run_two(s, unmap_one, unmap_another);
    assert_int_equal(s->machine->interrupts[2], 2);
    unsigned asid = s->machine->mmu[2].cr3 & 0xfff;
    assert_steps(s->machine, 2, {X86_CR3, asid, mem_vmap_root(&s->space->vmap) | asid, 0, 1});
    assert_true(machine_is_true(s->machine));
}

static void who_misses_two_plans_of_globals_drops_all_of_them(void **state)
{
    Scene *s = *state;
    machine_switch(s->machine, 2, s->space);
    assert_reaches(s->machine, 2, GLOBAL, PHYS + M2);
    assert_reaches(s->machine, 2, GLOBAL + 8 * PAGE, PHYS + M2 + 8 * PAGE);
    machine_switch(s->machine, 2, s->other);
    machine_forget(s->machine);
    run_two(s, unmap_a_global_one, unmap_another_global_one);
    assert_steps(s->machine, 2, {X86_INVPCID_ALL, 0, 0, 0, 1});
    assert_true(machine_is_true(s->machine));
}

/* It has no root of the library's loaded: none may be loaded for it, whatever it has missed. */
static void a_cpu_without_a_space_keeps_its_root(void **state)
{
    Scene *s = *state;
    machine_join(s->machine, 3);
    machine_forget(s->machine);
    mem_vmap_unmap(&s->space->vmap, GLOBAL + M2, PAGE);
    mem_vmap_unmap(&s->space->vmap, GLOBAL + M2, 100 * PAGE);
    run_two(s, unmap_a_global_one, unmap_another_global_one);
    assert_int_equal(s->machine->interrupts[3], 4);
    for (unsigned i = 0; i < s->machine->step_count; i++)
        if (s->machine->steps[i].cpu == 3)
            assert_int_not_equal(s->machine->steps[i].step.kind, X86_CR3);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST_BOTH(unmap_waits_until_all_have_served),
        TEST_BOTH(protect_waits_until_all_have_served),
        TEST_BOTH(a_batch_waits_at_its_end),
        TEST_BOTH(globals_wait_for_everyone),
        TEST_BOTH(bug_1_tables_go_back_after_the_last_acknowledgement),
        TEST_BOTH(bug_2_tables_of_a_batch_go_back_after_its_end),
        TEST_BOTH(bug_43_the_table_of_a_joined_leaf_goes_back_after_all),
        TEST_BOTH(a_cpu_that_leaves_ends_the_wait),
        TEST_BOTH(a_cpu_that_leaves_ends_the_wait_for_globals),
        TEST_BOTH(a_cpu_that_switches_away_ends_the_wait),
        TEST_BOTH(a_cpu_that_idles_ends_the_wait_for_leaves_of_the_lower_half),
        TEST_BOTH(a_cpu_that_idles_is_waited_for_where_tables_went),
        TEST_BOTH(a_cpu_that_idles_is_waited_for_in_the_upper_half),
        TEST_BOTH(a_cpu_that_has_not_joined_waits_for_the_others),
        TEST_BOTH(nothing_is_flushed_twice),
        TEST_BOTH(bug_16_two_that_wait_for_each_other_both_end),
        TEST_BOTH(bug_16_who_waits_serves_those_who_wait_for_him),
        TEST_BOTH(bug_19_a_second_unmap_of_a_page_waits_too),
        TEST_BOTH(who_misses_two_plans_flushes_once),
        TEST_ALL(who_misses_two_plans_of_globals_drops_all_of_them),
        TEST_BOTH(a_cpu_without_a_space_keeps_its_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
