/* SPDX-License-Identifier: MIT */
/*
 * mem_vmap_switch_to: under which PCID a CPU loads a space, and what it forgets when it comes back. Every
 * test also uses the addresses on MMUs that keep whatever they need not forget.
 */
#include "tests/support/cpus.h"

#include "arch/x86_64/cpu/cpu.h"

#define VIRT (3 * G1)
#define PHYS (5 * G1)

#define KEEP ((usize)1 << 63)

static const MemVmapCpuFeatures pcid = {.asids = 4096};

static int setup_none(void **state)
{
    *state = machine_new("x86_64_4level", &no_features, 2);
    return 0;
}

static int setup_pcid(void **state)
{
    *state = machine_new("x86_64_4level", &pcid, 2);
    return 0;
}

static int setup_all(void **state)
{
    *state = machine_new("x86_64_5level", &all_features, 2);
    return 0;
}

static int teardown(void **state)
{
    machine_end(*state);
    return 0;
}

static usize root(const Space *space)
{
    return mem_vmap_root(&space->vmap);
}

/* The CPU has loaded CR3 with this, and done nothing else since the last look. */
#define assert_loads(machine, cpu, value) assert_steps(machine, cpu, {X86_CR3, (value)&0xfff, value, 0, 1})

/* Maps a page of its own at VIRT, so that a hit of another space shows. */
static Space *space_with_pages(Machine *machine)
{
    Space *space = machine_space(machine);
    must_map(space, PHYS + machine->space_count * G1, VIRT, 8 * PAGE, MEM_VMAP_WRITE);
    return space;
}

static usize phys_of(const Machine *machine, const Space *space, usize virt)
{
    unsigned i = 0;
    while (machine->spaces[i] != space)
        i++;
    return PHYS + (i + 1) * G1 + (virt - VIRT);
}

static void assert_own_pages(Machine *machine, unsigned cpu, const Space *space)
{
    for (usize virt = VIRT; virt < VIRT + 8 * PAGE; virt += PAGE)
        assert_reaches(machine, cpu, virt, phys_of(machine, space, virt));
}

static void without_pcids_each_load_is_the_root(void **state)
{
    Machine *machine = *state;
    Space *first = space_with_pages(machine), *second = space_with_pages(machine);
    for (unsigned i = 0; i < 3; i++) {
        machine_switch(machine, 0, first);
        assert_loads(machine, 0, root(first));
        assert_own_pages(machine, 0, first);
        machine_switch(machine, 0, second);
        assert_loads(machine, 0, root(second));
        assert_own_pages(machine, 0, second);
    }
}

static void a_first_load_flushes_its_pcid(void **state)
{
    Machine *machine = *state;
    Space *first = space_with_pages(machine), *second = space_with_pages(machine);
    machine_switch(machine, 0, first);
    assert_loads(machine, 0, root(first) | 1);
    machine_switch(machine, 0, second);
    assert_loads(machine, 0, root(second) | 2);
    assert_no_steps(machine, 1);
}

/* CPUs number their spaces each for itself. */
static void each_cpu_has_its_own_pcids(void **state)
{
    Machine *machine = *state;
    Space *first = space_with_pages(machine), *second = space_with_pages(machine);
    machine_switch(machine, 0, first);
    machine_switch(machine, 1, second);
    assert_loads(machine, 0, root(first) | 1);
    assert_loads(machine, 1, root(second) | 1);
    machine_switch(machine, 1, first);
    assert_loads(machine, 1, root(first) | 2);
}

static void coming_back_keeps_what_is_cached(void **state)
{
    Machine *machine = *state;
    Space *first = space_with_pages(machine), *second = space_with_pages(machine);
    machine_switch(machine, 0, first);
    machine_switch(machine, 0, second);
    machine_forget(machine);
    for (unsigned i = 0; i < 3; i++) {
        machine_switch(machine, 0, first);
        assert_loads(machine, 0, root(first) | 1 | KEEP);
        assert_own_pages(machine, 0, first);
        machine_switch(machine, 0, second);
        assert_loads(machine, 0, root(second) | 2 | KEEP);
        assert_own_pages(machine, 0, second);
    }
}

/* A space that has changed a lot before a CPU sees it is new to that CPU, not behind. */
static void what_happened_before_the_first_load_does_not_matter(void **state)
{
    Machine *machine = *state;
    Space *first = space_with_pages(machine), *second = space_with_pages(machine);
    for (unsigned i = 0; i < 5; i++)
        mem_vmap_unmap(&first->vmap, VIRT + i * PAGE, PAGE);
    machine_switch(machine, 0, first);
    assert_loads(machine, 0, root(first) | 1);
    machine_switch(machine, 0, second);
    machine_forget(machine);
    machine_switch(machine, 0, first);
    assert_loads(machine, 0, root(first) | 1 | KEEP);
}

