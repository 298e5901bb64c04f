/* SPDX-License-Identifier: MIT */
#include "tests/exhaustive/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The low bits name a kind and level that no format has: whoever reads it as an entry aborts. */
enum { POISON = 0xbb };

void machine_init(Machine *machine, unsigned page_size)
{
    unsigned fit = MACHINE_BYTES / page_size;
    *machine = (Machine){.page_size = page_size, .page_count = fit < MACHINE_PAGES ? fit : MACHINE_PAGES};
    memset(machine->memory, POISON, sizeof machine->memory);
}

void machine_begin_call(Machine *machine, PageSet linked)
{
    machine->linked = linked;
    machine->refuse = 0;
    machine->gets = machine->refusals = machine->plans = machine->lost_count = 0;
    machine->everything = machine->tables = machine->global = false;
    machine->forgotten = 0;
}

static void stop(const char *what, usize number)
{
    fprintf(stderr, "%s: 0x%zx\n", what, number);
    abort();
}

/* Neighbours change places, so that address 0 is that of an everyday table and not of the root. */
static unsigned next_page(const Machine *machine)
{
    unsigned slot = 0;
    while (slot < machine->page_count && (machine->out >> (slot ^ 1) & 1))
        slot++;
    if (slot == machine->page_count)
        stop("more table pages than the tree, its credits and the cache can need", slot);
    return slot ^ 1;
}

static usize machine_get(void *context, usize size)
{
    Machine *machine = context;
    if (size != machine->page_size)
        stop("page_get of another size", size);
    if (machine->refuse >> machine->gets++ & 1) {
        machine->refusals++;
        return MEM_VMAP_NO_PAGE;
    }
    unsigned page = next_page(machine);
    machine->out |= (PageSet)1 << page;
    return page * size;
}

static void machine_put(void *context, usize phys, usize size)
{
    Machine *machine = context;
    usize page = phys / size;
    PageSet bit = (PageSet)1 << page % MACHINE_PAGES;
    if (size != machine->page_size || phys % size != 0 || page >= machine->page_count ||
        !(machine->out & bit))
        stop("page_put of a page that is not out", phys);
    if ((machine->linked & bit) && !machine->tables)
        stop("page_put of a table before the CPUs were told", phys);
    machine->out &= ~bit;
    memset(machine->memory + phys, POISON, size);
}

/* The address space has a power of two of pages, at most as many as a set: the low bits tell them apart. */
static void note_range(Machine *machine, const MemVmapRange *range)
{
    usize steps = (range->last - range->first) / range->stride + 1;
    if (steps > MACHINE_PAGES)
        stop("a plan for more pages than there are", steps);
    for (usize i = 0; i < steps; i++)
        machine->forgotten |= (PageSet)1 << ((range->first + i * range->stride) / 4096 % MACHINE_PAGES);
}

static void machine_invalidate(void *context, const MemVmapPlan *plan)
{
    Machine *machine = context;
    machine->plans++;
    machine->everything |= plan->everything;
    machine->tables |= plan->tables;
    machine->global |= plan->global;
    for (unsigned i = 0; i < plan->count; i++)
        note_range(machine, &plan->ranges[i]);
}

static void machine_lost(void *context, usize virt, usize len)
{
    Machine *machine = context;
    if (machine->lost_count == MACHINE_LOST)
        stop("a third leaf lost", virt);
    machine->lost[machine->lost_count++] = (MemVmapRange){virt, virt + (len - 1), len};
}

MemVmapPort machine_port(Machine *machine)
{
    return (MemVmapPort){
        .page_get = machine_get,
        .page_put = machine_put,
        .invalidate_here = machine_invalidate,
        .lost = machine_lost,
        .direct_map = (usize)machine->memory,
        .context = machine,
    };
}
