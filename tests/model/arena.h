/* SPDX-License-Identifier: MIT */
#ifndef TESTS_MODEL_ARENA_H
#define TESTS_MODEL_ARENA_H

/*
 * Table pages for tests, of any size, from physical address 0 upwards: so that a table at address 0 is an
 * everyday thing. Poisons what comes back, fails on command, and stops the test at a double put.
 */

#include <mem/vmap.h>

typedef struct arena Arena;

Arena *arena_new(usize page_size, usize pages);
void arena_free(Arena *arena);
MemVmapPort arena_port(Arena *arena);

usize arena_out(const Arena *arena);                         /* pages handed out */
usize arena_failures(const Arena *arena);                    /* page_gets refused so far */
void arena_fail_from(Arena *arena, usize k, usize how_many); /* the k-th page_get from here, and on */

/* A leaf that the last call lost, which is then forgotten; stride 0: no more. */
MemVmapRange arena_take_lost(Arena *arena);

#endif
