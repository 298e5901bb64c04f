/* SPDX-License-Identifier: MIT */

/*
 * Readers beside writers, in real threads: one or two writers map, unmap, protect and collapse, each in its own part of
 * one space, so that tables come and go; two readers translate, look up and walk without the lock.
 *
 * Every page of a part is only ever mapped to one frame, so whatever a reader gets is that frame or a miss. The
 * port hands the pages of freed tables out again at once, filled with poison that looks like entries: a reader
 * that believes what it reads in a freed table gets a wrong address.
 *
 * All of it without the software TLB, and with one that all threads use at a time, as if each were interrupted
 * and moved to another CPU all the time.
 */

#include <mem/vmap.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGES = 4096, ROUNDS = 10000, PART = 16 << 20, PARTS = 2, READERS = 2 };
#define VIRT   ((usize)0x40000000)
#define OFFSET ((usize)0x100000000) /* phys - virt: aligned for any leaf */
#define POISON 0xa5a5a5a5a5a5a5e7   /* present, and points nowhere */

typedef struct machine {
    pthread_mutex_t lock, pages_lock;
    unsigned char *memory;
    usize free[PAGES], count, out;
} Machine;

static Machine machine = {.lock = PTHREAD_MUTEX_INITIALIZER, .pages_lock = PTHREAD_MUTEX_INITIALIZER};
static MemVmap space;
static MemVmapCpus cpus;
static MemVmapCpu cpu;
static unsigned wrong, done, writers;

static usize page_get(void *context, usize size)
{
    (void)context, (void)size;
    pthread_mutex_lock(&machine.pages_lock);
    usize phys = machine.count > 0 ? machine.free[--machine.count] : MEM_VMAP_NO_PAGE;
    machine.out += phys != MEM_VMAP_NO_PAGE;
    pthread_mutex_unlock(&machine.pages_lock);
    return phys;
}

static void page_put(void *context, usize phys, usize size)
{
    (void)context;
    uint64_t *page = (uint64_t *)(machine.memory + phys);
    for (usize i = 0; i < size / sizeof *page; i++)
        __atomic_store_n(&page[i], POISON, __ATOMIC_RELAXED); /* readers may look */
    pthread_mutex_lock(&machine.pages_lock);
    machine.free[machine.count++] = phys;
    machine.out--;
    pthread_mutex_unlock(&machine.pages_lock);
}

static void lock(void *context)
{
    (void)context;
    pthread_mutex_lock(&machine.lock);
}

static void unlock(void *context)
{
    (void)context;
    pthread_mutex_unlock(&machine.lock);
}

static void invalidate(void *context, const MemVmapPlan *plan)
{
    (void)context, (void)plan;
}

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static void complain(const char *what, usize virt, usize phys)
{
    if (__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED) == 0)
        printf("%s: 0x%zx is at 0x%zx\n", what, virt, phys);
}

static void *write_part(void *argument)
{
    usize part = (usize)argument, base = VIRT + part * PART;
    uint64_t random = part + 1;
    for (unsigned round = 0; round < ROUNDS; round++) {
        usize first = next_random(&random) % PART & ~(usize)0xfff;
        usize most = PART - first,
              len = next_random(&random) % (next_random(&random) & 1 ? most : 0x4000) + 1;
        usize virt = base + first;
        len = len < most ? len : most;
        switch (next_random(&random) % 8) {
        case 0 ... 2:
            mem_vmap_map(&space, virt + OFFSET, virt, len, MEM_VMAP_WRITE);
            break;
        case 3 ... 5:
            mem_vmap_unmap(&space, virt, len);
            break;
        case 6:
            mem_vmap_protect(&space, virt, len, round & 1 ? MEM_VMAP_WRITE : 0);
            break;
        default:
            mem_vmap_collapse(&space, base, PART);
        }
        /* What this thread has unmapped, nobody else maps: it must be gone for every reader from now on. */
        if (round % 64 == 0) {
            mem_vmap_unmap(&space, base, PART);
            if (mem_vmap_lookup(&space, virt, NULL) != MEM_EMISS)
                complain("still mapped after its unmap", virt, 0);
        }
    }
    __atomic_fetch_add(&done, 1, __ATOMIC_RELEASE);
    return NULL;
}

