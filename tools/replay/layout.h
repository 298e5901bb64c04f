/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_REPLAY_LAYOUT_H
#define TOOLS_REPLAY_LAYOUT_H

/*
 * What a page-table tree looks like for given runs, worked out from the page size alone: a table is one
 * page of 8-byte entries. No table is read for it, so the answers can be held against the engine's own.
 */

#include "tools/model/model.h"

#ifdef __cplusplus
extern "C" {
#endif

#define LAYOUT_LEVELS_MAX 8

typedef struct Layout {
    unsigned page_shift;
    unsigned index_bits; /* entries of a table, as a power of two */
    unsigned levels;     /* of tables; the root is level levels - 1 */
} Layout;

Layout layout_of(const ModelGeometry *geometry);

/* Bytes that one entry of a table of this level covers: the size of a leaf there. */
uint64_t layout_entry_size(const Layout *layout, unsigned level);

/* The level whose leaves have this size, or contiguous runs of them. */
unsigned layout_level(const Layout *layout, uint64_t size);

/* Tables that a leaf of this level needs below it when it is split down to pages. */
uint64_t layout_split_cost(const Layout *layout, unsigned level);

/* Counts over runs in ascending order; all zero to begin with. */
typedef struct LayoutCount {
    uint64_t leaves[LAYOUT_LEVELS_MAX]; /* by level; of a contiguous run, each entry */
    uint64_t tables[LAYOUT_LEVELS_MAX]; /* by level, without the root */
    uint64_t bytes;
    uint64_t credits;                  /* tables that splitting everything could need, NO_RESERVE apart */
    uint64_t block[LAYOUT_LEVELS_MAX]; /* the last one counted in tables, plus one */
} LayoutCount;

void layout_count(LayoutCount *count, const Layout *layout, const ModelRun *run);

/* All tables, the root included. */
uint64_t layout_tables(const LayoutCount *count, const Layout *layout);

#ifdef __cplusplus
}
#endif

#endif
