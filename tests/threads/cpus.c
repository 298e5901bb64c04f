/* SPDX-License-Identifier: MIT */

/*
 * CPUs, each a real thread with a TLB of its own: the memory order of the host is the real one. Every CPU maps,
 * unmaps and protects pages of its own in two spaces, switches between them, idles, and uses everybody's pages
 * through its TLB. An interrupt is a flag that a CPU looks at between two steps, and while it waits.
 *
 * A frame belongs to the page that it is mapped to, and to nobody from the moment when its unmap has returned.
 * A CPU serves no interrupt between the look into its TLB and the look at the frame's owner, so no unmap of
 * that page can return in between: a frame without its owner is a shootdown that came too late.
 */

#include "arch/x86_64/cpu/cpu.h"
#include <mem/vmap.h>

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CPUS = 4, SPACES = 2, PAGES = 12, ROUNDS = 120000, ASIDS = 4, TABLE_PAGES = 512 };
enum { FRAMES = SPACES * CPUS * PAGES };
#define PAGE     ((usize)4096)
#define SPREAD   ((usize)1 << 21) /* some pages of a CPU are neighbours, and some have tables of their own */
#define PART     ((usize)1 << 30)
#define FRAME(n) ((usize)0x100000000 + (n)*PAGE)

typedef struct entry {
    unsigned frame; /* plus 1; 0: nothing */
    unsigned asid;
    bool global;
} Entry;

/* A CPU of the machine: the library's, and what a real one would have. */
typedef struct thread {
    MemVmapCpu cpu;
    unsigned number;
    unsigned asid; /* in its CR3 */
    unsigned pending;
    uint64_t random;
    unsigned long hits, interrupts;
    Entry tlb[CPUS]
             [PAGES]; /* by owner and page: which entry it is of those that hold it is left to chance */
    bool mapped[SPACES][PAGES];
} Thread;

static MemVmap spaces[SPACES];
static MemVmapCpus cpus;
static Thread threads[CPUS];
static unsigned owners[FRAMES]; /* 1: the frame's page is mapped, or being unmapped */
static pthread_mutex_t space_lock = PTHREAD_MUTEX_INITIALIZER, pages_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned char *memory;
static usize free_tables[TABLE_PAGES], free_count;
static unsigned wrong, done;
static _Thread_local Thread *self;

static void complain(const char *what, usize a, usize b)
{
    if (__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED) == 0)
        printf("%s: 0x%zx 0x%zx\n", what, a, b);
}

static unsigned random_below(Thread *thread, unsigned limit)
{
    uint64_t z = thread->random += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (unsigned)((z ^ (z >> 31)) % limit);
}

static usize page_at(unsigned owner, unsigned page)
{
    return PART * (owner + 1) + page / 2 * SPREAD + page % 2 * PAGE;
}

static unsigned frame_of(unsigned space, unsigned owner, unsigned page)
{
    return (space * CPUS + owner) * PAGES + page;
}

/* The pages of the first two CPUs are global in both spaces, and mapped in the first space alone. */
static bool is_global(unsigned owner)
{
    return owner < 2;
}

static usize page_get(void *context, usize size)
{
    (void)context, (void)size;
    pthread_mutex_lock(&pages_lock);
    usize phys = free_count > 0 ? free_tables[--free_count] : MEM_VMAP_NO_PAGE;
    pthread_mutex_unlock(&pages_lock);
    return phys;
}

static void page_put(void *context, usize phys, usize size)
{
    (void)context, (void)size;
    pthread_mutex_lock(&pages_lock);
    free_tables[free_count++] = phys;
    pthread_mutex_unlock(&pages_lock);
}

static void lock(void *context)
{
    (void)context;
    pthread_mutex_lock(&space_lock);
}

static void unlock(void *context)
{
    (void)context;
    pthread_mutex_unlock(&space_lock);
}

static MemVmapCpu *here(void *context)
{
    (void)context;
    return &self->cpu;
}

