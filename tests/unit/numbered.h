/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_NUMBERED_H
#define TESTS_UNIT_NUMBERED_H

/*
 * A few CPUs among which a space has one ASID, in one thread: a test says on which its calls run. What they are told
 * to execute is recorded, here and, where firmware tells the others, there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mem/vmap.h>

enum { CPUS = 4, SPACES = 12, TABLES = 512, STEPS = 64 };
#define PAGE ((usize)0x1000)
#define VIRT ((usize)3 << 30)
#define PHYS ((usize)5 << 30)

typedef struct numbered {
    MemVmapCpus cpus;
    MemVmapCpu cpu[CPUS];
    bool joined[CPUS];
    unsigned here;
    MemVmap space[SPACES];
    unsigned char *tables; /* TABLES pages, physical 0 upwards */
    unsigned used;
    unsigned locked, pinned; /* depths */
    unsigned interrupts, count, there_count;
    MemVmapStep steps[STEPS], there[STEPS];
    bool locked_steps;  /* some were executed with the lock held */
    uint64_t told;      /* the CPUs of the last execute_there */
    const char *broken; /* what the library did against the contract */
} Numbered;

static inline void numbered_note(Numbered *n, MemVmapStep *list, unsigned *count, const MemVmapStep *steps,
                                 unsigned add)
{
    if (n->pinned != 1)
        n->broken = "steps of a caller who may move";
    for (unsigned i = 0; i < add && *count < STEPS; i++)
        list[(*count)++] = steps[i];
}

static inline void numbered_execute(void *context, const MemVmapStep *steps, unsigned count)
{
    Numbered *n = context;
    numbered_note(n, n->steps, &n->count, steps, count);
    n->locked_steps |= n->locked > 0;
}

static inline void numbered_execute_there(void *context, const MemVmapCpuSet *targets,
                                          const MemVmapStep *steps, unsigned count)
{
    Numbered *n = context;
    n->told = targets->words[0];
    if (n->told >> n->here & 1)
        n->broken = "a CPU is told by firmware what it can do itself";
    numbered_note(n, n->there, &n->there_count, steps, count);
}

static inline MemVmapCpu *numbered_here(void *context)
{
    Numbered *n = context;
    return n->here < CPUS && n->joined[n->here] ? &n->cpu[n->here] : NULL;
}

static inline void numbered_interrupt(void *context, const MemVmapCpuSet *targets)
{
    (void)targets;
    ((Numbered *)context)->interrupts++;
}

static inline void numbered_pin(void *context)
{
    ((Numbered *)context)->pinned++;
}

static inline void numbered_unpin(void *context)
{
    ((Numbered *)context)->pinned--;
}

static inline void numbered_relax(void *context)
{
    ((Numbered *)context)->broken = "somebody waits";
}

static inline void numbered_lock(void *context)
{
    ((Numbered *)context)->locked++;
}

static inline void numbered_unlock(void *context)
{
    ((Numbered *)context)->locked--;
}

static inline usize numbered_page(void *context, usize size)
{
    Numbered *n = context;
    return n->used < TABLES && size == PAGE ? n->used++ * PAGE : MEM_VMAP_NO_PAGE;
}

typedef enum { BY_HARDWARE, BY_FIRMWARE } Teller;

static inline Numbered *numbered_new(const char *type, const MemVmapCpuFeatures *features, Teller teller,
                                     unsigned joined)
{
    Numbered *n = calloc(1, sizeof *n);
    assert_non_null(n);
    n->tables = aligned_alloc(PAGE, TABLES * PAGE);
    assert_non_null(n->tables);
    const MemVmapCpuPort port = {.execute = numbered_execute,
                                 .here = numbered_here,
                                 .interrupt = numbered_interrupt,
                                 .pin = numbered_pin,
                                 .unpin = numbered_unpin,
                                 .relax = numbered_relax,
                                 .context = n,
                                 .execute_there = teller == BY_FIRMWARE ? numbered_execute_there : NULL};
    assert_int_equal(mem_vmap_cpus_init(&n->cpus, &port, mem_vmap_cpu_type_find(type), features), 0);
    for (unsigned i = 0; i < joined; i++) {
        assert_int_equal(mem_vmap_cpu_join(&n->cpu[i], &n->cpus, i), 0);
        n->joined[i] = true;
    }
    return n;
}

static inline MemVmap *numbered_space(Numbered *n, unsigned number, const char *format)
{
    const MemVmapPort port = {.page_get = numbered_page,
                              .cpus = &n->cpus,
                              .lock = numbered_lock,
                              .unlock = numbered_unlock,
                              .direct_map = (usize)n->tables,
                              .context = n};
    const MemVmapOptions options = {.cache_pages = MEM_VMAP_NO_CACHE};
    assert_int_equal(mem_vmap_init(&n->space[number], &port, mem_vmap_format_find(format), &options), 0);
    return &n->space[number];
}

/* Forgets what was recorded so far. */
static inline void numbered_forget(Numbered *n)
{
    n->count = n->there_count = n->interrupts = 0;
    n->told = 0;
    n->locked_steps = false;
}

/* Loads a space on a CPU; what that took is recorded, and nothing else. */
static inline void numbered_switch(Numbered *n, unsigned cpu, MemVmap *space)
{
    unsigned here = n->here;
    n->here = cpu;
    numbered_forget(n);
    n->pinned = 1; /* interrupts are off */
    mem_vmap_switch_to(space);
    n->pinned = 0;
    n->here = here;
}

static inline void numbered_end(Numbered *n)
{
    assert_null(n->broken);
    assert_int_equal(n->interrupts, 0);
    assert_int_equal(n->locked, 0);
    assert_int_equal(n->pinned, 0);
    for (unsigned i = 0; i < CPUS; i++)
        if (n->joined[i])
            mem_vmap_cpu_leave(&n->cpu[i]);
    for (unsigned i = 0; i < SPACES; i++)
        mem_vmap_destroy(&n->space[i]);
    free(n->tables);
    free(n);
}

#endif
