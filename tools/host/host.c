/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* MAP_ANONYMOUS, MAP_NORESERVE */
#include "tools/host/host.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* As a page-table entry of any format this is present and points outside the arena. */
#define POISON_BYTE 0xa5

/* No page_get has this number. */
#define NEVER ((usize)-1)

/* Sizes of pages: HOST_PAGE_SIZE << 0 and so on. The arena is counted in units of the smallest. */
#define SIZES 5

/* The pages of one size that came back: a stack of their first units. */
typedef struct Stack {
    uint32_t *units;
    usize count;
} Stack;

struct host {
    uint8_t *arena;
    uint8_t
        *out; /* by unit: of the page that begins there the number of its size plus one, while it is out */
    Stack free[SIZES];
    usize pages; /* units */
    usize fresh; /* units from this one on were never handed out */
    usize pages_out, pages_peak;
    usize gets, failures;
    usize fail_first, fail_last; /* numbers of the page_gets that fail */
    usize shootdowns;
    MemVmapPlan last_plan;
    bool quiet;
};

static void *map_memory(usize size)
{
    int protection = PROT_READ | PROT_WRITE;
    void *memory = mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static void unmap_memory(void *memory, usize size)
{
    if (memory)
        munmap(memory, size);
}

/* Room for so many elements, touched or not. */
static usize stack_size(const Host *host, unsigned size)
{
    return ((host->pages >> size) + 1) * sizeof(uint32_t);
}

static bool map_stacks(Host *host)
{
    bool all = true;
    for (unsigned size = 0; size < SIZES; size++) {
        host->free[size].units = map_memory(stack_size(host, size));
        all &= host->free[size].units != NULL;
    }
    return all;
}

Host *host_new(usize pages)
{
    if (pages == 0 || pages > UINT32_MAX)
        return NULL;
    Host *host = calloc(1, sizeof *host);
    if (!host)
        return NULL;
    host->pages = pages;
    host->arena = map_memory(pages * HOST_PAGE_SIZE);
    host->out = map_memory(pages);
    host_fail_never(host);
    if (map_stacks(host) && host->arena && host->out)
        return host;
    host_free(host);
    return NULL;
}

void host_free(Host *host)
{
    if (!host)
        return;
    unmap_memory(host->arena, host->pages * HOST_PAGE_SIZE);
    unmap_memory(host->out, host->pages);
    for (unsigned size = 0; size < SIZES; size++)
        unmap_memory(host->free[size].units, stack_size(host, size));
    free(host);
}

static void poison(const Host *host, usize unit, usize bytes)
{
    if (!host->quiet)
        memset(host->arena + unit * HOST_PAGE_SIZE, POISON_BYTE, bytes);
}

/* A defect of the library: what follows would be meaningless, and a core shows who called. */
static _Noreturn void defect(const char *what, usize phys, usize bytes)
{
    fprintf(stderr, "host: %s: physical 0x%zx, size %zu\n", what, phys, bytes);
    abort();
}

/* The number of a size; SIZES where there is none. */
static unsigned size_number(usize bytes)
{
    unsigned size = 0;
    while (size < SIZES && HOST_PAGE_SIZE << size != bytes)
        size++;
    return size;
}

static void push(Host *host, unsigned size, usize unit)
{
    Stack *stack = &host->free[size];
    stack->units[stack->count++] = (uint32_t)unit;
}

/* The first unit at or after `fresh` where a page of the size may begin. */
static usize next_fresh(const Host *host, unsigned size)
{
    usize units = (usize)1 << size;
    return (host->fresh + units - 1) & ~(units - 1);
}

static bool get_fails(const Host *host, unsigned size)
{
    if (host->gets >= host->fail_first && host->gets <= host->fail_last)
        return true;
    return host->free[size].count == 0 && next_fresh(host, size) + ((usize)1 << size) > host->pages;
}

/* A page that was never handed out. Units that are left in front of it become small pages. */
static usize take_fresh(Host *host, unsigned size)
{
    usize unit = next_fresh(host, size);
    while (host->fresh < unit) {
        poison(host, host->fresh, HOST_PAGE_SIZE);
        push(host, 0, host->fresh++);
    }
    host->fresh += (usize)1 << size;
    poison(host, unit,
           HOST_PAGE_SIZE << size); /* mmap's zeros would hide that the library forgot to clear it */
    return unit;
}

static usize page_get(void *context, usize bytes)
{
    Host *host = context;
    unsigned size = size_number(bytes);
    if (size == SIZES)
        defect("page_get of a size that this host does not have", 0, bytes);
    host->gets++;
    if (get_fails(host, size)) {
        host->failures++;
        return MEM_VMAP_NO_PAGE;
    }
    Stack *free = &host->free[size];
    usize unit = free->count > 0 ? free->units[--free->count] : take_fresh(host, size);
    host->out[unit] = (uint8_t)(size + 1);
    host->pages_out++;
    if (host->pages_out > host->pages_peak)
        host->pages_peak = host->pages_out;
    return HOST_PHYS_BASE + unit * HOST_PAGE_SIZE;
}

static void page_put(void *context, usize phys, usize bytes)
{
    Host *host = context;
    unsigned size = size_number(bytes);
    if (size == SIZES || phys % bytes != 0)
        defect("page_put of something that is not a page", phys, bytes);
    usize unit = (phys - HOST_PHYS_BASE) / HOST_PAGE_SIZE;
    if (phys < HOST_PHYS_BASE || unit >= host->fresh)
        defect("page_put of a page that was never given", phys, bytes);
    if (host->out[unit] != size + 1)
        defect("page_put of a page that is not out, or has another size", phys, bytes);
    host->out[unit] = 0;
    host->pages_out--;
    push(host, size, unit);
    poison(host, unit, bytes);
}

static void invalidate_here(void *context, const MemVmapPlan *plan)
{
    Host *host = context;
    host->shootdowns++;
    host->last_plan = *plan;
}

MemVmapPort host_port(Host *host)
{
    return (MemVmapPort){
        .page_get = page_get,
        .page_put = page_put,
        .invalidate_here = invalidate_here,
        .direct_map = (usize)host->arena - HOST_PHYS_BASE,
        .context = host,
    };
}

void host_quiet(Host *host)
{
    host->quiet = true;
}

void host_fail_once(Host *host, usize k)
{
    host->fail_first = host->gets + k;
    host->fail_last = host->fail_first;
}

void host_fail_from(Host *host, usize k)
{
    host->fail_first = host->gets + k;
    host->fail_last = NEVER;
}

void host_fail_never(Host *host)
{
    host->fail_first = NEVER;
    host->fail_last = 0;
}

usize host_failures(const Host *host)
{
    return host->failures;
}

usize host_pages_out(const Host *host)
{
    return host->pages_out;
}

usize host_pages_peak(const Host *host)
{
    return host->pages_peak;
}

usize host_page_gets(const Host *host)
{
    return host->gets;
}

usize host_shootdowns(const Host *host)
{
    return host->shootdowns;
}

const MemVmapPlan *host_last_plan(const Host *host)
{
    return &host->last_plan;
}
