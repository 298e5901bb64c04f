/* SPDX-License-Identifier: MIT */
#include "tests/model/flat.h"

#include <stdlib.h>

uint64_t flat_page_size(const FlatGeometry *geometry)
{
    return flat_leaf_size(geometry, 0);
}

uint64_t flat_leaf_size(const FlatGeometry *geometry, unsigned leaf)
{
    return geometry->leaf_pages[leaf] * 4096;
}

unsigned flat_leaf_level(const FlatGeometry *geometry, unsigned leaf)
{
    unsigned level = 0;
    for (unsigned i = 1; i <= leaf; i++)
        level += geometry->leaf_entries[i] == 1;
    return level;
}

unsigned flat_leaf_count(const FlatGeometry *geometry, unsigned leaf)
{
    return (unsigned)(geometry->leaf_pages[leaf] / geometry->leaf_pages[0]);
}

Flat *flat_new(const FlatGeometry *geometry)
{
    Flat *flat = calloc(1, sizeof *flat);
    unsigned count = geometry->window_count * geometry->window_pages;
    if (flat == NULL)
        abort();
    flat->geometry = geometry;
    flat->count = count;
    flat->pages = calloc(count, sizeof *flat->pages);
    if (flat->pages == NULL)
        abort();
    return flat;
}

void flat_free(Flat *flat)
{
    free(flat->pages);
    free(flat);
}

uint64_t flat_virt(const Flat *flat, unsigned page)
{
    unsigned window = page / flat->geometry->window_pages, inside = page % flat->geometry->window_pages;
    return flat->geometry->window_virt[window] + inside * flat_page_size(flat->geometry);
}

FlatSpan flat_clip(const Flat *flat, unsigned window, uint64_t first, uint64_t last)
{
    const FlatGeometry *geometry = flat->geometry;
    uint64_t size = flat_page_size(geometry);
    uint64_t low = geometry->window_virt[window], high = low + (geometry->window_pages * size - 1);
    unsigned base = window * geometry->window_pages;
    if (first > high || last < low)
        return (FlatSpan){1, 0};
    uint64_t from = first > low ? first : low, to = last < high ? last : high;
    return (FlatSpan){base + (unsigned)((from - low) / size), base + (unsigned)((to - low) / size)};
}

bool flat_any_mapped(const Flat *flat, FlatSpan span)
{
    for (unsigned i = span.first; i <= span.last; i++)
        if (flat->pages[i].mapped)
            return true;
    return false;
}

bool flat_all_mapped(const Flat *flat, FlatSpan span)
{
    for (unsigned i = span.first; i <= span.last; i++)
        if (!flat->pages[i].mapped)
            return false;
    return true;
}

static void set_piece(Flat *flat, unsigned first, unsigned last)
{
    for (unsigned i = first; i <= last; i++) {
        flat->pages[i].piece_first = first;
        flat->pages[i].piece_last = last;
    }
}

/* Cuts the piece that has pages on both sides of the border below `page`. */
static void cut_below(Flat *flat, unsigned page)
{
    if (page == 0 || page == flat->count || !flat->pages[page].mapped || !flat->pages[page - 1].mapped)
        return;
    unsigned first = flat->pages[page].piece_first, last = flat->pages[page].piece_last;
    if (first == page || first != flat->pages[page - 1].piece_first)
        return;
    set_piece(flat, first, page - 1);
    set_piece(flat, page, last);
}

static void cut_around(Flat *flat, FlatSpan span)
{
    cut_below(flat, span.first);
    cut_below(flat, span.last + 1);
}

void flat_map(Flat *flat, FlatSpan span, uint64_t frame, int flags, unsigned leaf)
{
    for (unsigned i = span.first; i <= span.last; i++) {
        uint64_t at = frame + (i - span.first) * flat_page_size(flat->geometry);
        flat->pages[i] = (FlatPage){.mapped = true, .frame = at, .flags = flags, .leaf = leaf};
    }
    set_piece(flat, span.first, span.last);
}

void flat_unmap(Flat *flat, FlatSpan span)
{
    if (span.first > span.last)
        return;
    cut_around(flat, span);
    for (unsigned i = span.first; i <= span.last; i++)
        flat->pages[i] = (FlatPage){.mapped = false};
}

void flat_protect(Flat *flat, FlatSpan span, int rights_mask, int rights)
{
    cut_around(flat, span);
    for (unsigned i = span.first; i <= span.last; i++) {
        FlatPage *page = &flat->pages[i];
        page->flags = (page->flags & ~rights_mask) | (rights & rights_mask);
        if (page->piece_first < span.first || page->piece_last > span.last)
            abort(); /* a piece that the cuts have missed */
    }
}

/* The block of `pages` pages around a page, aligned in the virtual address space. */
static FlatSpan block_around(const Flat *flat, unsigned page, uint64_t pages)
{
    uint64_t inside = flat_virt(flat, page) / flat_page_size(flat->geometry) % pages;
    unsigned first = page - (unsigned)inside;
    return (FlatSpan){first, first + (unsigned)pages - 1};
}

static bool frames_fit(const Flat *flat, unsigned page, uint64_t pages)
{
    uint64_t size = pages * flat_page_size(flat->geometry);
    return (flat->pages[page].frame - flat_virt(flat, page)) % size == 0;
}

unsigned flat_leaf(const Flat *flat, unsigned page)
{
    const FlatPage *at = &flat->pages[page];
    for (unsigned leaf = at->leaf; leaf > 0; leaf--) {
        unsigned pages = flat_leaf_count(flat->geometry, leaf);
        FlatSpan block = block_around(flat, page, pages);
        bool inside = page >= block.first && block.first >= at->piece_first && block.last <= at->piece_last;
        if (inside && frames_fit(flat, page, pages))
            return leaf;
    }
    return 0;
}

/* Whether the block is mapped by equal pages in contiguous frames, aligned as the block is. */
static bool joins(const Flat *flat, FlatSpan block, int noted)
{
    const FlatPage *first = &flat->pages[block.first];
    if (!first->mapped || !frames_fit(flat, block.first, block.last - block.first + 1))
        return false;
    for (unsigned i = block.first; i <= block.last; i++) {
        const FlatPage *page = &flat->pages[i];
        bool follows = page->frame == first->frame + (i - block.first) * flat_page_size(flat->geometry);
        if (!page->mapped || !follows || ((page->flags ^ first->flags) & ~noted) != 0)
            return false;
    }
    return true;
}

static void join(Flat *flat, FlatSpan block, unsigned leaf, int accessed, int dirty)
{
    int all = accessed, any = 0;
    for (unsigned i = block.first; i <= block.last; i++) {
        all &= flat->pages[i].flags;
        any |= flat->pages[i].flags & dirty;
    }
    cut_around(flat, block);
    for (unsigned i = block.first; i <= block.last; i++) {
        flat->pages[i].flags = (flat->pages[i].flags & ~(accessed | dirty)) | all | any;
        flat->pages[i].leaf = leaf;
    }
    set_piece(flat, block.first, block.last);
}

void flat_collapse(Flat *flat, FlatSpan span, int accessed, int dirty)
{
    for (unsigned leaf = 1; leaf < flat->geometry->leaf_count; leaf++) {
        unsigned pages = flat_leaf_count(flat->geometry, leaf);
        for (unsigned i = span.first; i <= span.last; i++) {
            FlatSpan block = block_around(flat, i, pages);
            if (block.first != i || block.last > span.last || !flat->pages[i].mapped)
                continue;
            if (flat_leaf(flat, i) < leaf && joins(flat, block, accessed | dirty))
                join(flat, block, leaf, accessed, dirty);
        }
    }
}
