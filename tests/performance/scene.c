/* SPDX-License-Identifier: MIT */
#include "driver.h"

#include <stdlib.h>

/* 64 GiB of 1 GiB leaves, with a page for each table that splitting them all would take, and the tables above. */
enum { ARENA_PAGES = 64 * 513 + 64 };

static _Alignas(4096) char arena[ARENA_PAGES][4096];
static unsigned handed_out;

static MemVmapCpus cpus;
static MemVmapCpu cpu[2];
static unsigned lock_word;

Scene scene;

static usize page_get(void *context, usize size)
{
    (void)context, (void)size;
    return handed_out < ARENA_PAGES ? (usize)arena[handed_out++] : MEM_VMAP_NO_PAGE;
}

static void forget_nothing(void *context, const MemVmapPlan *plan)
{
    (void)context, (void)plan;
}

static void open_with(const MemVmapPort *port)
{
    MemVmapOptions options = {.cache_pages = ARENA_PAGES};
    handed_out = 0;
    scene.count = 0;
    scene.flags = MEM_VMAP_WRITE;
    if (mem_vmap_init(&scene.vmap, port, mem_vmap_format_find("x86_64_4level"), &options) != 0)
        abort();
}

void scene_open(void)
{
    open_with(&(MemVmapPort){.page_get = page_get, .invalidate_here = forget_nothing});
}

static void execute_nothing(void *context, const MemVmapStep *steps, unsigned count)
{
    (void)context, (void)steps, (void)count;
}

static MemVmapCpu *first_cpu(void *context)
{
    (void)context;
    return &cpu[0];
}

/* The second CPU runs nothing: nobody is to be told. */
static void interrupt_nobody(void *context, const MemVmapCpuSet *targets)
{
    (void)context, (void)targets;
    abort();
}

static void lock(void *context)
{
    (void)context;
    while (__atomic_exchange_n(&lock_word, 1, __ATOMIC_ACQUIRE) != 0) {
    }
}

static void unlock(void *context)
{
    (void)context;
    __atomic_store_n(&lock_word, 0, __ATOMIC_RELEASE);
}

void scene_open_smp(void)
{
    MemVmapCpuPort cpu_port = {
        .execute = execute_nothing, .here = first_cpu, .interrupt = interrupt_nobody};
    MemVmapCpuFeatures features = {.asids = 4096, .by_asid = true, .globals = true};
    if (mem_vmap_cpus_init(&cpus, &cpu_port, mem_vmap_cpu_type_find("x86_64"), &features) != 0 ||
        mem_vmap_cpu_join(&cpu[0], &cpus, 0) != 0 || mem_vmap_cpu_join(&cpu[1], &cpus, 1) != 0)
        abort();
    open_with(&(MemVmapPort){.page_get = page_get, .cpus = &cpus, .lock = lock, .unlock = unlock});
    mem_vmap_switch_to(&scene.vmap);
}

void scene_close(void)
{
    for (unsigned i = 0; i < 2; i++)
        mem_vmap_cpu_leave(&cpu[i]);
    mem_vmap_destroy(&scene.vmap);
}

static void place(usize offset, usize len)
{
    scene.places[scene.count++] = (Place){VIRT + offset, PHYS + offset, len};
}

static void keep(usize offset)
{
    scene.failed |= mem_vmap_map(&scene.vmap, PHYS + offset, VIRT + offset, PAGE, MEM_VMAP_WRITE);
}

void singles(void)
{
    enum { TABLES = 4 };
    for (unsigned i = 0; i < TABLES * 256; i++)
        keep(i % TABLES * TABLE + i / TABLES * 2 * PAGE);
    for (unsigned i = 0; i < PLACES_MAX; i++)
        place(i % TABLES * TABLE + (i * 101 % 256 * 2 + 1) * PAGE, PAGE);
}

void sparse(void)
{
    for (unsigned i = 0; i < 8; i++) {
        keep(i * TABLE + 511 * PAGE);
        place(i * TABLE + i * PAGE, PAGE);
    }
}

void runs_of_256(void)
{
    for (unsigned i = 0; i < 8; i++) {
        usize first = i * TABLE + (1 + i * 31) * PAGE;
        keep(first - PAGE);
        place(first, 256 * PAGE);
    }
}

void runs_kept(void)
{
    for (unsigned i = 0; i < 4; i++) {
        usize first = 2 * i * TABLE + 256 * PAGE;
        keep(first - PAGE);
        keep(first + TABLE);
        place(first, TABLE);
    }
}

/* Places one after the other, and a page behind them that keeps the tables above theirs. */
static void row(unsigned count, usize len, int flags)
{
    keep(count * len);
    for (unsigned i = 0; i < count; i++)
        place(i * len, len);
    scene.flags |= flags;
}

void runs_new(void)
{
    row(4, TABLE, MEM_VMAP_CAP_4K);
}

void gib_of_pages(void)
{
    row(1, GIB, MEM_VMAP_CAP_4K);
}

void gib_of_2m(void)
{
    row(1, GIB, MEM_VMAP_CAP_2M);
}

void many_gib(void)
{
    row(1, 64 * GIB, 0);
}

void leaf_of_2m(void)
{
    row(4, TABLE, 0);
}

void leaf_of_1g(void)
{
    row(1, GIB, 0);
}

void map_all(void)
{
    for (const Place *is = scene.places; is < scene.places + scene.count; is++)
        scene.failed |= mem_vmap_map(&scene.vmap, is->phys, is->virt, is->len, scene.flags);
}

void unmap_all(void)
{
    for (const Place *is = scene.places; is < scene.places + scene.count; is++)
        mem_vmap_unmap(&scene.vmap, is->virt, is->len);
}

void protect_all(int flags)
{
    for (const Place *is = scene.places; is < scene.places + scene.count; is++)
        scene.failed |= mem_vmap_protect(&scene.vmap, is->virt, is->len, flags);
}
