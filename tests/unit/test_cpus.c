/* SPDX-License-Identifier: MIT */
/* CPUs come and go: mem_vmap_cpus_init, join, leave, idle, and every argument that may be wrong. */
#include "tests/support/cpus.h"

#include <string.h>

#include "arch/x86_64/cpu/cpu.h"

#define VIRT (3 * G1)
#define PHYS (5 * G1)

static const MemVmapCpuFeatures pcids = {.asids = 4096};

static int setup(void **state)
{
    *state = machine_new("x86_64_4level", &no_features, 2);
    return 0;
}

static int teardown(void **state)
{
    machine_end(*state);
    return 0;
}

#define TEST_CPUS(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* A port whose hooks are never called: for init and join alone. */
static void never_execute(void *context, const MemVmapStep *steps, unsigned count)
{
    (void)context;
    (void)steps;
    (void)count;
    fail();
}

static MemVmapCpu *never_here(void *context)
{
    (void)context;
    fail();
    return NULL;
}

static void never_interrupt(void *context, const MemVmapCpuSet *targets)
{
    (void)context;
    (void)targets;
    fail();
}

static void never(void *context)
{
    (void)context;
    fail();
}

static const MemVmapCpuPort full_port = {
    .execute = never_execute,
    .here = never_here,
    .interrupt = never_interrupt,
    .pin = never,
    .unpin = never,
    .relax = never,
};

static const MemVmapCpuType *type(void)
{
    return mem_vmap_cpu_type_find("x86_64");
}

static void init_refuses_null_pointers(void **state)
{
    (void)state;
    MemVmapCpus cpus;
    assert_int_equal(mem_vmap_cpus_init(NULL, &full_port, type(), &no_features), MEM_EINVAL);
    assert_int_equal(mem_vmap_cpus_init(&cpus, NULL, type(), &no_features), MEM_EINVAL);
    assert_int_equal(mem_vmap_cpus_init(&cpus, &full_port, NULL, &no_features), MEM_EINVAL);
    assert_int_equal(mem_vmap_cpus_init(&cpus, &full_port, type(), NULL), 0);
    assert_int_equal(mem_vmap_cpus_init(&cpus, &full_port, type(), &no_features), 0);
}

static void init_refuses_half_a_pin(void **state)
{
    (void)state;
    MemVmapCpus cpus;
    MemVmapCpuPort port = full_port;
    port.pin = NULL;
    assert_int_equal(mem_vmap_cpus_init(&cpus, &port, type(), &no_features), MEM_EINVAL);
    port.unpin = NULL;
    assert_int_equal(mem_vmap_cpus_init(&cpus, &port, type(), &no_features), 0);
    port.pin = never;
    assert_int_equal(mem_vmap_cpus_init(&cpus, &port, type(), &no_features), MEM_EINVAL);
}

static void init_refuses_to_interrupt_without_knowing_where_it_is(void **state)
{
    (void)state;
    MemVmapCpus cpus;
    MemVmapCpuPort port = full_port;
    port.here = NULL;
    assert_int_equal(mem_vmap_cpus_init(&cpus, &port, type(), &no_features), MEM_EINVAL);
    port.interrupt = NULL;
    assert_int_equal(mem_vmap_cpus_init(&cpus, &port, type(), &no_features), 0);
    port.here = never_here;
    assert_int_equal(mem_vmap_cpus_init(&cpus, &port, type(), &no_features), 0);
}

static void join_refuses_null_pointers_and_numbers_that_there_are_not(void **state)
{
    (void)state;
    MemVmapCpus cpus;
    static MemVmapCpu cpu, last;
    assert_int_equal(mem_vmap_cpus_init(&cpus, &full_port, type(), NULL), 0);
    assert_int_equal(mem_vmap_cpu_join(NULL, &cpus, 0), MEM_EINVAL);
    assert_int_equal(mem_vmap_cpu_join(&cpu, NULL, 0), MEM_EINVAL);
    assert_int_equal(mem_vmap_cpu_join(&cpu, &cpus, MEM_VMAP_CPUS), MEM_EINVAL);
    assert_int_equal(mem_vmap_cpu_join(&cpu, &cpus, (unsigned)-1), MEM_EINVAL);
    assert_int_equal(mem_vmap_cpu_join(&last, &cpus, MEM_VMAP_CPUS - 1), 0);
    assert_int_equal(mem_vmap_cpu_join(&cpu, &cpus, 0), 0);
}

