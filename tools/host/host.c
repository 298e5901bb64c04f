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

struct host {
    uint8_t *arena;
    uint8_t *out;   /* by page: handed out */
    uint32_t *free; /* stack of the pages that came back */
    usize free_count;
    usize pages;
    usize fresh; /* pages from this one on were never handed out */
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
    host->free = map_memory(pages * sizeof *host->free);
    host_fail_never(host);
    if (host->arena && host->out && host->free)
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
    unmap_memory(host->free, host->pages * sizeof *host->free);
    free(host);
}

static void poison(const Host *host, usize page)
{
    if (!host->quiet)
        memset(host->arena + page * HOST_PAGE_SIZE, POISON_BYTE, HOST_PAGE_SIZE);
}

/* A defect of the library: what follows would be meaningless, and a core shows who called. */
static _Noreturn void defect(const char *what, usize phys, usize size)
{
    fprintf(stderr, "host: %s: physical 0x%zx, size %zu\n", what, phys, size);
    abort();
}

static bool get_fails(const Host *host)
{
    if (host->gets >= host->fail_first && host->gets <= host->fail_last)
        return true;
    return host->free_count == 0 && host->fresh == host->pages;
}

static usize page_get(void *context, usize size)
{
    Host *host = context;
    if (size != HOST_PAGE_SIZE)
        defect("page_get of a size that this host does not have", 0, size);
    host->gets++;
    if (get_fails(host)) {
        host->failures++;
        return MEM_VMAP_NO_PAGE;
    }
    usize page;
    if (host->free_count > 0) {
        page = host->free[--host->free_count];
    } else {
        page = host->fresh++;
        poison(host, page); /* what mmap gave is zero, and a library that forgot to clear it would get by */
    }
    host->out[page] = 1;
    host->pages_out++;
    if (host->pages_out > host->pages_peak)
        host->pages_peak = host->pages_out;
    return HOST_PHYS_BASE + page * HOST_PAGE_SIZE;
}

static void page_put(void *context, usize phys, usize size)
{
    Host *host = context;
    if (size != HOST_PAGE_SIZE || phys % HOST_PAGE_SIZE != 0)
        defect("page_put of something that is not a page", phys, size);
    usize page = (phys - HOST_PHYS_BASE) / HOST_PAGE_SIZE;
    if (phys < HOST_PHYS_BASE || page >= host->fresh)
        defect("page_put of a page that was never given", phys, size);
    if (!host->out[page])
        defect("page_put of a page that is back already", phys, size);
    host->out[page] = 0;
    host->pages_out--;
    host->free[host->free_count++] = (uint32_t)page;
    poison(host, page);
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