static int check_run(void *context, const MemVmapRun *run)
{
    (void)context;
    if (run->phys != run->virt + OFFSET)
        complain("walk", run->virt, run->phys);
    return 0;
}

static void *read_all(void *argument)
{
    uint64_t random = (usize)argument + 100;
    unsigned long hits = 0;
    while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) < writers) {
        usize virt = VIRT + next_random(&random) % (PARTS * (usize)PART);
        MemVmapLeaf leaf;
        usize phys = mem_vmap_translate(&space, virt);
        if (phys != 0 && phys != virt + OFFSET)
            complain("translate", virt, phys);
        hits += phys != 0;
        if (mem_vmap_lookup(&space, virt, &leaf) == 0 && leaf.phys != virt + OFFSET)
            complain("lookup", virt, leaf.phys);
        if (next_random(&random) % 64 == 0)
            mem_vmap_walk(&space, virt, 0x400000, NULL, check_run, NULL);
    }
    return (void *)hits;
}

static void execute(void *context, const MemVmapStep *steps, unsigned count)
{
    (void)context, (void)steps, (void)count;
}

static void fill_memory(void)
{
    for (machine.count = 0; machine.count < PAGES; machine.count++)
        machine.free[machine.count] = (PAGES - 1 - machine.count) * 4096;
    memset(machine.memory, 0xa5, (usize)PAGES * 4096);
}

static MemVmapPort make_port(MemVmapCpus *with)
{
    MemVmapPort port = {
        .page_get = page_get,
        .page_put = page_put,
        .cpus = with,
        .lock = lock,
        .unlock = unlock,
        .direct_map = (usize)machine.memory,
    };
    if (with == NULL)
        port.invalidate_here = port.invalidate_there = invalidate;
    return port;
}

static void run(unsigned count, MemVmapCpus *with)
{
    pthread_t writing[PARTS], reading[READERS];
    void *hits[READERS];
    MemVmapDefect defect;
    MemVmapPort port = make_port(with);
    MemVmapOptions options = {.cache_pages = MEM_VMAP_NO_CACHE};
    fill_memory();
    done = 0;
    writers = count;
    if (mem_vmap_init(&space, &port, NULL, &options) != 0)
        abort();
    for (usize i = 0; i < READERS; i++)
        pthread_create(&reading[i], NULL, read_all, (void *)i);
    for (usize i = 0; i < count; i++)
        pthread_create(&writing[i], NULL, write_part, (void *)i);
    for (usize i = 0; i < count; i++)
        pthread_join(writing[i], NULL);
    for (usize i = 0; i < READERS; i++)
        pthread_join(reading[i], &hits[i]);
    if (mem_vmap_verify(&space, &defect) != 0)
        complain(defect.rule, defect.virt, defect.entry);
    mem_vmap_destroy(&space);
    if (machine.out != 0 || hits[0] == NULL || hits[1] == NULL)
        complain("table pages that did not come back, or no hits", machine.out, 0);
    printf("%u writers, %s software TLB: %lu and %lu hits, %u wrong\n", count, with ? "a" : "no",
           (unsigned long)hits[0], (unsigned long)hits[1], wrong);
}

int main(void)
{
    MemVmapCpuPort cpu_port = {.execute = execute};
    if (posix_memalign((void **)&machine.memory, 4096, (usize)PAGES * 4096) != 0)
        return 1;
    mem_vmap_cpus_init(&cpus, &cpu_port, mem_vmap_cpu_type_find("x86_64"), NULL);
    mem_vmap_cpu_join(&cpu, &cpus, 0);
    for (unsigned count = 1; count <= PARTS; count++) {
        run(count, NULL);
        run(count, &cpus);
    }
    free(machine.memory);
    return wrong != 0;
}
