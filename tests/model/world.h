/* SPDX-License-Identifier: MIT */
#ifndef TESTS_MODEL_WORLD_H
#define TESTS_MODEL_WORLD_H

/* An engine's space and its flat model, side by side, and what happens to both. */

#include "tests/model/arena.h"
#include "tests/model/geometries.h"
#include "tools/oracle/walkers.h"

typedef struct world {
    const ModelFormat *format;
    const FlatGeometry *geometry; /* of the format */
    int presets;                  /* flags that every mapping gets */
    OracleCpu cpu;                /* its walker is null where there is no naive walker */
    Arena *arena;
    MemVmap vmap;
    MemVmapBatch batch;
    bool batch_open;
    Flat *flat;
    uint64_t random;
    unsigned long operation;
    FlatSpan touched; /* pages that the last operation was about */
    char text[200];   /* the last operation, in the text form */
} World;

/* A number below `limit`. */
uint64_t world_random(World *world, uint64_t limit);

/* One random operation on both. False: they disagree about its result; it was printed. */
bool world_step(World *world);

/* Compares every page, the tree's invariants and the counts. False: they differ; it was printed. */
bool world_compare(World *world);

/* Compares a page with what a CPU makes of the raw tables. False: they differ; it was printed. */
bool world_compare_naive(const World *world, unsigned page);

#endif