static void the_same_space_again_loads_nothing(void **state)
{
    Machine *machine = *state;
    Space *space = space_with_pages(machine);
    machine_switch(machine, 0, space);
    machine_forget(machine);
    machine_switch(machine, 0, space);
    assert_no_steps(machine, 0);
    machine_idle(machine, 0);
    machine_switch(machine, 0, space);
    assert_no_steps(machine, 0);
}

/* CPU 0 has used the pages of `first` and goes to `second`. */
static void use_and_leave(Machine *machine, Space *first, Space *second)
{
    machine_switch(machine, 0, first);
    assert_own_pages(machine, 0, first);
    machine_switch(machine, 0, second);
    machine_forget(machine);
}

/* INVPCID before the root is loaded, and nobody was interrupted for it. */
static void one_plan_behind_forgets_its_addresses(void **state)
{
    Machine *machine = *state;
    Space *first = space_with_pages(machine), *second = space_with_pages(machine);
    MemVmapBatch batch;
    use_and_leave(machine, first, second);
    assert_int_equal(mem_vmap_batch_begin(&batch, &first->vmap), 0);
    mem_vmap_batch_unmap(&batch, VIRT, 2 * PAGE);
    assert_int_equal(mem_vmap_batch_protect(&batch, VIRT + 5 * PAGE, PAGE, 0), 0);
    mem_vmap_batch_end(&batch);
    assert_interrupts(machine, 0, 0, 0, 0);
    assert_no_steps(machine, 0);
    machine_switch(machine, 0, first);
    assert_steps(machine, 0, {X86_INVPCID_ADDRESS, 1, VIRT, PAGE, 2},
                 {X86_INVPCID_ADDRESS, 1, VIRT + 5 * PAGE, PAGE, 1},
                 {X86_CR3, 1, root(first) | 1 | KEEP, 0, 1});
    assert_faults(machine, 0, VIRT);
    assert_faults(machine, 0, VIRT + PAGE);
    assert_reaches(machine, 0, VIRT + 2 * PAGE, phys_of(machine, first, VIRT + 2 * PAGE));
    assert_false(machine_access(machine, 0, VIRT + 5 * PAGE)->write);
}

static void one_plan_behind_is_up_to_date_again(void **state)
{
    Machine *machine = *state;
    Space *first = space_with_pages(machine), *second = space_with_pages(machine);
    use_and_leave(machine, first, second);
    mem_vmap_unmap(&first->vmap, VIRT, PAGE);
    machine_switch(machine, 0, first);
    machine_switch(machine, 0, second);
    machine_forget(machine);
    machine_switch(machine, 0, first);
    assert_loads(machine, 0, root(first) | 1 | KEEP);
}

/* It has served every plan while it ran the space: none is missing when it comes back. */
static void what_was_served_is_not_flushed_again(void **state)
{
    Machine *machine = *state;
    Space *first = space_with_pages(machine), *second = space_with_pages(machine);
    machine_switch(machine, 0, first);
    for (unsigned i = 0; i < 3; i++)
        mem_vmap_unmap(&first->vmap, VIRT + i * PAGE, PAGE);
    machine_switch(machine, 0, second);
    machine_forget(machine);
    machine_switch(machine, 0, first);
    assert_loads(machine, 0, root(first) | 1 | KEEP);
}

static void two_plans_behind_flush(void **state)
{
    Machine *machine = *state;
    Space *first = space_with_pages(machine), *second = space_with_pages(machine);
    use_and_leave(machine, first, second);
    mem_vmap_unmap(&first->vmap, VIRT, PAGE);
    mem_vmap_unmap(&first->vmap, VIRT + 4 * PAGE, PAGE);
    machine_switch(machine, 0, first);
    assert_loads(machine, 0, root(first) | 1);
    assert_faults(machine, 0, VIRT);
    assert_faults(machine, 0, VIRT + 4 * PAGE);
}

static void one_plan_behind_flushes_without_invpcid(void **state)
{
    Machine *machine = *state;
    Space *first = space_with_pages(machine), *second = space_with_pages(machine);
    use_and_leave(machine, first, second);
    mem_vmap_unmap(&first->vmap, VIRT, PAGE);
    machine_switch(machine, 0, first);
    assert_loads(machine, 0, root(first) | 1);
    assert_faults(machine, 0, VIRT);
}

/* The way to a freed table must go, and INVPCID by address promises only that of its address. */
static void bug_3_one_plan_behind_flushes_where_tables_went(void **state)
{
    Machine *machine = *state;
    Space *first = space_with_pages(machine), *second = space_with_pages(machine);
    use_and_leave(machine, first, second);
    mem_vmap_unmap(&first->vmap, VIRT, 8 * PAGE);
    machine_switch(machine, 0, first);
    assert_loads(machine, 0, root(first) | 1);
    assert_faults(machine, 0, VIRT);
    must_map(first, 0, VIRT, PAGE, 0); /* in another table */
    assert_reaches(machine, 0, VIRT, 0);
}

