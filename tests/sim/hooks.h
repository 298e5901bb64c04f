/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SIM_HOOKS_H
#define TESTS_SIM_HOOKS_H

/*
 * A configuration of the engine (MEM_VMAP_CONFIG_FILE) whose every access to what CPUs share calls the simulator,
 * and in which everything of fixed size is so small that it overflows.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mem_vmap;

uint64_t hook_load(const uint64_t *slot);
void hook_store(uint64_t *slot, uint64_t entry);
bool hook_exchange(uint64_t *slot, uint64_t *expected, uint64_t entry);
void hook_atomic(int order);
void *hook_pointer(uint64_t phys);

#define MEM_VMAP_ENTRY_LOAD(slot)                      hook_load(slot)
#define MEM_VMAP_ENTRY_STORE(slot, entry)              hook_store((slot), (entry))
#define MEM_VMAP_ENTRY_EXCHANGE(slot, expected, entry) hook_exchange((slot), (expected), (entry))
#define MEM_VMAP_PHYS_TO_PTR(vmap, phys)               ((void)(vmap), hook_pointer(phys))

/* Every other atomic access: more than MEM_VMAP_SHARED_ACCESS says. A macro is not expanded in its own expansion. */
#define __atomic_load_n(word, order) (hook_atomic(order), __atomic_load_n((word), (order)))
#define __atomic_store_n(word, value, order)                                                               \
    (hook_atomic(order), __atomic_store_n((word), (value), (order)))
#define __atomic_add_fetch(word, n, order) (hook_atomic(order), __atomic_add_fetch((word), (n), (order)))
#define __atomic_fetch_or(word, bits, order)                                                               \
    (hook_atomic(order), __atomic_fetch_or((word), (bits), (order)))
#define __atomic_fetch_and(word, bits, order)                                                              \
    (hook_atomic(order), __atomic_fetch_and((word), (bits), (order)))
#define __atomic_compare_exchange_n(word, expected, value, weak, order, failure)                           \
    (hook_atomic(order),                                                                                   \
     __atomic_compare_exchange_n((word), (expected), (value), (weak), (order), (failure)))

#define MEM_VMAP_CPUS         4
#define MEM_VMAP_ASIDS        2
#define MEM_VMAP_TLB_LINES    4
#define MEM_VMAP_BATCH_RANGES 3
#define MEM_VMAP_BATCH_TABLES 8
#define MEM_VMAP_READ_RETRIES 2

#endif
