/* SPDX-License-Identifier: MIT */
/*
 * Two CPUs at once: CPU 0 removes something, another one switches, idles, leaves, comes back, or removes
 * something too. The first stops before one of its accesses to a word that CPUs share, or before a flush,
 * the second before one of its own, and from then on they take turns: for every such pair, and whoever
 * begins. White box: those parts of lib/ that share words are compiled here, with a hook.
 */
#define MEM_VMAP_SHARED_ACCESS() before_access()
static void before_access(void);

#include "lib/cpus.c"
#include "lib/ledger.c"
#include "lib/shootdown.c"
#include "lib/switch.c"

#include "tests/support/scene.h"
#include "tests/support/turns.h"

/* What CPU 0 removes. */
typedef struct victim {
    usize virt, len;
} Victim;

/* What another CPU does meanwhile, and what it has done before. */
typedef struct rival {
    const char *name;
    unsigned cpu;
    void (*prepare)(Scene *s);
    void (*act)(Scene *s, const Victim *victim);
} Rival;

static struct {
    Scene *scene;
    const Victim *victim;
    const Rival *rival;
    unsigned stop[2];     /* before which access each of the two stops first */
    unsigned accesses[2]; /* of each so far */
    bool running, returned;
} crossing;

/* Whether some CPU could still use what was removed. An idle one does not, in the lower half. */
static bool is_used(void)
{
    Machine *machine = crossing.scene->machine;
    usize virt = crossing.victim->virt;
    for (unsigned cpu = 0; cpu < MACHINE_CPUS; cpu++) {
        bool uses = machine->joined[cpu] && mmu_root(&machine->mmu[cpu]) != 0 &&
                    !(machine->idle[cpu] && virt >> 63 == 0);
        if (uses && mmu_holds(&machine->mmu[cpu], &machine->features, virt))
            return true;
    }
    return false;
}

/* From when the call has returned on. */
static void check_use(void)
{
    if (crossing.returned)
        machine_must(crossing.scene->machine, !is_used());
}

static void before_access(void)
{
    unsigned task = turns_task();
    if (!crossing.running)
        return;
    check_use();
    unsigned accesses = ++crossing.accesses[task];
    bool both_have_stopped =
        crossing.accesses[0] >= crossing.stop[0] && crossing.accesses[1] >= crossing.stop[1];
    if (accesses != crossing.stop[task] && !both_have_stopped)
        return;
    Machine *machine = crossing.scene->machine;
    unsigned here = machine->here;
    turns_yield();
    machine->here = here;
}

/* Another CPU may look at what this one has stored before it executes what that promises. */
static void before_execution(Machine *machine, const MemVmapStep *steps, unsigned count)
{
    (void)machine;
    (void)steps;
    (void)count;
    before_access();
}

/* Interrupts are off during all of a task; what came meanwhile is served at its end. */
static void hear_again(unsigned cpu)
{
    Machine *machine = crossing.scene->machine;
    machine->deaf[cpu] = false;
    if (machine->joined[cpu] && machine->pending[cpu])
        machine_serve(machine, cpu);
}

static void remove_it(void *argument)
{
    Scene *s = argument;
    s->machine->here = 0;
    mem_vmap_unmap(&s->space->vmap, crossing.victim->virt, crossing.victim->len);
    crossing.returned = true;
    check_use();
    hear_again(0);
}

static void act_as_rival(void *argument)
{
    Scene *s = argument;
    s->machine->here = crossing.rival->cpu;
    crossing.rival->act(s, crossing.victim);
    hear_again(crossing.rival->cpu);
}

static void remap(Space *space, usize phys, usize virt, int flags)
{
    mem_vmap_unmap(&space->vmap, virt, 16 * PAGE);
    must_map(space, phys, virt, 16 * PAGE, flags | MEM_VMAP_CAP_4K);
}

