/* SPDX-License-Identifier: MIT */

/*
 * ASIDs of the machine. Numbers are given one after the other. When there are no more, all begin anew, in another
 * generation; only spaces that a CPU runs at that moment, or is about to leave, keep theirs. So:
 *
 * 1. Nothing stale is used after that. A CPU that loads its first space in a generation forgets everything before.
 *    It may go on caching what it runs until the root is loaded: that number still means that space. What it has
 *    of other numbers is from before, and gone.
 * 2. While a CPU runs a space, the number in the space is the one that the CPU has loaded. The CPU first says what
 *    it is about to run, then looks whether the generation is still the one of the number; who begins a generation
 *    first counts it, then reads what CPUs run. Either the CPU sees the new generation, and takes a number again,
 *    or it is seen, and the space keeps its number. What a CPU said in an earlier generation, and does not know yet to
 *    be in vain, does not count: the claim names the generation, and one that was kept goes on being kept.
 * 3. A shootdown and a CPU that comes never miss each other. The one stores entries, then reads the number of the
 *    space, then tells all CPUs to forget it. The other has the number stored in the space before it loads the
 *    root. If the one reads another number, or none, then the store came after that, and the CPU, which walks
 *    after it, finds the new entries; what any CPU has under a former number of the space, it forgets by 1.
 *
 * The number of a space that has ended is not given again in the same generation.
 */

#include "lib/asid.h"

enum {
    ASID_BITS = 16,
    ASID_MASK = (1 << ASID_BITS) - 1,
    COMING = 0, /* of MemVmapCpu.running: the space that the CPU runs, or is about to */
    GOING = 1,  /* the one that it is about to leave */
};

/* A generation, or a space, with a number. */
static uint64_t word_of(uint64_t what, uint64_t asid)
{
    return what << ASID_BITS | asid;
}

unsigned mem_vmap_asid_of(const MemVmap *vmap)
{
    return (unsigned)(shared_load(&vmap->asid) & ASID_MASK);
}

static void lock_numbers(MemVmapCpus *cpus)
{
    const MemVmapCpuPort *port = &cpus->port;
    while (!shared_replace(&cpus->asid_lock, 0, 1))
        if (port->relax != NULL)
            port->relax(port->context);
}

static void unlock_numbers(MemVmapCpus *cpus)
{
    shared_store(&cpus->asid_lock, 0);
}

/*
 * What a CPU runs, or is about to; 0 where it says so of a number that it took before generation `ended` and that was
 * not kept then: another space may have had it since. That CPU has yet to see that it must take a number again.
 */
static uint64_t claim_of(const MemVmapCpu *cpu, const uint64_t *kept, uint64_t ended)
{
    uint64_t coming, claimed;
    do {
        coming = shared_load(&cpu->running[COMING]);
        claimed = shared_load(&cpu->claimed);
    } while (shared_load(&cpu->running[COMING]) != coming);
    return claimed == ended || coming == kept[COMING] || coming == kept[GOING] ? coming : 0;
}

/* Begins a generation: what CPUs run is read after it is counted. */
static void begin_anew(MemVmapCpus *cpus)
{
    uint64_t ended = shared_count(&cpus->asid_generation) - 1;
    for (unsigned i = 0; i < MEM_VMAP_CPUS; i++) {
        const MemVmapCpu *cpu = cpu_set_has(&cpus->online, i) ? cpus->cpu[i] : NULL;
        uint64_t *kept = cpus->kept[i];
        uint64_t coming = cpu != NULL ? claim_of(cpu, kept, ended) : 0;
        kept[GOING] = cpu != NULL ? shared_load(&cpu->running[GOING]) : 0;
        kept[COMING] = coming;
    }
    cpus->next_asid = 1;
}

/* Whether a CPU, which may have left, ran something, of the bits in `mask` as in `word`, when the generation began. */
static bool is_kept(const MemVmapCpus *cpus, uint64_t word, uint64_t mask)
{
    for (unsigned i = 0; i < MEM_VMAP_CPUS; i++)
        if (((cpus->kept[i][COMING] ^ word) & mask) == 0 || ((cpus->kept[i][GOING] ^ word) & mask) == 0)
            return true;
    return false;
}

/* A number that is nobody's in this generation, or 0. */
static uint64_t next_number(MemVmapCpus *cpus)
{
    while (cpus->next_asid < cpus->features.asids) {
        uint64_t asid = cpus->next_asid++;
        if (!is_kept(cpus, asid, ASID_MASK))
            return asid;
    }
    return 0;
}

/* Two numbers for each CPU are the most that are kept: there always is another one (mem_vmap_cpu_join). */
static uint64_t number_for(MemVmapCpus *cpus, const MemVmap *vmap, uint64_t old)
{
    for (;;) {
        if (old != 0 && is_kept(cpus, word_of(vmap->id, old), ~(uint64_t)0))
            return old;
        uint64_t asid = next_number(cpus);
        if (asid != 0)
            return asid;
        begin_anew(cpus);
    }
}

/* Gives the space a number of this generation, unless another CPU has done so meanwhile. */
static void renew(MemVmapCpus *cpus, MemVmap *vmap)
{
    lock_numbers(cpus);
    uint64_t word = shared_load(&vmap->asid);
    if (word >> ASID_BITS != cpus->asid_generation) {
        uint64_t asid = number_for(cpus, vmap, word & ASID_MASK);
        shared_store(&vmap->asid, word_of(cpus->asid_generation, asid));
    }
    unlock_numbers(cpus);
}

unsigned mem_vmap_asid_take(MemVmapCpu *cpu, MemVmap *vmap, MemVmapHistory *history)
{
    MemVmapCpus *cpus = cpu->cpus;
    *history = MEM_VMAP_UNKNOWN;
    if (cpus->features.asids == 0)
        return 0;
    shared_store(&cpu->running[GOING], cpu->running[COMING]);
    for (;;) {
        uint64_t word = shared_load(&vmap->asid), generation = shared_load(&cpus->asid_generation);
        if (word >> ASID_BITS != generation) {
            renew(cpus, vmap);
            continue;
        }
        shared_store(&cpu->running[COMING], 0); /* `claimed` is for one claim, from here to the next 0 */
        shared_store(&cpu->claimed, generation);
        shared_store(&cpu->running[COMING], word_of(vmap->id, word & ASID_MASK));
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        if (shared_load(&cpus->asid_generation) != generation)
            continue;
        *history = cpu->asid_generation == generation ? MEM_VMAP_UP_TO_DATE : MEM_VMAP_RENUMBERED;
        cpu->asid_generation = generation;
        return (unsigned)(word & ASID_MASK);
    }
}

void mem_vmap_asid_loaded(MemVmapCpu *cpu)
{
    shared_store(&cpu->running[GOING], 0);
}

void mem_vmap_asid_leave(MemVmapCpu *cpu)
{
    shared_store(&cpu->running[COMING], 0);
    shared_store(&cpu->running[GOING], 0);
}
