/* SPDX-License-Identifier: MIT */

/* The calls of a script, with the rules that hold when they return. */

#include "tests/sim/sim.h"

/*
 * What a reader may answer: what was there when it began, and whatever has been there since; also what a call
 * had already changed then that had not returned.
 */
typedef struct reading {
    Space *space;
    int probe;
    uint64_t began;
    unsigned change_count, old_count;
    bool settled;
    Value now, olds[OLD_MAX];
} Reading;

unsigned rights_of(int flags)
{
    return (flags & MEM_VMAP_WRITE ? RIGHT_WRITE : 0u) | (flags & MEM_VMAP_EXEC ? RIGHT_EXEC : 0u) |
           (flags & MEM_VMAP_USER ? RIGHT_USER : 0u) | (flags & MEM_VMAP_GLOBAL ? RIGHT_GLOBAL : 0u);
}

static const char *name_of(DoKind kind)
{
    static const char *const names[] = {
        "map %lu: 0x%lx, 0x%lx",
        "unmap %lu: 0x%lx, 0x%lx",
        "protect %lu: 0x%lx, 0x%lx",
        "collapse %lu: 0x%lx, 0x%lx",
        "batch begin %lu",
        "batch unmap %lu: 0x%lx, 0x%lx",
        "batch protect %lu: 0x%lx, 0x%lx",
        "batch end %lu",
        "switch to %lu",
        "idle",
        "access %lu: 0x%lx",
        "translate %lu: 0x%lx",
        "lookup %lu: 0x%lx",
        "leave",
        "join",
        "renew %lu",
        "serve for no reason",
        "all ASIDs are given",
    };
    return names[kind];
}

/* Frames that no other mapping has: as far into 8 GiB as the address is into 1 GiB, or a page further. */
static usize frames(const Act *act)
{
    usize offset = act->virt & (((usize)1 << 30) - 1);
    uint64_t *map = sim.running != NULL ? &sim.running->map : &sim.setup_map;
    if (!act->shared)
        *map = sim.maps++;
    return ((usize)1 << 41) + (*map << 33) + offset + (act->uneven ? 4096 : 0);
}

/* Readers. */

static Reading read_begin(Space *space, usize virt)
{
    Reading reading = {.space = space, .probe = sim_probe_at(virt), .began = sim_tick()};
    if (reading.probe < 0)
        return reading;
    const Truth *truth = &space->truth[reading.probe];
    reading.change_count = truth->change_count;
    reading.now = truth->now;
    reading.settled = truth->settled;
    reading.old_count = truth->old_count;
    for (unsigned i = 0; i < truth->old_count; i++)
        reading.olds[i] = truth->olds[i].value;
    return reading;
}

typedef enum { FRAMES, FRAMES_AND_RIGHTS } Extent;

static bool answers(const Value *was, const Value *answer, Extent extent)
{
    if (was->mapped != answer->mapped)
        return false;
    return !was->mapped ||
           (was->frame == answer->frame && (extent == FRAMES || was->rights == answer->rights));
}

static void read_end(const Reading *reading, const Value *answer, Extent extent)
{
    if (reading->probe < 0)
        return;
    const Truth *truth = &reading->space->truth[reading->probe];
    if (truth->change_count > reading->change_count + CHANGES)
        return; /* too much has happened to know */
    bool good = answers(&reading->now, answer, extent) || (!reading->settled && !answer->mapped);
    for (unsigned i = 0; i < reading->old_count; i++)
        good |= answers(&reading->olds[i], answer, extent);
    for (unsigned i = reading->change_count; i < truth->change_count; i++)
        good |= answers(&truth->changes[i % CHANGES].after, answer, extent);
    if (!good)
        violation("a reader that began at %lu says 0x%lx (mapped %d, rights %u) of 0x%zx in space %u",
                  (unsigned long)reading->began, (unsigned long)answer->frame, answer->mapped,
                  answer->rights, sim.config.probe[reading->probe], reading->space->number);
}

static void do_translate(Space *space, usize virt)
{
    Reading reading = read_begin(space, virt);
    uint64_t phys = mem_vmap_translate(&space->vmap, virt);
    Value answer = {phys != 0, 0, phys & ~0xfffull};
    read_end(&reading, &answer, FRAMES);
}

static void do_lookup(Space *space, usize virt)
{
    MemVmapLeaf leaf = {0};
    Reading reading = read_begin(space, virt);
    bool mapped = mem_vmap_lookup(&space->vmap, virt, &leaf) == 0;
    Value answer = {mapped, mapped ? rights_of(leaf.flags) : 0, leaf.phys & ~0xfffull};
    read_end(&reading, &answer, FRAMES_AND_RIGHTS);
}

