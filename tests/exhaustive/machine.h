/* SPDX-License-Identifier: MIT */
#ifndef TESTS_EXHAUSTIVE_MACHINE_H
#define TESTS_EXHAUSTIVE_MACHINE_H

/*
 * What a space's port reaches: a few table pages, and a note of all that the port was told during one call.
 * One struct without a pointer, so that assigning it takes it back to what it was before the call.
 */

#include <mem/vmap.h>

enum { MACHINE_PAGES = 32, MACHINE_BYTES = 1024, MACHINE_LOST = 2 };

/* A set of table pages, or of the pages of the address space: bit n is page n. */
typedef uint32_t PageSet;

typedef struct machine {
    unsigned page_size, page_count;
    PageSet out; /* handed out */

    /* Of the call under way. */
    PageSet linked;          /* pages that were tables of the tree when it began */
    uint32_t refuse;         /* bit n: page_get number n, from 0, is refused */
    unsigned gets, refusals; /* so far */
    unsigned plans;
    bool everything, tables, global; /* some plan said so */
    PageSet forgotten;               /* pages of the address space that a plan named */
    unsigned lost_count;
    MemVmapRange lost[MACHINE_LOST]; /* a range has two ends at which a leaf can be lost */

    _Alignas(uint64_t) unsigned char memory[MACHINE_BYTES];
} Machine;

/* Pages of `page_size` bytes, all filled with what no entry may be. */
void machine_init(Machine *machine, unsigned page_size);

/* Forgets what the last call did. `linked`: the pages that are tables of the tree now. */
void machine_begin_call(Machine *machine, PageSet linked);

/* The port of a machine. It aborts at whatever only a broken engine does. */
MemVmapPort machine_port(Machine *machine);

#endif
