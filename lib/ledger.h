/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_LEDGER_H
#define MEM_LIB_LEDGER_H

/*
 * A ledger numbers the plans of a space and keeps the latest. A CPU that has applied all but the latest plan
 * applies that; one that has missed more forgets the whole space. Nobody waits for anybody: where two plans are
 * posted at a time the second is numbered and not kept, and CPUs that would have applied it forget the space.
 */

#include "lib/shared.h"

enum { PLAN_EVERYTHING = 1, PLAN_TABLES = 2, PLAN_GLOBAL = 4, PLAN_COUNT_SHIFT = 8 };

MEM_INLINE void ledger_put(uint64_t *word, uint64_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

MEM_INLINE uint64_t ledger_get(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/* A plan as words that may be read while they are written. */
MEM_INLINE void ledger_write(uint64_t *words, const MemVmapPlan *plan)
{
    ledger_put(&words[0], plan->root);
    ledger_put(&words[1], (uint64_t)plan->count << PLAN_COUNT_SHIFT |
                              (plan->everything ? PLAN_EVERYTHING : 0) | (plan->tables ? PLAN_TABLES : 0) |
                              (plan->global ? PLAN_GLOBAL : 0));
    for (unsigned i = 0; i < plan->count; i++) {
        ledger_put(&words[2 + 3 * i], plan->ranges[i].first);
        ledger_put(&words[3 + 3 * i], plan->ranges[i].last);
        ledger_put(&words[4 + 3 * i], plan->ranges[i].stride);
    }
}

MEM_INLINE void ledger_copy(const uint64_t *words, MemVmapPlan *plan)
{
    uint64_t bits = ledger_get(&words[1]);
    plan->root = ledger_get(&words[0]);
    plan->everything = (bits & PLAN_EVERYTHING) != 0;
    plan->tables = (bits & PLAN_TABLES) != 0;
    plan->global = (bits & PLAN_GLOBAL) != 0;
    plan->count = (unsigned)(bits >> PLAN_COUNT_SHIFT);
    for (unsigned i = 0; i < plan->count; i++)
        plan->ranges[i] = (MemVmapRange){ledger_get(&words[2 + 3 * i]), ledger_get(&words[3 + 3 * i]),
                                         ledger_get(&words[4 + 3 * i])};
}

/* Adds a plan, after the stores that it is about, and returns its number. */
uint64_t mem_vmap_ledger_post(MemVmapLedger *ledger, const MemVmapPlan *plan, uint64_t space,
                              uint64_t space_generation);

/* A plan that was read from a ledger, and what it is in the ledger of its space. */
typedef struct mem_posted {
    MemVmapPlan plan;
    uint64_t space, space_generation;
} Posted;

/* Reads the plan of number `generation`. False: it is not kept, or not any more. */
bool mem_vmap_ledger_read(const MemVmapLedger *ledger, uint64_t generation, Posted *posted);

#endif
