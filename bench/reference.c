/* SPDX-License-Identifier: MIT */
#include "bench/reference.h"

#include <string.h>

#define INLINE static inline __attribute__((always_inline))

#define PRESENT   ((uint64_t)1 << 0)
#define PAGE_SIZE ((uint64_t)1 << 7) /* the PS bit: a large leaf */
#define FRAME     ((uint64_t)0x000ffffffffff000)
#define STEP      ((uint64_t)4096)

INLINE uint64_t load(const uint64_t *slot)
{
    return __atomic_load_n(slot, __ATOMIC_RELAXED);
}

INLINE void store(uint64_t *slot, uint64_t entry)
{
    __atomic_store_n(slot, entry, __ATOMIC_RELAXED);
}

/* Unrolled by hand: gcc rolls a loop of atomic stores, which takes twice the time. */
INLINE void store_8(uint64_t *slot, uint64_t entry)
{
    store(slot + 0, entry + 0 * STEP);
    store(slot + 1, entry + 1 * STEP);
    store(slot + 2, entry + 2 * STEP);
    store(slot + 3, entry + 3 * STEP);
    store(slot + 4, entry + 4 * STEP);
    store(slot + 5, entry + 5 * STEP);
    store(slot + 6, entry + 6 * STEP);
    store(slot + 7, entry + 7 * STEP);
}

INLINE uint64_t or_8(const uint64_t *slot)
{
    return load(slot + 0) | load(slot + 1) | load(slot + 2) | load(slot + 3) | load(slot + 4) |
           load(slot + 5) | load(slot + 6) | load(slot + 7);
}

void ref_store_table(uint64_t *table, uint64_t entry)
{
    for (unsigned i = 0; i < REF_ENTRIES; i += 8)
        store_8(table + i, entry + i * STEP);
}

bool ref_check_store_table(uint64_t *table, uint64_t entry)
{
    for (unsigned i = 0; i < REF_ENTRIES; i += 8) {
        if (or_8(table + i))
            return false;
    }
    ref_store_table(table, entry);
    return true;
}

void ref_zero_table(uint64_t *table)
{
    memset(table, 0, REF_ENTRIES * sizeof *table);
}

INLINE const uint64_t *slot_at(const uint64_t *table, size_t virt, unsigned shift)
{
    return &table[(virt >> shift) % REF_ENTRIES];
}

INLINE const uint64_t *child(const RefTables *tables, uint64_t entry)
{
    return (const uint64_t *)(tables->direct_map + (entry & FRAME));
}

INLINE size_t leaf(uint64_t entry, size_t virt, unsigned shift)
{
    size_t offset = virt & (((size_t)1 << shift) - 1);
    return (entry & FRAME & ~(((uint64_t)1 << shift) - 1)) | offset;
}

/* The physical address, or 0 on a miss. */
INLINE size_t walk(const RefTables *tables, size_t virt)
{
    uint64_t entry = load(slot_at(tables->root, virt, 39));
    if (!(entry & PRESENT))
        return 0;
    entry = load(slot_at(child(tables, entry), virt, 30));
    if (!(entry & PRESENT))
        return 0;
    if (entry & PAGE_SIZE)
        return leaf(entry, virt, 30);
    entry = load(slot_at(child(tables, entry), virt, 21));
    if (!(entry & PRESENT))
        return 0;
    if (entry & PAGE_SIZE)
        return leaf(entry, virt, 21);
    entry = load(slot_at(child(tables, entry), virt, 12));
    return entry & PRESENT ? leaf(entry, virt, 12) : 0;
}

size_t ref_walk_chain(const RefTables *tables, size_t virt, size_t offset, size_t steps)
{
    RefTables here = *tables;
    for (size_t i = 0; i < steps; i++)
        virt = walk(&here, virt) + offset;
    return virt;
}

const uint64_t *ref_last_table(const RefTables *tables, size_t virt)
{
    const uint64_t *table = tables->root;
    for (unsigned shift = 39; shift > 12; shift -= 9)
        table = child(tables, load(slot_at(table, virt, shift)));
    return table;
}

size_t ref_leaf_chain(const uint64_t *const *last, size_t base, size_t virt, size_t offset, size_t steps)
{
    for (size_t i = 0; i < steps; i++) {
        uint64_t entry = load(slot_at(last[(virt - base) >> 21], virt, 12));
        virt = leaf(entry, virt, 12) + offset;
    }
    return virt;
}

size_t ref_walk_pages(const RefTables *tables, size_t virt, size_t pages)
{
    RefTables here = *tables;
    size_t sum = 0;
    for (size_t i = 0; i < pages; i++)
        sum += walk(&here, virt + i * STEP);
    return sum;
}

void *const *ref_follow(void *const *at, size_t steps)
{
    for (size_t i = 0; i < steps; i++) {
        for (unsigned load_index = 0; load_index < 4; load_index++)
            at = __atomic_load_n((void *const *const *)at, __ATOMIC_RELAXED);
    }
    return at;
}

uint64_t ref_exchange(uint64_t *word, uint64_t value, size_t steps)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < steps; i++)
        sum += __atomic_exchange_n(word, value + i, __ATOMIC_ACQUIRE);
    return sum;
}
