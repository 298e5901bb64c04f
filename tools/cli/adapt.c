/* SPDX-License-Identifier: MIT */
#include "tools/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>

#include "tools/replay/convert.h"

/*
 * Makes a trace that was recorded with pages of 4K one for another format: page for page. Lengths and physical
 * addresses become as many times larger as the pages are. What is mapped moves together into the format's half: of a
 * gap between blocks of 2^18 pages (1G) one block stays. The order of addresses is kept, and what touches still
 * touches.
 */

#define BLOCK_BITS 18
#define BLOCK_MASK (((uint64_t)1 << BLOCK_BITS) - 1)

/* No program that was recorded has mapped as much at a time: such a map is a test, and stays where it comes to lie. */
#define LEN_MAX ((uint64_t)1 << 50)

typedef struct Adapting {
    MemVmapFormatInfo info;
    const uint8_t *type_index;
    uint64_t page, scale; /* the format's page; of how many pages of 4K */
    uint64_t base, pages; /* the half that is used, and how many pages it has */
    uint64_t *blocks;     /* numbers of the blocks in which something is mapped: ascending, each once */
    uint64_t *places;     /* their new numbers */
    usize count;
} Adapting;

static uint64_t last_of(const TraceOp *op)
{
    uint64_t last = op->virt + (op->len - 1);
    return last >= op->virt ? last : UINT64_MAX;
}

static bool is_mapped(const TraceOp *op)
{
    bool fails = op->expect.kind == TRACE_EXPECT_RESULT && op->expect.result != TRACE_OK;
    return op->verb == TRACE_MAP && op->len > 0 && op->len <= LEN_MAX && !fails &&
           last_of(op) != UINT64_MAX;
}

static void note_blocks(Adapting *a, TraceOp *op)
{
    if (!is_mapped(op))
        return;
    uint64_t last = last_of(op) / HOST_PAGE_SIZE >> BLOCK_BITS;
    for (uint64_t block = op->virt / HOST_PAGE_SIZE >> BLOCK_BITS; block <= last; block++) {
        if (a->count > 0 && a->blocks[a->count - 1] == block)
            continue;
        if ((a->count & (a->count - 1)) == 0)
            a->blocks = must_realloc(a->blocks, 2 * (a->count + 1) * sizeof *a->blocks);
        a->blocks[a->count++] = block;
    }
}

static int compare_blocks(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Gives each block its place: behind the one before it, with one block between where there was a gap. */
static void place_blocks(Adapting *a)
{
    usize unique = 0;
    a->places = must_realloc(NULL, (a->count + 1) * sizeof *a->places);
    if (a->count > 0)
        qsort(a->blocks, a->count, sizeof *a->blocks, compare_blocks);
    for (usize i = 0; i < a->count; i++) {
        uint64_t block = a->blocks[i];
        if (unique > 0 && block == a->blocks[unique - 1])
            continue;
        bool touches = unique > 0 && block == a->blocks[unique - 1] + 1;
        a->places[unique] = unique == 0 ? 1 : a->places[unique - 1] + (touches ? 1 : 2);
        a->blocks[unique++] = block;
    }
    a->count = unique;
}

/* Where a page of the trace goes, in pages of the half. In a gap: to the block that is left of it. */
static uint64_t moved(const Adapting *a, uint64_t page)
{
    usize i = 0;
    while (i < a->count && a->blocks[i] < page >> BLOCK_BITS)
        i++;
    if (i < a->count && a->blocks[i] == page >> BLOCK_BITS)
        return a->places[i] << BLOCK_BITS | (page & BLOCK_MASK);
    return i > 0 ? (a->places[i - 1] + 1) << BLOCK_BITS : 0;
}

static uint64_t moved_virt(const Adapting *a, uint64_t virt)
{
    return a->base + moved(a, virt / HOST_PAGE_SIZE) * a->page + virt % HOST_PAGE_SIZE * a->scale;
}

static void adapt_flags(const Adapting *a, TraceFlags *flags)
{
    flags->user &= !(a->info.lacks & MEM_VMAP_USER);
    flags->global &= !(a->info.lacks & MEM_VMAP_GLOBAL);
    unsigned type = (unsigned)(convert_flags(flags) & MEM_VMAP_TYPE_MASK) >> MEM_VMAP_TYPE_SHIFT;
    if (a->type_index[type] == MEM_VMAP_TYPE_NONE)
        flags->type = TRACE_WRITE_BACK;
}

/* Sizes of leaves and numbers of tables are others. */
static void adapt_expectation(const Adapting *a, TraceExpect *expect)
{
    expect->phys *= a->scale;
    if (expect->kind == TRACE_EXPECT_LEAF || expect->kind == TRACE_EXPECT_COUNT)
        expect->kind = TRACE_EXPECT_NONE;
}

static bool has_address(TraceVerb verb)
{
    return verb == TRACE_MAP || verb == TRACE_UNMAP || verb == TRACE_PROTECT || verb == TRACE_COLLAPSE ||
           verb == TRACE_TRANSLATE || verb == TRACE_LOOKUP;
}

static void adapt_op(Adapting *a, TraceOp *op)
{
    adapt_expectation(a, &op->expect);
    if (!has_address(op->verb))
        return;
    uint64_t virt = moved_virt(a, op->virt);
    if (op->len > 0)
        op->len = moved_virt(a, last_of(op)) + a->scale - virt;
    op->virt = virt;
    op->phys *= a->scale;
    adapt_flags(a, &op->flags);
}

static void begin(Adapting *a, const char *format)
{
    mem_vmap_format_describe(mem_vmap_format_find(format), &a->info);
    unsigned bits = a->info.half == MEM_VMAP_BOTH ? a->info.virt_bits - 1 : a->info.virt_bits;
    a->type_index = convert_type_index(format);
    a->page = a->info.levels[0].size;
    a->scale = a->page / HOST_PAGE_SIZE;
    a->base = a->info.half == MEM_VMAP_UPPER ? UINT64_MAX << bits : 0;
    a->pages = ((uint64_t)1 << bits) / a->page;
}

/* Calls `visit` for each line that is about the format of --format. */
static void visit_ours(Adapting *a, Trace *trace, void (*visit)(Adapting *a, TraceOp *op))
{
    bool ours = true;
    for (size_t i = 0; i < trace->count; i++) {
        TraceOp *op = &trace->ops[i];
        if (op->verb == TRACE_SPACE || op->verb == TRACE_SELECT)
            ours = !trace_names_format(trace, op->number);
        if (ours)
            visit(a, op);
    }
}

int trace_adapt(Trace *trace, const char *format)
{
    Adapting a = {.blocks = NULL};
    begin(&a, format);
    visit_ours(&a, trace, note_blocks);
    place_blocks(&a);
    bool fits = a.count == 0 || a.places[a.count - 1] + 2 <= a.pages >> BLOCK_BITS;
    if (!fits)
        fprintf(stderr, "vmap: %s: maps too much for the addresses of %s\n", trace->name, format);
    if (fits)
        visit_ours(&a, trace, adapt_op);
    free(a.blocks);
    free(a.places);
    return fits ? 0 : EXIT_BAD_CALL;
}