/* A CPU that was idle when it left has missed what it was not interrupted for. */
static void what_an_idle_cpu_missed_is_forgotten_when_it_comes_back(void **state)
{
    Machine *machine = *state;
    Space *first = space_with_pages(machine), *second = space_with_pages(machine);
    machine_switch(machine, 0, first);
    assert_own_pages(machine, 0, first);
    machine_idle(machine, 0);
    machine->here = 1;
    mem_vmap_unmap(&first->vmap, VIRT, PAGE);
    machine_switch(machine, 0, second);
    machine_forget(machine);
    machine_switch(machine, 0, first);
    assert_steps(machine, 0, {X86_INVPCID_ADDRESS, 1, VIRT, PAGE, 1},
                 {X86_CR3, 1, root(first) | 1 | KEEP, 0, 1});
    assert_faults(machine, 0, VIRT);
}

static void an_idle_cpu_forgets_when_it_resumes(void **state)
{
    Machine *machine = *state;
    Space *space = space_with_pages(machine);
    machine_switch(machine, 0, space);
    assert_own_pages(machine, 0, space);
    machine_idle(machine, 0);
    machine->here = 1;
    mem_vmap_unmap(&space->vmap, VIRT + PAGE, PAGE);
    machine_forget(machine);
    machine_switch(machine, 0, space);
    assert_steps(machine, 0, {X86_INVLPG, 1, VIRT + PAGE, PAGE, 1});
    assert_faults(machine, 0, VIRT + PAGE);
    mem_vmap_unmap(&space->vmap, VIRT + 2 * PAGE, PAGE); /* it is there again */
    assert_interrupts(machine, 1, 0, 0, 0);
    assert_faults(machine, 0, VIRT + 2 * PAGE);
}

/* More spaces than slots, in an order that comes back to each at every distance. */
static void bug_26_an_asid_that_was_taken_over_has_no_stale_entries(void **state)
{
    Machine *machine = *state;
    Space *spaces[MEM_VMAP_ASIDS + 2];
    const unsigned count = MEM_VMAP_ASIDS + 2;
    for (unsigned i = 0; i < count; i++)
        spaces[i] = space_with_pages(machine);
    for (unsigned i = 0, at = 0; i < 300; i++, at = (at * 5 + i / count + 3) % count) {
        machine_switch(machine, 0, spaces[at]);
        assert_reaches(machine, 0, VIRT, phys_of(machine, spaces[at], VIRT));
        unsigned asid = machine->mmu[0].cr3 & 0xfff;
        assert_true(asid >= 1 && asid <= MEM_VMAP_ASIDS);
    }
}

static void as_many_spaces_as_slots_keep_theirs(void **state)
{
    Machine *machine = *state;
    Space *spaces[MEM_VMAP_ASIDS + 1];
    for (unsigned i = 0; i <= MEM_VMAP_ASIDS; i++)
        spaces[i] = space_with_pages(machine);
    for (unsigned i = 0; i < MEM_VMAP_ASIDS; i++)
        machine_switch(machine, 0, spaces[i]);
    machine_forget(machine);
    for (unsigned i = 0; i < MEM_VMAP_ASIDS; i++) {
        machine_switch(machine, 0, spaces[i]);
        assert_loads(machine, 0, root(spaces[i]) | (i + 1) | KEEP);
    }
    machine_switch(machine, 0, spaces[MEM_VMAP_ASIDS]); /* takes the first over */
    assert_loads(machine, 0, root(spaces[MEM_VMAP_ASIDS]) | 1);
    machine_switch(machine, 0, spaces[0]);
    assert_loads(machine, 0, root(spaces[0]) | 2);
    machine_switch(machine, 0, spaces[2]);
    assert_loads(machine, 0, root(spaces[2]) | 3 | KEEP);
}

/* Its ASID may be cleaned before the next root is loaded: until then the CPU would fill it again. */
static void the_slot_that_is_loaded_is_not_taken_over(void **state)
{
    (void)state;
    Machine *machine = machine_new("x86_64_4level", &(MemVmapCpuFeatures){.asids = 3}, 1);
    Space *spaces[3] = {space_with_pages(machine), space_with_pages(machine), space_with_pages(machine)};
    machine_switch(machine, 0, spaces[0]);
    machine_switch(machine, 0, spaces[1]);
    machine_switch(machine, 0, spaces[0]);
    machine_forget(machine);
    machine_switch(machine, 0, spaces[2]);
    assert_loads(machine, 0, root(spaces[2]) | 2);
    machine_switch(machine, 0, spaces[0]);
    assert_loads(machine, 0, root(spaces[0]) | 1 | KEEP);
    machine_end(machine);
}