static void without_an_interrupt_there_is_cpu_0_alone(void **state)
{
    (void)state;
    MemVmapCpus cpus;
    static MemVmapCpu cpu;
    MemVmapCpuPort port = full_port;
    port.interrupt = NULL;
    assert_int_equal(mem_vmap_cpus_init(&cpus, &port, type(), NULL), 0);
    assert_int_equal(mem_vmap_cpu_join(&cpu, &cpus, 1), MEM_EINVAL);
    assert_int_equal(mem_vmap_cpu_join(&cpu, &cpus, 0), 0);
}

static void a_number_is_free_again_after_its_cpu_has_left(void **state)
{
    Machine *machine = *state;
    static MemVmapCpu other;
    machine->here = 1;
    assert_int_equal(mem_vmap_cpu_join(&other, &machine->cpus, machine_number(1)), MEM_EINVAL);
    machine_leave(machine, 1);
    assert_int_equal(mem_vmap_cpu_join(&other, &machine->cpus, machine_number(1)), 0);
    assert_int_equal(mem_vmap_cpu_join(&machine->cpu[1], &machine->cpus, machine_number(1)), MEM_EINVAL);
    mem_vmap_cpu_leave(&other);
    machine_join(machine, 1);
}

static void a_refused_join_changes_nothing(void **state)
{
    Machine *machine = *state;
    Space *space = machine_space(machine);
    static MemVmapCpu other;
    machine_switch(machine, 1, space);
    assert_int_equal(mem_vmap_cpu_join(&other, &machine->cpus, machine_number(1)), MEM_EINVAL);
    assert_ptr_equal(mem_vmap_cpu_space(&machine->cpu[1]), &space->vmap);
    must_map(space, PHYS, VIRT, PAGE, 0);
    mem_vmap_unmap(&space->vmap, VIRT, PAGE);
    assert_interrupts(machine, 0, 1, 0, 0);
}

static void every_call_bears_null_and_cpus_that_never_joined(void **state)
{
    (void)state;
    static MemVmapCpu zero;
    mem_vmap_cpu_leave(NULL);
    mem_vmap_cpu_serve(NULL);
    mem_vmap_cpu_idle(NULL);
    assert_null(mem_vmap_cpu_space(NULL));
    mem_vmap_cpu_leave(&zero);
    mem_vmap_cpu_serve(&zero);
    mem_vmap_cpu_idle(&zero);
    assert_null(mem_vmap_cpu_space(&zero));
}

static void a_cpu_that_has_joined_runs_no_space(void **state)
{
    Machine *machine = *state;
    assert_null(mem_vmap_cpu_space(&machine->cpu[0]));
    machine_idle(machine, 0);
    machine_serve(machine, 0);
    assert_null(mem_vmap_cpu_space(&machine->cpu[0]));
    assert_no_steps(machine, 0);
}

static void a_cpu_knows_its_space(void **state)
{
    Machine *machine = *state;
    Space *first = machine_space(machine), *second = machine_space(machine);
    machine_switch(machine, 0, first);
    machine_switch(machine, 1, second);
    assert_ptr_equal(mem_vmap_cpu_space(&machine->cpu[0]), &first->vmap);
    assert_ptr_equal(mem_vmap_cpu_space(&machine->cpu[1]), &second->vmap);
    machine_idle(machine, 0);
    assert_ptr_equal(mem_vmap_cpu_space(&machine->cpu[0]), &first->vmap); /* it keeps its root */
    machine_leave(machine, 0);
    assert_null(mem_vmap_cpu_space(&machine->cpu[0]));
}

