/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_SHARED_H
#define MEM_LIB_SHARED_H

/*
 * Words by which CPUs agree: who runs a space, what there is to forget, who has forgotten it. The protocol is
 * two CPUs that each change one word and then read the other's ("this is to be forgotten: who is there?", "I am
 * here: what is to be forgotten?"). So changes and loads are sequentially consistent; a plain store, of what
 * nobody else writes, only has to come after what was done before it.
 */

#include "lib/format.h"

MEM_INLINE uint64_t shared_load(const uint64_t *word)
{
    MEM_VMAP_SHARED_ACCESS();
    return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

MEM_INLINE void shared_store(uint64_t *word, uint64_t value)
{
    MEM_VMAP_SHARED_ACCESS();
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* Adds 1 and returns the sum. */
MEM_INLINE uint64_t shared_count(uint64_t *word)
{
    MEM_VMAP_SHARED_ACCESS();
    return __atomic_add_fetch(word, 1, __ATOMIC_SEQ_CST);
}

/* Stores `value` if the word is still `expected`. */
MEM_INLINE bool shared_replace(uint64_t *word, uint64_t expected, uint64_t value)
{
    MEM_VMAP_SHARED_ACCESS();
    return __atomic_compare_exchange_n(word, &expected, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* Sets of CPUs that several CPUs change at a time. */

MEM_INLINE bool cpu_set_has(const MemVmapCpuSet *set, unsigned cpu)
{
    return (shared_load(&set->words[cpu / 64]) >> cpu % 64 & 1) != 0;
}

MEM_INLINE bool cpu_set_is_empty(const MemVmapCpuSet *set)
{
    uint64_t any = 0;
    for (unsigned i = 0; i < sizeof set->words / sizeof set->words[0]; i++)
        any |= shared_load(&set->words[i]);
    return any == 0;
}

MEM_INLINE void cpu_set_add(MemVmapCpuSet *set, unsigned cpu)
{
    MEM_VMAP_SHARED_ACCESS();
    __atomic_fetch_or(&set->words[cpu / 64], (uint64_t)1 << cpu % 64, __ATOMIC_SEQ_CST);
}

MEM_INLINE void cpu_set_remove(MemVmapCpuSet *set, unsigned cpu)
{
    MEM_VMAP_SHARED_ACCESS();
    __atomic_fetch_and(&set->words[cpu / 64], ~((uint64_t)1 << cpu % 64), __ATOMIC_SEQ_CST);
}

#endif