/* `asids` counts ASID 0, which is nobody's. */
static void a_cpu_with_few_asids_uses_those(void **state)
{
    (void)state;
    for (unsigned asids = 1; asids <= 4; asids++) {
        Machine *machine = machine_new("x86_64_4level", &(MemVmapCpuFeatures){.asids = asids}, 1);
        Space *spaces[4];
        for (unsigned i = 0; i < 4; i++)
            spaces[i] = space_with_pages(machine);
        for (unsigned i = 0; i < 24; i++) {
            Space *space = spaces[i * (1 + i / 12) % 4];
            machine_switch(machine, 0, space);
            assert_true((machine->mmu[0].cr3 & 0xfff) < asids);
            assert_own_pages(machine, 0, space);
        }
        machine_end(machine);
    }
}

/*
 * The second space has the memory, the root and the addresses of the first: the CPU must not take it for
 * that.
 */
static void a_space_made_where_another_was_is_another(void **state)
{
    Machine *machine = *state;
    Space *space = space_with_pages(machine), *other = space_with_pages(machine);
    usize old_root = root(space);
    use_and_leave(machine, space, other);
    mem_vmap_destroy(&space->vmap);
    space_make(space, &(MemVmapOptions){.cache_pages = MEM_VMAP_NO_CACHE});
    assert_int_equal(root(space), old_root);
    must_map(space, 0, VIRT, PAGE, 0);
    machine_forget(machine);
    machine_switch(machine, 0, space);
    assert_loads(machine, 0, root(space) | 3);
    assert_reaches(machine, 0, VIRT, 0);
    assert_faults(machine, 0, VIRT + PAGE);
}

static void a_space_that_there_is_not_is_not_loaded(void **state)
{
    Machine *machine = *state;
    Space *space = space_with_pages(machine);
    static MemVmap zero;
    mem_vmap_switch_to(NULL);
    mem_vmap_switch_to(&zero);
    mem_vmap_destroy(&space->vmap);
    mem_vmap_switch_to(&space->vmap);
    assert_no_steps(machine, 0);
    assert_null(mem_vmap_cpu_space(&machine->cpu[0]));
}

#define TEST_NONE(name)                                                                                    \
    {                                                                                                      \
#name " (no PCIDs)", name, setup_none, teardown, NULL                                              \
    }
#define TEST_PCID(name)                                                                                    \
    {                                                                                                      \
#name " (PCIDs)", name, setup_pcid, teardown, NULL                                                 \
    }
#define TEST_ALL(name)                                                                                     \
    {                                                                                                      \
#name " (PCIDs, INVPCID)", name, setup_all, teardown, NULL                                         \
    }

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST_NONE(without_pcids_each_load_is_the_root),
        TEST_PCID(a_first_load_flushes_its_pcid),
        TEST_ALL(a_first_load_flushes_its_pcid),
        TEST_ALL(each_cpu_has_its_own_pcids),
        TEST_PCID(coming_back_keeps_what_is_cached),
        TEST_ALL(coming_back_keeps_what_is_cached),
        TEST_ALL(what_happened_before_the_first_load_does_not_matter),
        TEST_NONE(the_same_space_again_loads_nothing),
        TEST_ALL(the_same_space_again_loads_nothing),
        TEST_ALL(one_plan_behind_forgets_its_addresses),
        TEST_ALL(one_plan_behind_is_up_to_date_again),
        TEST_PCID(one_plan_behind_is_up_to_date_again),
        TEST_PCID(what_was_served_is_not_flushed_again),
        TEST_ALL(what_was_served_is_not_flushed_again),
        TEST_PCID(two_plans_behind_flush),
        TEST_ALL(two_plans_behind_flush),
        TEST_PCID(one_plan_behind_flushes_without_invpcid),
        TEST_ALL(bug_3_one_plan_behind_flushes_where_tables_went),
        TEST_ALL(what_an_idle_cpu_missed_is_forgotten_when_it_comes_back),
        TEST_ALL(an_idle_cpu_forgets_when_it_resumes),
        TEST_PCID(bug_26_an_asid_that_was_taken_over_has_no_stale_entries),
        TEST_ALL(bug_26_an_asid_that_was_taken_over_has_no_stale_entries),
        TEST_ALL(as_many_spaces_as_slots_keep_theirs),
        cmocka_unit_test(the_slot_that_is_loaded_is_not_taken_over),
        cmocka_unit_test(a_cpu_with_few_asids_uses_those),
        TEST_PCID(a_space_made_where_another_was_is_another),
        TEST_ALL(a_space_that_there_is_not_is_not_loaded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