/* Plans from before a CPU takes part are none of its business. */
static void a_cpu_that_joins_late_has_nothing_to_forget(void **state)
{
    Machine *machine = *state;
    Space *space = machine_space(machine);
    machine_switch(machine, 0, space);
    for (unsigned i = 0; i < 3; i++) {
        must_map(space, PHYS, VIRT, PAGE, MEM_VMAP_GLOBAL);
        mem_vmap_unmap(&space->vmap, VIRT, PAGE);
    }
    machine_forget(machine);
    machine_join(machine, 2);
    machine_serve(machine, 2);
    machine_idle(machine, 2);
    assert_no_steps(machine, 2);
}

static void nobody_interrupts_a_cpu_that_has_left(void **state)
{
    Machine *machine = *state;
    Space *space = machine_space(machine);
    machine_switch(machine, 0, space);
    machine_switch(machine, 1, space);
    machine_leave(machine, 1);
    must_map(space, PHYS, VIRT, 2 * PAGE, MEM_VMAP_GLOBAL);
    mem_vmap_unmap(&space->vmap, VIRT, 2 * PAGE);
    assert_interrupts(machine, 0, 0, 0, 0);
    machine_forget(machine);
    machine_serve(machine, 1);
    machine_idle(machine, 1);
    assert_no_steps(machine, 1);
}

/* What it had under its ASIDs is unknown when it comes back. */
static void a_cpu_that_comes_back_begins_anew(void **state)
{
    (void)state;
    Machine *machine = machine_new("x86_64_4level", &pcids, 2);
    Space *space = machine_space(machine);
    must_map(space, PHYS, VIRT, 2 * PAGE, 0);
    machine_switch(machine, 1, space);
    assert_reaches(machine, 1, VIRT, PHYS);
    machine_leave(machine, 1);
    mem_vmap_unmap(&space->vmap, VIRT, PAGE);
    machine_join(machine, 1);
    machine_forget(machine);
    machine_switch(machine, 1, space);
    assert_steps(machine, 1, {X86_CR3, 1, mem_vmap_root(&space->vmap) | 1, 0, 1});
    assert_faults(machine, 1, VIRT);
    assert_reaches(machine, 1, VIRT + PAGE, PHYS + PAGE);
    machine_end(machine);
}

static void leaving_twice_is_leaving(void **state)
{
    Machine *machine = *state;
    Space *space = machine_space(machine);
    machine_switch(machine, 1, space);
    machine_leave(machine, 1);
    machine_leave(machine, 1);
    machine_join(machine, 1);
    machine_switch(machine, 1, space);
    must_map(space, PHYS, VIRT, PAGE, 0);
    mem_vmap_unmap(&space->vmap, VIRT, PAGE);
    assert_interrupts(machine, 0, 1, 0, 0);
}

static void switch_to_does_nothing_on_a_cpu_that_takes_no_part(void **state)
{
    Machine *machine = *state;
    Space *space = machine_space(machine);
    machine_switch(machine, MACHINE_STRANGER, space);
    machine_leave(machine, 1);
    machine_switch(machine, 1, space);
    assert_int_equal(machine->step_count, 0);
    machine->joined[1] = true; /* a port that goes on naming a CPU after it has left */
    machine_switch(machine, 1, space);
    machine->joined[1] = false;
    assert_int_equal(machine->step_count, 0);
}

/* One CPU, and a port with nothing but what records. */
static MemVmapStep last_step;
static unsigned executed;

static void execute_and_note(void *context, const MemVmapStep *steps, unsigned count)
{
    assert_null(context);
    last_step = steps[count - 1];
    executed += count;
}

static void make_lone_cpu(MemVmapCpus *cpus, MemVmapCpu *cpu, const MemVmapCpuFeatures *features)
{
    const MemVmapCpuPort port = {.execute = execute_and_note};
    assert_int_equal(mem_vmap_cpus_init(cpus, &port, type(), features), 0);
    assert_int_equal(mem_vmap_cpu_join(cpu, cpus, 0), 0);
    executed = 0;
}

static Space *lone_space(MemVmapCpus *cpus)
{
    Space *space = space_prepare("x86_64_5level", SPACE_ONE_CPU);
    space->port.invalidate_here = NULL;
    space->port.root_load = NULL;
    space->port.cpus = cpus;
    space_make(space, NULL);
    return space;
}

