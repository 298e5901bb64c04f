/* SPDX-License-Identifier: MIT */
#ifndef MEM_VMAP_CONFIG_H
#define MEM_VMAP_CONFIG_H

/*
 * What a kernel may set when it compiles MemVmap: sizes, and the hot hooks, which are macros because
 * a call through a pointer would cost more than the work they do. Every one has a default.
 *
 * To override some, name a header of your own and define them in it:
 *
 *     -DMEM_VMAP_CONFIG_FILE='"my_vmap_config.h"'
 *
 * The library and everything that includes <mem/vmap.h> must see the same values.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef MEM_VMAP_CONFIG_FILE
#include MEM_VMAP_CONFIG_FILE
#endif

typedef size_t usize;

/*
 * Ranges that a batch remembers before it degrades to "everything of this space". Calls keep a batch and a
 * plan on the stack: 24 bytes each for a range, 40 for a table.
 */
#ifndef MEM_VMAP_BATCH_RANGES
#define MEM_VMAP_BATCH_RANGES 8
#endif
#if MEM_VMAP_BATCH_RANGES < 1 || MEM_VMAP_BATCH_RANGES > 64
#error "MEM_VMAP_BATCH_RANGES: 1 to 64"
#endif

/* Dropped tables (each with all that hangs below it) that a batch holds before it must flush. */
#ifndef MEM_VMAP_BATCH_TABLES
#define MEM_VMAP_BATCH_TABLES 32
#endif
#if MEM_VMAP_BATCH_TABLES < 8 || MEM_VMAP_BATCH_TABLES > 128
#error "MEM_VMAP_BATCH_TABLES: 8 to 128"
#endif

/* Free table pages that a space keeps beyond what it owes, where MemVmapOptions names no number. */
#ifndef MEM_VMAP_CACHE_PAGES
#define MEM_VMAP_CACHE_PAGES 64
#endif
#if MEM_VMAP_CACHE_PAGES < 0
#error "MEM_VMAP_CACHE_PAGES: 0 or more"
#endif

/* How often a reader that met a freed table walks again before it takes the lock, where there is one. */
#ifndef MEM_VMAP_READ_RETRIES
#define MEM_VMAP_READ_RETRIES 16
#endif
#if MEM_VMAP_READ_RETRIES < 1
#error "MEM_VMAP_READ_RETRIES: 1 or more"
#endif

/* CPUs that a MemVmapCpus has room for: 8 bytes each, and 2 bits in each space. */
#ifndef MEM_VMAP_CPUS
#define MEM_VMAP_CPUS 64
#endif
#if MEM_VMAP_CPUS < 1 || MEM_VMAP_CPUS > 4096
#error "MEM_VMAP_CPUS: 1 to 4096"
#endif

/* Spaces that each CPU keeps apart by ASIDs, where it has them; the next takes over the ASID of one of them. */
#ifndef MEM_VMAP_ASIDS
#define MEM_VMAP_ASIDS 6
#endif
#if MEM_VMAP_ASIDS < 1 || MEM_VMAP_ASIDS > 4095
#error "MEM_VMAP_ASIDS: 1 to 4095"
#endif

/*
 * Lines of each CPU's software TLB, 40 bytes each: a line knows the way to the leaves of one block of the lowest
 * table (2 MiB with 4 KiB pages). 0: there is none, and lookup and translate start at the root.
 */
#ifndef MEM_VMAP_TLB_LINES
#define MEM_VMAP_TLB_LINES 512
#endif
#if MEM_VMAP_TLB_LINES < 0 || (MEM_VMAP_TLB_LINES & (MEM_VMAP_TLB_LINES - 1)) != 0
#error "MEM_VMAP_TLB_LINES: 0 or a power of two"
#endif

/* The calling CPU (a MemVmapCpu), or null. A kernel that has it in a register or a per-CPU variable says so. */
#ifndef MEM_VMAP_CPU_HERE
#define MEM_VMAP_CPU_HERE(cpus)                                                                            \
    ((cpus)->port.here != NULL ? (cpus)->port.here((cpus)->port.context) : (cpus)->cpu[0])
#endif

/*
 * Called before each access to a word by which CPUs agree on shootdowns: sets, generations, acknowledgements.
 * For simulators, which let another CPU go first there.
 */
#ifndef MEM_VMAP_SHARED_ACCESS
#define MEM_VMAP_SHARED_ACCESS() ((void)0)
#endif

/*
 * Tells a tracer what happens inside, which no call shows from outside; nothing by default, and the arguments are not
 * computed. With the space's lock held but for the last three; whoever traces calls no function of this library.
 *
 *   split       the space, the address of a leaf that is split, the level of the leaf (1: the lowest that splits)
 *   drop        the space, the first address of an emptied table, the tables that go with it
 *   shoot_down  the space, the ranges of the plan, 1 for a plan of everything; with the lock or without
 *   walk_again  the space, the address for which a reader met a freed table, 0
 *   wait        the CPUs, the number of one that has yet to forget a plan, the number of the plan
 *   waited      the same, when it has
 *
 * tools/perf/usdt.h makes static probes of them.
 */
#ifndef MEM_VMAP_TRACE
#define MEM_VMAP_TRACE(event, subject, first, second) ((void)0)
#endif

/*
 * The pointer through which the table at physical address `phys` is read and written. The default
 * adds the space's `port.direct_map`; a kernel whose direct map starts at a constant says so here
 * and saves the load.
 */
#ifndef MEM_VMAP_PHYS_TO_PTR
#define MEM_VMAP_PHYS_TO_PTR(vmap, phys) ((void *)((vmap)->port.direct_map + (phys)))
#endif

/*
 * Every access to a live entry. An access must be one 8-byte access that is never torn. Ordering
 * comes from the fences below. Override them for paravirtual guests, simulators and fault injection.
 */
#ifndef MEM_VMAP_ENTRY_LOAD
#define MEM_VMAP_ENTRY_LOAD(slot) __atomic_load_n((slot), __ATOMIC_RELAXED)
#define MEM_VMAP_ENTRY_PEEK(slot) (*(slot))
#endif
/* A load under the lock, in a loop over many entries that only the MMU writes: it may be part of a larger one. */
#ifndef MEM_VMAP_ENTRY_PEEK
#define MEM_VMAP_ENTRY_PEEK(slot) MEM_VMAP_ENTRY_LOAD(slot)
#endif
#ifndef MEM_VMAP_ENTRY_STORE
#define MEM_VMAP_ENTRY_STORE(slot, entry) __atomic_store_n((slot), (entry), __ATOMIC_RELAXED)
#endif
/* Stores `entry` if the slot still holds `*expected`; otherwise loads `*expected` and is false. */
#ifndef MEM_VMAP_ENTRY_EXCHANGE
#define MEM_VMAP_ENTRY_EXCHANGE(slot, expected, entry)                                                     \
    __atomic_compare_exchange_n((slot), (expected), (entry), false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)
#endif

/* Orders a table's contents before the store that links it. */
#ifndef MEM_VMAP_PUBLISH_FENCE
#define MEM_VMAP_PUBLISH_FENCE() __atomic_thread_fence(__ATOMIC_RELEASE)
#endif

#if SIZE_MAX < UINT64_MAX
#error "MemVmap manages 64-bit address spaces and needs a 64-bit size_t"
#endif

#endif