static void interrupt(void *context, const MemVmapCpuSet *targets)
{
    (void)context;
    for (unsigned i = 0; i < CPUS; i++)
        if (targets->words[0] >> i & 1)
            __atomic_store_n(&threads[i].pending, 1, __ATOMIC_RELEASE);
}

static void relax(void *context)
{
    (void)context;
    sched_yield();
}

/* Forgets entries by address (0: all), by ASID unless they are global, and global ones where they are meant. */
static void drop(usize address, unsigned asid, bool any_asid, bool globals)
{
    for (unsigned owner = 0; owner < CPUS; owner++)
        for (unsigned page = 0; page < PAGES; page++) {
            Entry *entry = &self->tlb[owner][page];
            bool meant = entry->global ? globals : any_asid || entry->asid == asid;
            if (meant && (address == 0 || address == page_at(owner, page)))
                entry->frame = 0;
        }
}

static void execute(void *context, const MemVmapStep *steps, unsigned count)
{
    (void)context;
    for (const MemVmapStep *step = steps; step < steps + count; step++)
        for (usize n = 0; n < step->count; n++) {
            usize address = step->first + n * step->stride;
            if (step->kind == X86_INVLPG)
                drop(address, self->asid, false, true);
            else if (step->kind == X86_INVPCID_ADDRESS)
                drop(address, step->asid, false, false);
            else if (step->kind != X86_CR3)
                drop(0, 0, true, true);
            else if ((self->asid = step->first & 0xfff), !(step->first & X86_CR3_KEEP))
                drop(0, self->asid, false, false);
        }
}

static void poll(void)
{
    if (__atomic_exchange_n(&self->pending, 0, __ATOMIC_ACQUIRE) == 0)
        return;
    self->interrupts++;
    mem_vmap_cpu_serve(&self->cpu);
}

/* Maps what is not mapped and unmaps what is; alone, with its neighbour, or several in a batch. */
static void change(unsigned space, unsigned page)
{
    MemVmap *vmap = &spaces[space];
    bool *mapped = self->mapped[space];
    unsigned *owner = &owners[frame_of(space, self->number, page)];
    usize virt = page_at(self->number, page);
    if (mapped[page]) {
        mem_vmap_unmap(vmap, virt, PAGE);
        __atomic_store_n(owner, 0, __ATOMIC_SEQ_CST);
    } else {
        __atomic_store_n(owner, 1, __ATOMIC_SEQ_CST);
        if (mem_vmap_map(vmap, FRAME(frame_of(space, self->number, page)), virt, PAGE,
                         is_global(self->number) ? MEM_VMAP_GLOBAL : 0) != 0)
            complain("map", virt, 0);
    }
    mapped[page] = !mapped[page];
}

static void unmap_several(unsigned space)
{
    MemVmapBatch batch;
    unsigned first = random_below(self, PAGES), count = random_below(self, PAGES) + 1;
    mem_vmap_batch_begin(&batch, &spaces[space]);
    for (unsigned i = first; i < first + count && i < PAGES; i++)
        mem_vmap_batch_unmap(&batch, page_at(self->number, i), PAGE);
    mem_vmap_batch_end(&batch);
    for (unsigned i = first; i < first + count && i < PAGES; i++) {
        __atomic_store_n(&owners[frame_of(space, self->number, i)], 0, __ATOMIC_SEQ_CST);
        self->mapped[space][i] = false;
    }
}

/* Uses a page as the CPU would: its TLB first, and the tables where that knows nothing. */
static void use(unsigned space, unsigned owner, unsigned page)
{
    Entry *entry = &self->tlb[owner][page];
    MemVmapLeaf leaf;
    bool hit = entry->frame != 0 && (entry->global || entry->asid == self->asid);
    if (hit) {
        self->hits++;
        if (__atomic_load_n(&owners[entry->frame - 1], __ATOMIC_SEQ_CST) == 0)
            complain("a stale entry", page_at(owner, page), entry->frame - 1);
        return;
    }
    if (mem_vmap_lookup(&spaces[space], page_at(owner, page), &leaf) != 0)
        return;
    *entry =
        (Entry){(unsigned)((leaf.phys - FRAME(0)) / PAGE) + 1, self->asid, leaf.flags & MEM_VMAP_GLOBAL};
}