static void a_lone_cpu_needs_no_hook_but_execute(void **state)
{
    (void)state;
    static MemVmapCpus cpus;
    static MemVmapCpu cpu;
    make_lone_cpu(&cpus, &cpu, NULL);
    Space *space = lone_space(&cpus);
    must_map(space, PHYS, VIRT, 2 * PAGE, MEM_VMAP_WRITE);
    mem_vmap_switch_to(&space->vmap);
    assert_int_equal(executed, 1);
    assert_int_equal(last_step.kind, X86_CR3);
    assert_int_equal(last_step.first, mem_vmap_root(&space->vmap));
    must_protect(space, VIRT, PAGE, 0);
    assert_int_equal(executed, 2);
    assert_int_equal(last_step.kind, X86_INVLPG);
    assert_int_equal(last_step.first, VIRT);
    mem_vmap_unmap(&space->vmap, VIRT + PAGE, PAGE);
    assert_int_equal(executed, 3);
    assert_int_equal(last_step.first, VIRT + PAGE);
    mem_vmap_cpu_leave(&cpu);
    space_end(space);
}

/* What it applies at once, and what it finds when it comes back, are plans of one series. */
static void a_lone_cpu_knows_what_it_has_missed(void **state)
{
    (void)state;
    static MemVmapCpus cpus;
    static MemVmapCpu cpu;
    make_lone_cpu(&cpus, &cpu, &all_features);
    Space *space = lone_space(&cpus), *other = lone_space(&cpus);
    const usize keep = (usize)1 << 63 | 1;
    must_map(space, PHYS, VIRT, 8 * PAGE, 0);
    mem_vmap_switch_to(&space->vmap);
    mem_vmap_unmap(&space->vmap, VIRT, PAGE);
    mem_vmap_unmap(&space->vmap, VIRT + PAGE, PAGE);
    assert_int_equal(executed, 3);
    mem_vmap_switch_to(&other->vmap);
    mem_vmap_switch_to(&space->vmap); /* nothing was missed */
    assert_int_equal(executed, 5);
    assert_int_equal(last_step.first, mem_vmap_root(&space->vmap) | keep);
    mem_vmap_switch_to(&other->vmap);
    mem_vmap_unmap(&space->vmap, VIRT + 2 * PAGE, PAGE);
    assert_int_equal(executed, 6);
    mem_vmap_switch_to(&space->vmap); /* one plan was */
    assert_int_equal(executed, 8);
    assert_int_equal(last_step.first, mem_vmap_root(&space->vmap) | keep);
    mem_vmap_cpu_idle(&cpu);
    mem_vmap_unmap(&space->vmap, VIRT + 3 * PAGE, PAGE);
    mem_vmap_unmap(&space->vmap, VIRT + 4 * PAGE, PAGE);
    mem_vmap_switch_to(&space->vmap);
    assert_true(executed > 8); /* each at once, or all when it resumes */
    mem_vmap_cpu_leave(&cpu);
    space_end(space);
    space_end(other);
}

static void a_lone_cpu_that_has_left_is_told_nothing(void **state)
{
    (void)state;
    static MemVmapCpus cpus;
    static MemVmapCpu cpu, as_it_left;
    make_lone_cpu(&cpus, &cpu, NULL);
    Space *space = lone_space(&cpus);
    must_map(space, PHYS, VIRT, 2 * PAGE, MEM_VMAP_WRITE);
    mem_vmap_switch_to(&space->vmap);
    mem_vmap_cpu_leave(&cpu);
    executed = 0;
    as_it_left = cpu;
    assert_leaf(space, VIRT, PHYS, PAGE, MEM_VMAP_WRITE);
    mem_vmap_unmap(&space->vmap, VIRT, PAGE);
    mem_vmap_switch_to(&space->vmap);
    assert_int_equal(executed, 0);
    assert_memory_equal(&as_it_left, &cpu, sizeof cpu); /* its memory is its owner's again */
    space_end(space);
}

