/* SPDX-License-Identifier: MIT */

/* The engine's hooks and ports: where the simulator meets it. */

#include "tests/sim/sim.h"

/* The engine's hooks. */

uint64_t hook_load(const uint64_t *slot)
{
    if (pages_shared(slot))
        sim_point(POINT_LOAD);
    return *slot;
}

void hook_store(uint64_t *slot, uint64_t entry)
{
    bool shared = pages_shared(slot);
    if (shared)
        sim_point(POINT_STORE);
    uint64_t before = *slot;
    *slot = entry;
    sim_had_effect();
    sim_cpu_here()->stored |= shared && before != entry;
    if (shared)
        pages_stored(slot, before, entry);
}

bool hook_exchange(uint64_t *slot, uint64_t *expected, uint64_t entry)
{
    sim_point(POINT_EXCHANGE);
    uint64_t before = *slot;
    if (before != *expected) {
        *expected = before;
        return false;
    }
    *slot = entry;
    sim_had_effect();
    sim_cpu_here()->stored |= before != entry;
    pages_stored(slot, before, entry);
    return true;
}

void hook_atomic(int order)
{
    sim_point(order == __ATOMIC_RELAXED ? POINT_RELAXED : POINT_SHARED);
}

void *hook_pointer(uint64_t phys)
{
    return pages_pointer(phys);
}

/* The ports. */

static usize page_get(void *context, usize size)
{
    const Space *space = context;
    if (space->owner == sim.running && sim.running != NULL)
        violation("page_get under the lock");
    if (size != 1ull << sim.config.kind->shift[0])
        violation("page_get of %zu bytes", size);
    if (sim.running != NULL && sim.config.scarcity > 0 && sim.driver->whim(sim.config.scarcity) == 0)
        return MEM_VMAP_NO_PAGE;
    return pages_get();
}

static void page_put(void *context, usize phys, usize size)
{
    const Space *space = context;
    (void)size;
    if (space->owner == sim.running && sim.running != NULL)
        violation("page_put under the lock");
    pages_put(phys);
}

static void lock(void *context)
{
    Space *space = context;
    if (sim.running == NULL)
        return;
    if (space->owner == sim.running)
        violation("the lock is taken twice");
    sim_point(POINT_LOCK);
    if (space->owner != NULL) {
        sim.running->wanted = space;
        sim_wait(WAIT_LOCK);
    }
    space->owner = sim.running;
    sim_had_effect();
}

static void unlock(void *context)
{
    Space *space = context;
    if (sim.running == NULL)
        return;
    space->owner = NULL;
    sim_had_effect();
    sim_point(POINT_UNLOCK);
}

static void execute(void *context, const MemVmapStep *steps, unsigned count)
{
    (void)context;
    Cpu *cpu = sim_cpu_here();
    for (unsigned i = 0; i < count; i++) {
        if (cpu != sim_cpu_here())
            violation("steps of cpu %u go on on cpu %u", cpu->number, sim_cpu_here()->number);
        sim_log("step kind %lu, first 0x%lx, %lu times", steps[i].kind, steps[i].first, steps[i].count);
        for (usize n = 0; n < steps[i].count; n++) {
            sim_point(POINT_STEP);
            sim_had_effect();
            sim.config.kind->step(cpu, &steps[i], steps[i].first + n * steps[i].stride);
            if (sim.config.greedy)
                mmu_fill(cpu);
        }
    }
}

/* Firmware makes them, whatever they do: nothing but their MMUs is concerned. */
static void execute_there(void *context, const MemVmapCpuSet *targets, const MemVmapStep *steps,
                          unsigned count)
{
    (void)context;
    sim_log("firmware tells the cpus 0x%lx", targets->words[0], 0, 0);
    if (sim_cpu_here()->joined && (targets->words[0] >> sim_cpu_here()->number & 1))
        violation("a CPU has firmware tell itself");
    for (unsigned i = 0; i < sim.config.cpus; i++)
        for (unsigned k = 0; (targets->words[0] >> i & 1) != 0 && k < count; k++) {
            sim_point(POINT_STEP);
            sim_had_effect();
            sim.config.kind->firmware(&sim.cpu[i], &steps[k]);
            if (sim.config.greedy)
                mmu_fill(&sim.cpu[i]);
        }
}

static MemVmapCpu *here(void *context)
{
    (void)context;
    Cpu *cpu = sim_cpu_here();
    return cpu->joined ? &cpu->vmap : NULL;
}

static void interrupt(void *context, const MemVmapCpuSet *targets)
{
    (void)context;
    sim_log("interrupt to the cpus 0x%lx", targets->words[0], 0, 0);
    if (sim_cpu_here()->joined && (targets->words[0] >> sim_cpu_here()->number & 1))
        violation("a CPU interrupts itself");
    for (unsigned i = 0; i < sim.config.cpus; i++)
        sim.cpu[i].pending |= (targets->words[0] >> i & 1) != 0;
    sim_had_effect();
    sim_point(POINT_SEND);
}

static void pin(void *context)
{
    (void)context;
    if (sim.running != NULL && sim.running->pinned++ > 0)
        violation("pin is nested");
    sim_point(POINT_PIN);
}

static void unpin(void *context)
{
    (void)context;
    if (sim.running != NULL)
        sim.running->pinned--;
    sim_point(POINT_PIN);
}

static void relax(void *context)
{
    (void)context;
    if (sim.running == NULL)
        violation("a call of set-up waits for a CPU");
    sim_step();
    sim_wait(WAIT_RELAX);
}

MemVmapCpuPort sim_cpu_port(const Config *config)
{
    Teller teller = config->kind->teller;
    MemVmapCpuPort port = {.execute = execute, .here = here, .pin = pin, .unpin = unpin, .relax = relax};
    if (config->cpus > 1 && teller == TOLD_BY_INTERRUPT)
        port.interrupt = interrupt;
    if (teller == TOLD_BY_FIRMWARE)
        port.execute_there = execute_there;
    return port;
}

static void lost(void *context, usize virt, usize len)
{
    const Space *space = context;
    if (sim.running == NULL || sim.config.scarcity == 0)
        violation("the leaf of %zu bytes at 0x%zx was lost, though pages were to be had", len, virt);
    sim_log("space %lu has lost the leaf at 0x%lx, 0x%lx", space->number, virt, len);
    truth_lost(virt, len);
}

void space_make(Space *space)
{
    const MemVmapPort port = {
        .page_get = page_get,
        .page_put = page_put,
        .cpus = &sim.cpus,
        .lock = lock,
        .unlock = unlock,
        .lost = lost,
        .direct_map = pages_direct_map(),
        .context = space,
    };
    const Kind *kind = sim.config.kind;
    const usize with_runs = (usize)1 << 12 | (usize)1 << 16 | (usize)1 << 21 | (usize)1 << 30;
    const MemVmapOptions options = {.cache_pages = sim.config.cache_pages,
                                    .allow_write_exec = true,
                                    .hardware_updates = true,
                                    .leaf_sizes = sim.config.runs ? with_runs : 0,
                                    .break_level = sim.config.break_level};
    int result;
    do
        result = mem_vmap_init(&space->vmap, &port, mem_vmap_format_find(kind->format), &options);
    while (result == MEM_ENOMEM);
    if (result != 0)
        violation("a space cannot be made: %s", mem_vmap_strerror(result));
    pages_root(mem_vmap_root(&space->vmap), space, kind->levels - 1);
    truth_begin(space);
    space->renewing = false;
}

/* Ends a space that nobody uses. */
void space_end(Space *space)
{
    space->renewing = true;
    mem_vmap_destroy(&space->vmap);
}
