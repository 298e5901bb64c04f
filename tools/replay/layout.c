/* SPDX-License-Identifier: MIT */
#include "tools/replay/layout.h"

/* An entry has 8 bytes in every format. */
#define ENTRY_SHIFT 3

Layout layout_of(const ModelGeometry *geometry)
{
    Layout layout = {.page_shift = (unsigned)__builtin_ctzll(geometry->sizes[0])};
    layout.index_bits = layout.page_shift - ENTRY_SHIFT;
    unsigned bits = geometry->va_bits - layout.page_shift;
    layout.levels = (bits + layout.index_bits - 1) / layout.index_bits;
    return layout;
}

uint64_t layout_entry_size(const Layout *layout, unsigned level)
{
    return (uint64_t)1 << (layout->page_shift + level * layout->index_bits);
}

unsigned layout_level(const Layout *layout, uint64_t size)
{
    return ((unsigned)__builtin_ctzll(size) - layout->page_shift) / layout->index_bits;
}

uint64_t layout_split_cost(const Layout *layout, unsigned level)
{
    uint64_t tables = 0;
    for (unsigned below = 0; below < level; below++)
        tables = (tables << layout->index_bits) + 1;
    return tables;
}

/* A table of `level` is one block of the entries of the level above. */
static void count_tables(LayoutCount *count, const Layout *layout, const ModelRun *run, unsigned level)
{
    uint64_t size = layout_entry_size(layout, level + 1);
    uint64_t first = run->first / size + 1;
    uint64_t last = run->last / size + 1;
    if (first == count->block[level])
        first++;
    count->tables[level] += last - first + 1;
    count->block[level] = last;
}

void layout_count(LayoutCount *count, const Layout *layout, const ModelRun *run)
{
    unsigned leaf_level = layout_level(layout, run->size);
    uint64_t len = run->last - run->first + 1;
    uint64_t leaves = len / layout_entry_size(layout, leaf_level);
    count->leaves[leaf_level] += leaves;
    count->bytes += len;
    if (!run->flags.noreserve)
        count->credits += leaves * layout_split_cost(layout, leaf_level);
    for (unsigned level = leaf_level; level + 1 < layout->levels; level++)
        count_tables(count, layout, run, level);
}

uint64_t layout_tables(const LayoutCount *count, const Layout *layout)
{
    uint64_t tables = 1;
    for (unsigned level = 0; level + 1 < layout->levels; level++)
        tables += count->tables[level];
    return tables;
}