/* The scene as it was, but for numbers and ASIDs, which go on. */
static void restore(Scene *s)
{
    remap(s->space, PHYS, VIRT, MEM_VMAP_WRITE);
    remap(s->space, PHYS + M2, GLOBAL, MEM_VMAP_GLOBAL);
    machine_switch(s->machine, 2, s->other);
    machine_forget(s->machine);
    crossing.accesses[0] = crossing.accesses[1] = 0;
    crossing.returned = false;
}

/* Whether each task has come to its stop. */
typedef struct reached {
    bool remover, rival;
} Reached;

static void check_scene(unsigned remover_stop, unsigned rival_stop, unsigned first)
{
    const Machine *machine = crossing.scene->machine;
    check_use();
    if (machine->broken || !machine_is_true(machine))
        print_error("%s, stops %u and %u, begun by %u\n", crossing.rival->name, remover_stop, rival_stop,
                    first);
    machine_check(machine);
    assert_true(machine_is_true(machine));
}

static Reached cross(unsigned remover_stop, unsigned rival_stop, unsigned first)
{
    Scene *s = crossing.scene;
    const unsigned remover = first == 0 ? 0 : 1, rival = 1 - remover;
    TurnsTask tasks[2];
    restore(s);
    crossing.rival->prepare(s);
    s->machine->deaf[0] = s->machine->deaf[crossing.rival->cpu] = true;
    crossing.stop[remover] = remover_stop;
    crossing.stop[rival] = rival_stop;
    tasks[remover] = (TurnsTask){remove_it, s};
    tasks[rival] = (TurnsTask){act_as_rival, s};
    crossing.running = true;
    turns_run(tasks, 2);
    crossing.running = false;
    check_scene(remover_stop, rival_stop, first);
    return (Reached){crossing.accesses[remover] >= remover_stop, crossing.accesses[rival] >= rival_stop};
}

/* A call has ended after so many accesses, or goes round and round until the other gets on. */
enum { MOST_STOPS = 36 };

/* All pairs of stops, up to the ends of both calls. */
static unsigned cross_everywhere(unsigned first)
{
    unsigned crossings = 0;
    Reached reached = {true, true};
    for (unsigned remover = 1; reached.remover && remover <= MOST_STOPS; remover++) {
        reached.rival = true;
        for (unsigned rival = 1; reached.rival && rival <= MOST_STOPS; rival++, crossings++)
            reached = cross(remover, rival, first);
    }
    return crossings;
}

/* Each CPU has used it all, so that there is something to forget. */
static void use_all(Scene *s, unsigned cpu)
{
    static const usize probes[] = {VIRT, VIRT + 8 * PAGE, GLOBAL, GLOBAL + 8 * PAGE};
    for (unsigned i = 0; i < sizeof probes / sizeof probes[0]; i++)
        assert_non_null(machine_access(s->machine, cpu, probes[i]));
}

static void gather(Scene *s)
{
    machine_switch(s->machine, 2, s->space);
    for (unsigned cpu = 0; cpu < 3; cpu++)
        use_all(s, cpu);
}

static void gather_and_part(Scene *s)
{
    gather(s);
    machine_switch(s->machine, 2, s->other);
}

static void gather_and_rest(Scene *s)
{
    gather(s);
    machine_idle(s->machine, 2);
}

static void come_back(Scene *s, const Victim *victim)
{
    (void)victim;
    machine_switch(s->machine, 2, s->space);
}

static void go_and_come_back(Scene *s, const Victim *victim)
{
    (void)victim;
    machine_switch(s->machine, 2, s->other);
    machine_switch(s->machine, 2, s->space);
}

static void rest_and_resume(Scene *s, const Victim *victim)
{
    (void)victim;
    machine_idle(s->machine, 2);
    machine_switch(s->machine, 2, s->space);
}

/* It has no root of the library's loaded when it leaves, and has dropped global entries when it joins. */
static void leave_and_join(Scene *s, const Victim *victim)
{
    (void)victim;
    s->machine->mmu[2] = (Mmu){0};
    machine_leave(s->machine, 2);
    s->machine->deaf[2] = true;
    machine_join(s->machine, 2);
    machine_switch(s->machine, 2, s->space);
}