void sim_read(Space *space, usize virt)
{
    Cpu *cpu = sim_cpu_here();
    if (space->renewing)
        return;
    sim_log("interrupt: lookup %lu: 0x%lx", space->number, virt, 0);
    space->users++;
    sim_mask(cpu);
    do_lookup(space, virt);
    sim_unmask(cpu);
    space->users--;
}

/* Calls that change a space. */

static void call_returned(const Call *call)
{
    truth_returned(call);
    pages_settle(call->id);
}

static void check_everything(void)
{
    mmu_check_all();
    truth_check_dirty();
}

static int run_call(Call *call, Space *space)
{
    const Act *act = &call->act;
    switch (act->kind) {
    case DO_MAP:
        return mem_vmap_map(&space->vmap, call->phys, act->virt, act->len, act->flags);
    case DO_UNMAP:
        mem_vmap_unmap(&space->vmap, act->virt, act->len);
        return 0;
    case DO_PROTECT:
        return mem_vmap_protect(&space->vmap, act->virt, act->len, act->flags);
    case DO_COLLAPSE:
        return mem_vmap_collapse(&space->vmap, act->virt, act->len);
    case DO_BATCH_UNMAP:
        mem_vmap_batch_unmap(&sim.running->batch, act->virt, act->len);
        return 0;
    case DO_BATCH_PROTECT:
        return mem_vmap_batch_protect(&sim.running->batch, act->virt, act->len, act->flags);
    default:
        violation("the simulator has no such call");
    }
}

static Call call_begin(const Act *act)
{
    Call call = {.act = *act, .id = ++sim.calls, .began = sim_tick(), .rights = rights_of(act->flags)};
    call.phys = act->kind == DO_MAP ? frames(act) : 0;
    return call;
}

static void set_call(Call *call)
{
    if (sim.running != NULL)
        sim.running->call = call;
    else
        sim.setup_call = call;
}

static void do_call(const Act *act)
{
    Space *space = &sim.space[act->space];
    Call call = call_begin(act);
    set_call(&call);
    if (act->masked)
        sim_mask(sim_cpu_here());
    call.result = run_call(&call, space);
    sim_log("returns %ld", (uint64_t)call.result, 0, 0);
    call_returned(&call);
    check_everything();
    if (act->masked)
        sim_unmask(sim_cpu_here());
    set_call(NULL);
}

/* Batches: what they promise holds when they end. */

static void do_batch_begin(Thread *thread, Space *space)
{
    thread->batch_space = space;
    thread->batch_count = 0;
    space->users++;
    mem_vmap_batch_begin(&thread->batch, &space->vmap);
}

static void do_batch_call(Thread *thread, const Act *act)
{
    Act in_batch = *act;
    in_batch.space = thread->batch_space->number;
    Call call = call_begin(&in_batch);
    set_call(&call);
    call.result = run_call(&call, thread->batch_space);
    set_call(NULL);
    if (call.result == 0)
        thread->batch_calls[thread->batch_count++] = call;
}

static void do_batch_end(Thread *thread)
{
    Act act = {.kind = DO_BATCH_END, .space = thread->batch_space->number};
    Call call = call_begin(&act);
    set_call(&call);
    mem_vmap_batch_end(&thread->batch);
    for (unsigned i = 0; i < thread->batch_count; i++)
        call_returned(&thread->batch_calls[i]);
    set_call(NULL);
    thread->batch_space->users--;
    thread->batch_space = NULL;
    check_everything();
}

/* CPUs: with interrupts off, as these calls demand. */

static void do_switch(Space *space)
{
    Cpu *cpu = sim_cpu_here();
    if (!cpu->joined)
        return;
    sim_mask(cpu);
    mem_vmap_switch_to(&space->vmap);
    cpu->idle = false;
    if (cpu->space != space)
        violation("cpu %u has switched to space %u, whose root is not loaded", cpu->number, space->number);
    mmu_check(cpu);
    sim_unmask(cpu);
}

static void do_idle(void)
{
    Cpu *cpu = sim_cpu_here();
    sim_mask(cpu);
    cpu->idle = true;
    if (cpu->joined)
        mem_vmap_cpu_idle(&cpu->vmap);
    sim_unmask(cpu);
}

/* Loads a root of its own first. */
static void do_leave(void)
{
    Cpu *cpu = sim_cpu_here();
    if (!cpu->joined)
        return;
    sim_mask(cpu);
    sim_boot(cpu);
    mem_vmap_cpu_leave(&cpu->vmap);
    cpu->joined = cpu->idle = false;
    sim_unmask(cpu);
}

