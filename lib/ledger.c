/* SPDX-License-Identifier: MIT */

#include "lib/ledger.h"

uint64_t mem_vmap_ledger_post(MemVmapLedger *ledger, const MemVmapPlan *plan, uint64_t space,
                              uint64_t space_generation)
{
    uint64_t stamp = shared_load(&ledger->stamp);
    bool ours = (stamp & 1) == 0 && shared_replace(&ledger->stamp, stamp, stamp | 1);
    if (ours) {
        __atomic_thread_fence(__ATOMIC_RELEASE);
        ledger_write(ledger->latest, plan);
        ledger_put(&ledger->space, space);
        ledger_put(&ledger->space_generation, space_generation);
    }
    uint64_t generation = shared_count(&ledger->generation);
    if (ours)
        shared_store(&ledger->stamp, 2 * generation);
    return generation;
}

/* The order of loads is that of a sequence lock's reader. A copy that is not to be believed may say anything. */
bool mem_vmap_ledger_read(const MemVmapLedger *ledger, uint64_t generation, Posted *posted)
{
    if (shared_load(&ledger->stamp) != 2 * generation)
        return false;
    ledger_copy(ledger->latest, &posted->plan);
    posted->space = ledger_get(&ledger->space);
    posted->space_generation = ledger_get(&ledger->space_generation);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return shared_load(&ledger->stamp) == 2 * generation;
}
