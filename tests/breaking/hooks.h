/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BREAKING_HOOKS_H
#define TESTS_BREAKING_HOOKS_H

/* Lets the test look at the tables before and after each store of the engine. */

#include <stdbool.h>
#include <stdint.h>

void before_store(void);
void after_store(void);

static inline void watched_store(uint64_t *slot, uint64_t entry)
{
    before_store();
    __atomic_store_n(slot, entry, __ATOMIC_RELAXED);
    after_store();
}

static inline bool watched_exchange(uint64_t *slot, uint64_t *expected, uint64_t entry)
{
    before_store();
    bool done =
        __atomic_compare_exchange_n(slot, expected, entry, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
    after_store();
    return done;
}

#define MEM_VMAP_ENTRY_STORE(slot, entry)              watched_store((slot), (entry))
#define MEM_VMAP_ENTRY_EXCHANGE(slot, expected, entry) watched_exchange((slot), (expected), (entry))

#endif