static void remove_the_same(Scene *s, const Victim *victim)
{
    mem_vmap_unmap(&s->space->vmap, victim->virt, victim->len);
    machine_must(s->machine, !is_used());
}

static void remove_something_else(Scene *s, const Victim *victim)
{
    mem_vmap_unmap(&s->space->vmap, victim->virt + 8 * PAGE, PAGE);
}

/* A number of one space must not be taken for one of another: those of the second are far beyond. */
static Scene *new_scene(void)
{
    Scene *s = scene_new("x86_64_4level", &all_features);
    s->other->vmap.ledger.generation += 1 << 20;
    s->machine->on_execute = before_execution;
    return s;
}

static void cross_all(usize virt, usize len, const Rival *rivals, unsigned count)
{
    const Victim victim = {virt, len};
    crossing.victim = &victim;
    for (unsigned i = 0; i < count; i++) {
        crossing.rival = &rivals[i];
        crossing.scene = new_scene();
        for (unsigned first = 0; first < 2; first++)
            assert_true(cross_everywhere(first) > 20); /* otherwise the hook is not there */
        scene_end(crossing.scene);
    }
}
#define CROSS_ALL(virt, len, rivals) cross_all(virt, len, rivals, sizeof(rivals) / sizeof(rivals)[0])

/* Who loads a root is in the set before he reads the number, and until he has loaded the next one. */
static void bug_74_a_page_is_gone_whoever_comes_and_goes(void **state)
{
    static const Rival rivals[] = {
        {"comes back", 2, gather_and_part, come_back},
        {"goes and comes back", 2, gather, go_and_come_back},
    };
    (void)state;
    CROSS_ALL(VIRT, PAGE, rivals);
}

static void a_page_is_gone_when_its_unmap_returns(void **state)
{
    static const Rival rivals[] = {
        {"rests and resumes", 2, gather, rest_and_resume},
        {"resumes", 2, gather_and_rest, come_back},
        {"leaves and joins", 2, gather, leave_and_join},
        {"removes something else", 1, gather_and_part, remove_something_else},
    };
    (void)state;
    CROSS_ALL(VIRT, PAGE, rivals);
}

/* Idle CPUs are waited for as well. */
static void a_table_is_gone_when_its_unmap_returns(void **state)
{
    static const Rival rivals[] = {
        {"rests and resumes", 2, gather, rest_and_resume},
        {"resumes", 2, gather_and_rest, come_back},
    };
    (void)state;
    CROSS_ALL(VIRT, 16 * PAGE, rivals);
}

/* So is everyone, whatever space he runs. */
static void a_global_page_is_gone_when_its_unmap_returns(void **state)
{
    static const Rival rivals[] = {
        {"comes back", 2, gather_and_part, come_back},
        {"goes and comes back", 2, gather, go_and_come_back},
        {"leaves and joins", 2, gather, leave_and_join},
        {"removes something else", 1, gather_and_part, remove_something_else},
    };
    (void)state;
    CROSS_ALL(GLOBAL, PAGE, rivals);
}

static void bug_19_a_page_is_gone_when_either_of_two_unmaps_returns(void **state)
{
    static const Rival rivals[] = {{"removes the same", 1, gather_and_part, remove_the_same}};
    (void)state;
    CROSS_ALL(VIRT, PAGE, rivals);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(bug_74_a_page_is_gone_whoever_comes_and_goes),
        cmocka_unit_test(a_page_is_gone_when_its_unmap_returns),
        cmocka_unit_test(a_table_is_gone_when_its_unmap_returns),
        cmocka_unit_test(a_global_page_is_gone_when_its_unmap_returns),
        cmocka_unit_test(bug_19_a_page_is_gone_when_either_of_two_unmaps_returns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