static unsigned current_space(void)
{
    return (unsigned)(mem_vmap_cpu_space(&self->cpu) - spaces);
}

static void step(void)
{
    unsigned space = is_global(self->number) ? 0 : random_below(self, SPACES);
    switch (random_below(self, 32)) {
    case 0:
        mem_vmap_switch_to(&spaces[random_below(self, SPACES)]);
        break;
    case 1:
        mem_vmap_cpu_idle(&self->cpu);
        poll();
        mem_vmap_switch_to(mem_vmap_cpu_space(&self->cpu));
        break;
    case 2:
        unmap_several(space);
        break;
    case 3 ... 5:
        change(space, random_below(self, PAGES));
        break;
    default:
        use(current_space(), random_below(self, CPUS), random_below(self, PAGES));
    }
}

static void *run_cpu(void *argument)
{
    self = argument;
    mem_vmap_cpu_join(&self->cpu, &cpus, self->number);
    mem_vmap_switch_to(&spaces[self->number % SPACES]);
    for (unsigned round = 0; round < ROUNDS; round++) {
        step();
        if (random_below(self, 8) == 0) /* interrupts take their time */
            poll();
    }
    __atomic_fetch_add(&done, 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) < CPUS) {
        poll();
        sched_yield();
    }
    return NULL;
}

static MemVmapPort make_port(void)
{
    if (posix_memalign((void **)&memory, PAGE, TABLE_PAGES * PAGE) != 0)
        abort();
    for (free_count = 0; free_count < TABLE_PAGES; free_count++)
        free_tables[free_count] = (TABLE_PAGES - 1 - free_count) * PAGE;
    return (MemVmapPort){
        .page_get = page_get,
        .page_put = page_put,
        .lock = lock,
        .unlock = unlock,
        .cpus = &cpus,
        .direct_map = (usize)memory,
    };
}

static void run(const MemVmapCpuFeatures *features)
{
    MemVmapCpuPort cpu_port = {.execute = execute, .here = here, .interrupt = interrupt, .relax = relax};
    pthread_t running[CPUS];
    MemVmapPort port = make_port();
    unsigned long hits = 0, interrupts = 0;
    memset(threads, 0, sizeof threads);
    memset(owners, 0, sizeof owners);
    done = 0;
    mem_vmap_cpus_init(&cpus, &cpu_port, mem_vmap_cpu_type_find("x86_64"), features);
    for (unsigned i = 0; i < SPACES; i++)
        mem_vmap_init(&spaces[i], &port, NULL, NULL);
    for (unsigned i = 0; i < CPUS; i++) {
        threads[i].number = i;
        threads[i].random = i + 1;
        pthread_create(&running[i], NULL, run_cpu, &threads[i]);
    }
    for (unsigned i = 0; i < CPUS; i++) {
        pthread_join(running[i], NULL);
        hits += threads[i].hits;
        interrupts += threads[i].interrupts;
    }
    self = &threads[0];
    for (unsigned i = 0; i < CPUS; i++)
        mem_vmap_cpu_leave(&threads[i].cpu);
    for (unsigned i = 0; i < SPACES; i++) {
        if (mem_vmap_verify(&spaces[i], NULL) != 0)
            complain("verify", i, 0);
        mem_vmap_destroy(&spaces[i]);
    }
    if (free_count != TABLE_PAGES || hits == 0 || interrupts == 0)
        complain("pages that did not come back, or nothing happened", TABLE_PAGES - free_count, hits);
    printf("%u ASIDs: %lu hits, %lu interrupts, %u wrong\n", features->asids, hits, interrupts, wrong);
    free(memory);
}

int main(void)
{
    static const MemVmapCpuFeatures all[] = {
        {.globals = true},
        {.asids = ASIDS, .globals = true},
        {.asids = ASIDS, .by_asid = true, .globals = true, .ceiling = 4},
        {.asids = 2, .by_asid = true, .globals = true},
    };
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++)
        run(&all[i]);
    return wrong != 0;
}
