/* SPDX-License-Identifier: MIT */

/* Coroutines, and the points of a thread at which others come between. */

#include "tests/sim/sim.h"

#include <stdlib.h>
#include <string.h>

enum { STACK_SIZE = 256 << 10, STEPS_WITHOUT_EFFECT = 3000000 };

Sim sim;

uint64_t sim_tick(void)
{
    return ++sim.clock;
}

Call *sim_call(void)
{
    return sim.running != NULL ? sim.running->call : sim.setup_call;
}

void sim_had_effect(void)
{
    sim.effect = sim.steps;
}

Cpu *sim_cpu_here(void)
{
    return sim.running != NULL ? sim.running->cpu : sim.setup_cpu;
}

/* Coroutines. */

static void switch_to_thread(Thread *next)
{
    Thread *self = sim.running;
    if (next == self)
        return;
    sim_log("          (thread %lu goes on, on cpu %lu)", next->number, next->cpu->number, 0);
    sim.steps++; /* it may have stored something since its last point */
    sim.running = next;
    swapcontext(&self->context, &next->context);
}

bool sim_can_serve(const Cpu *cpu)
{
    return cpu->pending && cpu->masked == 0;
}

static bool can_go_on(const Thread *thread)
{
    switch (thread->wait) {
    case WAIT_NOTHING:
        return true;
    case WAIT_RELAX:
        return thread->seen != sim.steps;
    case WAIT_LOCK:
        return thread->wanted->owner == NULL;
    case WAIT_END:
        return false;
    }
    return false;
}

unsigned sim_runnable(Thread *others[CPUS])
{
    unsigned count = 0;
    for (unsigned i = 1; i < sim.config.cpus; i++) {
        Thread *thread = &sim.thread[(sim.running->number + i) % sim.config.cpus];
        if (can_go_on(thread) || sim_can_serve(thread->cpu))
            others[count++] = thread;
    }
    return count;
}

void sim_serve(Cpu *cpu)
{
    Thread *thread = sim.running;
    Wait wait = thread->wait;
    sim_log("serve", 0, 0, 0);
    thread->wait = WAIT_NOTHING;
    cpu->pending = false;
    sim_mask(cpu);
    mem_vmap_cpu_serve(&cpu->vmap);
    sim_unmask(cpu);
    thread->wait = wait;
    sim_log("served", 0, 0, 0);
}

/* Right after the thread has gone on: an interrupt may have waited for it. */
static void resumed(void)
{
    Cpu *cpu = sim.running->cpu;
    if (sim_can_serve(cpu) && (!can_go_on(sim.running) || sim.driver->deliver()))
        sim_serve(cpu);
}

void sim_yield(Thread *next)
{
    switch_to_thread(next);
    resumed();
}

static bool all_ended(void)
{
    bool all = true;
    for (unsigned i = 0; i < sim.config.cpus; i++)
        all &= sim.thread[i].ended;
    return all;
}

/* Lets others go on until this thread can. */
void sim_wait(Wait wait)
{
    Thread *self = sim.running, *others[CPUS];
    self->wait = wait;
    self->seen = sim.steps;
    do {
        unsigned count = sim_runnable(others);
        if (count > 0)
            switch_to_thread(others[count > 1 ? sim.driver->pick(count) : 0]);
        else if (!can_go_on(self) && !sim_can_serve(self->cpu) && wait != WAIT_RELAX)
            violation("every CPU waits for ever");
        resumed();
    } while (wait == WAIT_LOCK && !can_go_on(self));
    self->wait = WAIT_NOTHING;
}

static void thread_main(unsigned number)
{
    Thread *thread = &sim.thread[number];
    for (unsigned i = 0; i < thread->act_count; i++)
        sim_perform(thread, &thread->acts[i]);
    if (thread->batch_space != NULL)
        sim_perform(thread, &(Act){.kind = DO_BATCH_END});
    thread->ended = true;
    while (!all_ended())
        sim_wait(WAIT_END);
    swapcontext(&thread->context, &sim.main);
}

static void thread_start(Thread *thread)
{
    if (thread->stack == NULL)
        thread->stack = malloc(STACK_SIZE);
    if (thread->stack == NULL)
        abort();
    getcontext(&thread->context);
    thread->context.uc_stack.ss_sp = thread->stack;
    thread->context.uc_stack.ss_size = STACK_SIZE;
    thread->context.uc_link = NULL;
    makecontext(&thread->context, (void (*)(void))thread_main, 1, thread->number);
}

void sim_run(void)
{
    for (unsigned i = 0; i < sim.config.cpus; i++)
        thread_start(&sim.thread[i]);
    sim.running = &sim.thread[sim.driver->pick(sim.config.cpus)];
    swapcontext(&sim.main, &sim.running->context);
    sim.running = NULL;
}

/* Points. */

void sim_step(void)
{
    sim.steps++;
    if (sim.steps - sim.effect > STEPS_WITHOUT_EFFECT)
        violation("nothing has changed for %u steps: CPUs wait for each other", STEPS_WITHOUT_EFFECT);
}

void sim_point(Point point)
{
    if (sim.running == NULL)
        return;
    sim_step();
    sim.driver->point(point);
}