static void a_space_has_cpus_or_hooks_of_its_own(void **state)
{
    Machine *machine = *state;
    Space *space = machine_space(machine), *hooks = space_prepare("x86_64_4level", SPACE_MANY_CPUS);
    MemVmap vmap;
    MemVmapPort port = space->port;
    port.invalidate_here = hooks->port.invalidate_here;
    assert_int_equal(mem_vmap_init(&vmap, &port, NULL, NULL), MEM_EINVAL);
    port = space->port;
    port.invalidate_there = hooks->port.invalidate_there;
    assert_int_equal(mem_vmap_init(&vmap, &port, NULL, NULL), MEM_EINVAL);
    port = space->port;
    port.root_load = hooks->port.root_load;
    assert_int_equal(mem_vmap_init(&vmap, &port, NULL, NULL), MEM_EINVAL);
    mem_vmap_switch_to(&vmap); /* as if never made */
    assert_int_equal(machine->step_count, 0);
    space_end(hooks);
}

/* CPUs walk tables of their own kind alone. */
static void a_space_has_a_format_of_its_cpus(void **state)
{
    Machine *machine = *state;
    Space *space = machine_space(machine);
    unsigned ours = 0;
    const MemVmapFormat *format;
    for (unsigned i = 0; (format = mem_vmap_format_at(i)) != NULL; i++) {
        MemVmap vmap;
        bool suits = strncmp(mem_vmap_format_name(format), "x86_64_", 7) == 0;
        assert_int_equal(mem_vmap_init(&vmap, &space->port, format, NULL), suits ? 0 : MEM_ENOTSUP);
        ours += suits;
        mem_vmap_destroy(&vmap);
    }
    assert_int_equal(ours, 2);
}

static void a_space_is_loaded_until_its_last_cpu_has_left(void **state)
{
    Machine *machine = *state;
    Space *space = machine_space(machine), *other = machine_space(machine);
    static MemVmap zero;
    assert_false(mem_vmap_is_loaded(NULL));
    assert_false(mem_vmap_is_loaded(&zero));
    assert_false(mem_vmap_is_loaded(&space->vmap));
    machine_switch(machine, 0, space);
    machine_switch(machine, 1, space);
    machine_idle(machine, 1);
    assert_true(mem_vmap_is_loaded(&space->vmap));
    machine_switch(machine, 0, other);
    assert_true(mem_vmap_is_loaded(&space->vmap)); /* by one that idles */
    machine_leave(machine, 1);
    assert_false(mem_vmap_is_loaded(&space->vmap));
    assert_true(mem_vmap_is_loaded(&other->vmap));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(init_refuses_null_pointers),
        cmocka_unit_test(init_refuses_half_a_pin),
        cmocka_unit_test(init_refuses_to_interrupt_without_knowing_where_it_is),
        cmocka_unit_test(join_refuses_null_pointers_and_numbers_that_there_are_not),
        cmocka_unit_test(without_an_interrupt_there_is_cpu_0_alone),
        TEST_CPUS(a_number_is_free_again_after_its_cpu_has_left),
        TEST_CPUS(a_refused_join_changes_nothing),
        cmocka_unit_test(every_call_bears_null_and_cpus_that_never_joined),
        TEST_CPUS(a_cpu_that_has_joined_runs_no_space),
        TEST_CPUS(a_cpu_knows_its_space),
        TEST_CPUS(a_cpu_that_joins_late_has_nothing_to_forget),
        TEST_CPUS(nobody_interrupts_a_cpu_that_has_left),
        cmocka_unit_test(a_cpu_that_comes_back_begins_anew),
        TEST_CPUS(leaving_twice_is_leaving),
        TEST_CPUS(switch_to_does_nothing_on_a_cpu_that_takes_no_part),
        cmocka_unit_test(a_lone_cpu_needs_no_hook_but_execute),
        cmocka_unit_test(a_lone_cpu_knows_what_it_has_missed),
        cmocka_unit_test(a_lone_cpu_that_has_left_is_told_nothing),
        TEST_CPUS(a_space_has_cpus_or_hooks_of_its_own),
        TEST_CPUS(a_space_has_a_format_of_its_cpus),
        TEST_CPUS(a_space_is_loaded_until_its_last_cpu_has_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
