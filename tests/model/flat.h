/* SPDX-License-Identifier: MIT */
#ifndef TESTS_MODEL_FLAT_H
#define TESTS_MODEL_FLAT_H

/*
 * The flat model: an array of pages, each with its frame, its flags and the piece it belongs to. No table, no
 * level, no tree. A piece is what one map call made, cut wherever an unmap or protect has cut it since; the
 * leaf at a page is the largest aligned block around it that lies within its piece. A contiguous run is a leaf like
 * others, but that the tables have several entries for it.
 *
 * The pages are those of a few windows into the address space; operations stay within them, but for unmaps
 * and walks, which may cross what lies between.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FLAT_WINDOWS = 6, FLAT_LEAVES = 4 };

typedef struct flat_geometry {
    const char *format;
    unsigned window_count;
    uint64_t window_virt[FLAT_WINDOWS]; /* ascending; aligned to the largest leaf that may lie in them */
    unsigned window_pages;
    unsigned leaf_count;
    uint64_t
        leaf_pages[FLAT_LEAVES]; /* ascending, in units of 4 KiB; the first is the page; runs are leaves */
    unsigned
        leaf_entries[FLAT_LEAVES]; /* how many entries make up a leaf: more than one in a contiguous run */
    uint64_t phys_bits;
} FlatGeometry;

/* In bytes. */
uint64_t flat_page_size(const FlatGeometry *geometry);
uint64_t flat_leaf_size(const FlatGeometry *geometry, unsigned leaf);

/* The level of a leaf's entries. */
unsigned flat_leaf_level(const FlatGeometry *geometry, unsigned leaf);

/* How many pages a leaf has. */
unsigned flat_leaf_count(const FlatGeometry *geometry, unsigned leaf);

typedef struct flat_page {
    bool mapped;
    uint64_t frame; /* physical address */
    int flags;      /* of the public header, caps clear */
    unsigned leaf;  /* the largest leaf that the caps allowed: an index into leaf_pages */
    unsigned piece_first, piece_last;
} FlatPage;

typedef struct flat {
    const FlatGeometry *geometry;
    unsigned count;
    FlatPage *pages; /* window after window */
} Flat;

/* Pages [first, last] of a window, as indices into `pages`; empty where first > last. */
typedef struct flat_span {
    unsigned first, last;
} FlatSpan;

Flat *flat_new(const FlatGeometry *geometry);
void flat_free(Flat *flat);

uint64_t flat_virt(const Flat *flat, unsigned page);

/* The part of [first, last], in bytes, that lies in a window. */
FlatSpan flat_clip(const Flat *flat, unsigned window, uint64_t first, uint64_t last);

bool flat_any_mapped(const Flat *flat, FlatSpan span);
bool flat_all_mapped(const Flat *flat, FlatSpan span);

void flat_map(Flat *flat, FlatSpan span, uint64_t frame, int flags, unsigned leaf);
void flat_unmap(Flat *flat, FlatSpan span);
void flat_protect(Flat *flat, FlatSpan span, int rights_mask, int rights);
void flat_collapse(Flat *flat, FlatSpan span, int accessed, int dirty);

/* The index of the leaf size that a mapped page must have. */
unsigned flat_leaf(const Flat *flat, unsigned page);

#endif