/* Comes back with no global entry, and with whatever else it had. */
static void do_join(void)
{
    Cpu *cpu = sim_cpu_here();
    if (cpu->joined)
        return;
    sim_mask(cpu);
    tlb_drop_globals(cpu);
    if (mem_vmap_cpu_join(&cpu->vmap, &sim.cpus, cpu->number) != 0)
        violation("cpu %u cannot join again", cpu->number);
    cpu->joined = true;
    sim_unmask(cpu);
}

static void do_access(const Act *act)
{
    Cpu *cpu = sim_cpu_here();
    int probe = sim_probe_at(act->virt);
    if (probe < 0 || cpu->space == NULL || (cpu->idle && act->virt >> 63 == 0))
        return;
    mmu_access(cpu, (unsigned)probe, rights_of(act->flags));
}

/* A space may end when nobody uses it and no CPU has it loaded. */
static bool is_unused(const Space *space)
{
    bool used = space->users > 1;
    for (unsigned i = 0; i < sim.config.cpus; i++)
        used |= sim.cpu[i].space == space;
    return !used;
}

static void do_renew(const Act *act)
{
    Space *space = &sim.space[act->space];
    if (!is_unused(space))
        return;
    Act all = *act;
    all.virt = 0;
    all.len = (usize)-1;
    Call call = call_begin(&all);
    set_call(&call);
    space_end(space);
    pages_settle(call.id);
    space_make(space);
    set_call(NULL);
}

static void perform(Thread *thread, const Act *act)
{
    Space *space = &sim.space[act->space];
    switch (act->kind) {
    case DO_MAP:
    case DO_UNMAP:
    case DO_PROTECT:
    case DO_COLLAPSE:
        do_call(act);
        return;
    case DO_BATCH_BEGIN:
        do_batch_begin(thread, space);
        return;
    case DO_BATCH_UNMAP:
    case DO_BATCH_PROTECT:
        do_batch_call(thread, act);
        return;
    case DO_BATCH_END:
        do_batch_end(thread);
        return;
    case DO_SWITCH:
        do_switch(space);
        return;
    case DO_IDLE:
        do_idle();
        return;
    case DO_ACCESS:
        do_access(act);
        return;
    case DO_TRANSLATE:
        do_translate(space, act->virt);
        return;
    case DO_LOOKUP:
        do_lookup(space, act->virt);
        return;
    case DO_LEAVE:
        do_leave();
        return;
    case DO_JOIN:
        do_join();
        return;
    case DO_RENEW:
        do_renew(act);
        return;
    case DO_USE_ASIDS_UP:
        sim_use_asids_up();
        return;
    case DO_SERVE:
        sim_serve(sim_cpu_here());
        return;
    }
}

/* Whether the thread can do this now: a batch has begun, or has not; the space is not being made anew. */
static bool makes_sense(const Thread *thread, const Act *act)
{
    bool open = thread->batch_space != NULL;
    switch (act->kind) {
    case DO_BATCH_BEGIN:
        return !open && !sim.space[act->space].renewing;
    case DO_BATCH_UNMAP:
    case DO_BATCH_PROTECT:
        return open && thread->batch_count < BATCH_CALLS;
    case DO_BATCH_END:
        return open;
    default:
        return !sim.space[act->space].renewing;
    }
}

void sim_perform(Thread *thread, const Act *act)
{
    sim_point(POINT_CALL);
    if (!makes_sense(thread, act))
        return;
    sim_log(name_of(act->kind), act->space, act->virt, act->len);
    sim.space[act->space].users++;
    perform(thread, act);
    sim.space[act->space].users--;
    sim_point(POINT_CALL);
}

/* Nothing may have to be flushed: no CPU has a space loaded yet. */
void sim_setup(const Act *acts, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        Call call = call_begin(&acts[i]);
        Space *space = &sim.space[acts[i].space];
        sim.setup_call = &call;
        call.result = run_call(&call, space);
        sim_log(name_of(acts[i].kind), acts[i].space, acts[i].virt, acts[i].len);
        if (call.result != 0)
            violation("set-up fails: %s", mem_vmap_strerror(call.result));
        call_returned(&call);
        sim.setup_call = NULL;
    }
}

void sim_setup_switch(unsigned cpu, unsigned space)
{
    sim.setup_cpu = &sim.cpu[cpu];
    do_switch(&sim.space[space]);
    sim.setup_cpu = &sim.cpu[0];
}
