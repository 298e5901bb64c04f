/* SPDX-License-Identifier: MIT */
#ifndef TESTS_EXHAUSTIVE_SCOPE_H
#define TESTS_EXHAUSTIVE_SCOPE_H

/*
 * A scope: a format of a few pages, and the alphabet of operations of which every sequence is tried. The
 * alphabet is small enough for the states to be closed: then every sequence of any length was covered.
 */

#include "tests/exhaustive/micro.h"
#include "tests/model/flat.h"

enum { SCOPE_PAGES = 16, SCOPE_FLAGS = 4, SCOPE_OFFSETS = 4, SCOPE_RESERVES = 3 };

/* Whether other CPUs use the space, which makes the engine update entries by exchange. */
typedef enum { ONE_CPU, SEVERAL_CPUS } ScopeCpus;

/* Whether every two calls are also tried in and beside an open batch. */
typedef enum { SINGLE_CALLS, WITH_BATCHES } ScopeCalls;

typedef struct scope {
    const char *name;
    const char *what;
    const MemVmapFormat *format;
    FlatGeometry geometry; /* all pages of the address space, and the leaf sizes that the CPU has */
    ScopeCpus cpus;
    ScopeCalls calls;
    usize cache_pages; /* that the pool keeps beyond what it owes */
    unsigned break_level;
    unsigned level_count;
    unsigned level_pages[MEM_VMAP_LEVELS_MAX]; /* pages that an entry covers, by level */
    unsigned first, last;                      /* the pages that operations are about */
    unsigned offset_count, flags_count, rights_count, reserve_count;
    unsigned offsets[SCOPE_OFFSETS]; /* map: frame number minus page number, mod all pages below */
    int flags[SCOPE_FLAGS];          /* map: each is tried with and without the cap */
    int rights[SCOPE_FLAGS];         /* protect */
    unsigned reserves[SCOPE_RESERVES];
} Scope;

/* The `index`-th scope, or null beyond the last. */
const Scope *scope_at(unsigned index);
const Scope *scope_find(const char *name);

typedef enum {
    OPERATION_MAP,
    OPERATION_UNMAP,
    OPERATION_PROTECT,
    OPERATION_COLLAPSE,
    OPERATION_RESERVE,
} OperationKind;

/* One call: what the engine is told, and which pages of the model it means. */
typedef struct operation {
    OperationKind kind;
    FlatSpan span;
    int flags; /* of a map or a protect */
    usize phys, virt, len;
    usize reserve;
} Operation;

/* All operations of a scope, in a fixed order; `*count` of them. The caller frees the array. */
Operation *operations_make(const Scope *scope, unsigned *count);

/* The operation in the text form of traces. */
void operation_print(const Operation *operation, char *text, size_t size);

#endif
