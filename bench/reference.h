/* SPDX-License-Identifier: MIT */
#ifndef BENCH_REFERENCE_H
#define BENCH_REFERENCE_H

/*
 * The limits: the least that the machine must do for the work of a call, in a plain loop without any
 * check. What a benchmark is compared with stands beside it in the table.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { REF_ENTRIES = 512 };

/* Fills a table with entry, entry + 4096, ... : 512 relaxed 8-byte stores. */
void ref_store_table(uint64_t *table, uint64_t entry);

/* The same, but only where all 512 entries are zero; false, and no store, where they are not. */
bool ref_check_store_table(uint64_t *table, uint64_t entry);

void ref_zero_table(uint64_t *table);

/* Tables of x86-64, 4 levels; table pages are reached at direct_map + their physical address. */
typedef struct ref_tables {
    const uint64_t *root;
    size_t direct_map;
} RefTables;

/*
 * Walks for `virt`, then for the answer + `offset`, and so on, `steps` times. Returns the last address
 * that was to be looked up next.
 */
size_t ref_walk_chain(const RefTables *tables, size_t virt, size_t offset, size_t steps);

/* The table that holds the page of `virt`, which is mapped by one. */
const uint64_t *ref_last_table(const RefTables *tables, size_t virt);

/*
 * As ref_walk_chain, for pages of the 1 GiB at `base` whose last tables are known, 512 of them: one load of a table's
 * address and one of an entry for each step. No cache of tables can be faster.
 */
size_t ref_leaf_chain(const uint64_t *const *last, size_t base, size_t virt, size_t offset, size_t steps);

/* Walks for `pages` pages from `virt` on; returns the sum of the answers. */
size_t ref_walk_pages(const RefTables *tables, size_t virt, size_t pages);

/* Follows a chain of pointers, four for each step; returns where it stands then. */
void *const *ref_follow(void *const *at, size_t steps);

/*
 * Exchanges a word with `value`, with `value` + 1, and so on, `steps` times: what taking a lock costs that nobody
 * contends for. Returns the sum of what was there.
 */
uint64_t ref_exchange(uint64_t *word, uint64_t value, size_t steps);

#ifdef __cplusplus
}
#endif

#endif
