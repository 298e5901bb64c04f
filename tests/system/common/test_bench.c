/* SPDX-License-Identifier: MIT */

/*
 * Micro-benchmarks on the bare machine: what a call costs in a space that CPUs run, with locks and shootdowns. Each
 * figure is also given as a ratio to storing 512 words, measured in the same run. In an emulator only the ratios mean
 * something, and those roughly.
 */

#include "common/kernel.h"

enum { REPETITIONS = 200, WORDS = 512, PAGES = 256, SCATTERED = 8 };

#define VIRT ((usize)16 << 30)

static MemVmap space;
static volatile uint64_t words[WORDS];
static uint64_t reference; /* cycles of all repetitions */
static uint64_t entered;   /* CPUs that are in the space; 0: it is not there yet */

static usize page_size(void)
{
    return (usize)parameters->page_kib << 10;
}

static usize large_size(void)
{
    return page_size() * (page_size() / 8);
}

static void map(usize virt, usize len, int flags)
{
    if (mem_vmap_map(&space, machine.arena.first, virt, len, flags) != MEM_OK)
        panic("cannot map");
}

/* What is measured, and what undoes it. */
typedef struct Benchmark {
    const char *name;
    void (*before)(void);
    void (*measured)(void);
    void (*after)(void);
} Benchmark;

static void nothing(void)
{
}

static void store_words(void)
{
    for (unsigned i = 0; i < WORDS; i++)
        words[i] = i;
}

static void map_page(void)
{
    map(VIRT, page_size(), MEM_VMAP_WRITE);
}

static void unmap_page(void)
{
    mem_vmap_unmap(&space, VIRT, page_size());
}

static void map_pages(void)
{
    map(VIRT, PAGES * page_size(), MEM_VMAP_WRITE | MEM_VMAP_CAP_4K);
}

static void unmap_pages(void)
{
    mem_vmap_unmap(&space, VIRT, PAGES * page_size());
}

static void map_large(void)
{
    map(VIRT, large_size(), MEM_VMAP_WRITE);
}

static void unmap_large(void)
{
    mem_vmap_unmap(&space, VIRT, large_size());
}

static void protect_pages(void)
{
    if (mem_vmap_protect(&space, VIRT, PAGES * page_size(), 0) != MEM_OK)
        panic("cannot protect");
}

static void translate_page(void)
{
    if (mem_vmap_translate(&space, VIRT) == 0)
        panic("not mapped");
}

static void map_scattered(void)
{
    for (unsigned i = 0; i < SCATTERED; i++)
        map(VIRT + 4 * i * page_size(), page_size(), 0);
}

static void unmap_scattered(void)
{
    for (unsigned i = 0; i < SCATTERED; i++)
        mem_vmap_unmap(&space, VIRT + 4 * i * page_size(), page_size());
}

static void unmap_scattered_in_batch(void)
{
    MemVmapBatch batch;
    if (mem_vmap_batch_begin(&batch, &space) != MEM_OK)
        panic("no batch");
    for (unsigned i = 0; i < SCATTERED; i++)
        mem_vmap_batch_unmap(&batch, VIRT + 4 * i * page_size(), page_size());
    mem_vmap_batch_end(&batch);
}

static const Benchmark benchmarks[] = {
    {"store 512 words (reference)", nothing, store_words, nothing},
    {"map a page", nothing, map_page, unmap_page},
    {"unmap a page", map_page, unmap_page, nothing},
    {"map 256 pages", nothing, map_pages, unmap_pages},
    {"protect 256 pages", map_pages, protect_pages, unmap_pages},
    {"unmap 256 pages", map_pages, unmap_pages, nothing},
    {"map a large leaf", nothing, map_large, unmap_large},
    {"unmap part of one (split)", map_large, unmap_page, unmap_large},
    {"translate", map_page, translate_page, unmap_page},
    {"unmap 8 scattered pages", map_scattered, unmap_scattered, nothing},
    {"the same in a batch", map_scattered, unmap_scattered_in_batch, nothing},
};

/* Cycles of all repetitions. */
static uint64_t measure(const Benchmark *benchmark)
{
    uint64_t cycles = 0;
    for (unsigned i = 0; i < REPETITIONS; i++) {
        benchmark->before();
        uint64_t before = machine_cycles();
        benchmark->measured();
        cycles += machine_cycles() - before;
        benchmark->after();
    }
    return cycles;
}

/* Beyond what it takes to measure nothing. */
static void run(const Benchmark *benchmark)
{
    static const Benchmark none = {"", nothing, nothing, nothing};
    uint64_t cycles = measure(benchmark), overhead = measure(&none);
    cycles = cycles > overhead ? cycles - overhead : 0;
    if (reference == 0)
        reference = cycles > 0 ? cycles : 1;
    uint64_t percent = cycles * 100 / reference;
    print("%lu.%lu%lu  %s\n", percent / 100, percent / 10 % 10, percent % 10, benchmark->name);
}

/* The other CPUs run the space and do nothing: what a shootdown costs is their interrupt. */
void test_cpu_main(unsigned cpu)
{
    (void)cpu;
    while (__atomic_load_n(&entered, __ATOMIC_ACQUIRE) == 0)
        machine_pause();
    space_enter(&space);
    __atomic_fetch_add(&entered, 1, __ATOMIC_RELEASE);
    for (;;)
        machine_pause();
}

ExitCode test_main(void)
{
    space_make(&space, false);
    space_enter(&space);
    __atomic_store_n(&entered, 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(&entered, __ATOMIC_ACQUIRE) != parameters->cpus)
        machine_pause();
    print("times what storing 512 words takes; in an emulator the ratios alone mean something:\n");
    for (unsigned i = 0; i < sizeof benchmarks / sizeof *benchmarks; i++)
        run(&benchmarks[i]);
    return EXIT_PASSED;
}