void sim_mask(Cpu *cpu)
{
    cpu->masked++;
}

void sim_unmask(Cpu *cpu)
{
    cpu->masked--;
}

bool sim_can_move(const Thread *thread)
{
    return thread->pinned == 0 && thread->cpu->masked == 0 && thread->wait == WAIT_NOTHING;
}

void sim_move(Thread *other)
{
    Thread *self = sim.running;
    Cpu *cpu = self->cpu;
    self->cpu = other->cpu;
    other->cpu = cpu;
    cpu->stored = self->cpu->stored = false; /* who changes threads waits for their stores */
    self->cpu->thread = self;
    other->cpu->thread = other;
    sim_log("thread %lu has moved to cpu %lu", self->number, self->cpu->number, 0);
}

/* Addresses. */

usize sim_place(const Kind *kind, usize virt)
{
    return kind->one_half ? virt & (((usize)1 << kind->va_bits) - 1) : virt;
}

bool sim_exists(const Kind *kind, usize virt)
{
    unsigned unused = 64 - kind->va_bits;
    return (usize)((int64_t)(virt << unused) >> unused) == virt;
}

void sim_use_asids_up(void)
{
    if (sim.cpus.shares_asids && sim.cpus.asid_lock == 0)
        sim.cpus.next_asid = sim.config.features.asids;
}

void sim_queue(Cpu *cpu, unsigned kind, unsigned asid, uint64_t operand)
{
    if (cpu->queue_count == QUEUE_MAX)
        violation("the simulator remembers too few invalidations");
    cpu->queue[cpu->queue_count].kind = kind;
    cpu->queue[cpu->queue_count].asid = asid;
    cpu->queue[cpu->queue_count++].operand = operand;
}

/* Set-up and end. */

/* The firmware's root has ASID 0: whatever is cached under it goes. */
void sim_boot(Cpu *cpu)
{
    mmu_load_root(cpu, sim.boot_root, 0);
    tlb_drop_asid(cpu, 0);
    walks_drop_asid(cpu, 0);
}

static void cpu_begin(Cpu *cpu, unsigned number)
{
    MemVmapCpu *vmap = &cpu->vmap;
    cpu->number = number;
    cpu->pending = cpu->idle = false;
    cpu->masked = 0;
    cpu->tlb_count = cpu->walk_count = cpu->queue_count = 0;
    cpu->blurred = cpu->stored = false;
    cpu->in_queue = 0;
    cpu->thread = &sim.thread[number];
    sim_boot(cpu);
    cpu->joined = true;
    if (mem_vmap_cpu_join(vmap, &sim.cpus, number) != 0)
        violation("cpu %u cannot join", number);
}

static void thread_begin(Thread *thread, unsigned number)
{
    char *stack = thread->stack;
    *thread = (Thread){.number = number, .cpu = &sim.cpu[number], .stack = stack};
}

void sim_begin(const Config *config, const Driver *driver)
{
    sim.config = *config;
    sim.driver = driver;
    sim.running = NULL;
    sim.setup_call = NULL;
    sim.setup_cpu = &sim.cpu[0];
    sim.clock = sim.steps = sim.effect = sim.calls = sim.maps = 0;
    const MemVmapCpuPort port = sim_cpu_port(config);
    log_begin();
    pages_begin();
    sim.boot_root = pages_get();
    memset(pages_pointer(sim.boot_root), 0, 1ul << config->kind->shift[0]);
    pages_root(sim.boot_root, NULL, config->kind->levels - 1);
    if (mem_vmap_cpus_init(&sim.cpus, &port, mem_vmap_cpu_type_find(config->kind->name),
                           &config->features) != 0)
        violation("the CPUs cannot be made");
    for (unsigned i = 0; i < config->cpus; i++) {
        thread_begin(&sim.thread[i], i);
        cpu_begin(&sim.cpu[i], i);
    }
    for (unsigned i = 0; i < config->spaces; i++) {
        sim.space[i].number = i;
        sim.space[i].owner = NULL;
        sim.space[i].users = 0;
        sim.space[i].renewing = false;
        space_make(&sim.space[i]);
    }
}

void sim_verify(void)
{
    for (unsigned i = 0; i < sim.config.spaces; i++) {
        MemVmapDefect defect;
        if (mem_vmap_verify(&sim.space[i].vmap, &defect) != 0)
            violation("verify: %s, at 0x%zx", defect.rule, defect.virt);
    }
}

/* Everything must come back. */
void sim_end(void)
{
    mmu_check_all();
    truth_check_dirty();
    for (unsigned i = 0; i < sim.config.cpus; i++) {
        sim_boot(&sim.cpu[i]);
        mem_vmap_cpu_leave(&sim.cpu[i].vmap);
        sim.cpu[i].joined = false;
    }
    for (unsigned i = 0; i < sim.config.spaces; i++) {
        Call call = {.act = {.kind = DO_RENEW, .space = i, .len = (usize)-1}};
        sim.setup_call = &call;
        space_end(&sim.space[i]);
        sim.setup_call = NULL;
    }
    pages_put(sim.boot_root);
    if (pages_out() != 0)
        violation("%zu table pages were not given back", pages_out());
}
