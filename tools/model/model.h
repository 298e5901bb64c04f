/* SPDX-License-Identifier: MIT */
#ifndef MODEL_H
#define MODEL_H

/*
 * The flat model: what an address space must answer, kept as a sorted set of extents, with no page
 * table anywhere. It is an oracle: it shares no line and no constant with MemVmap.
 *
 * It predicts the result of every operation, every translation and every leaf size. The leaf size
 * follows from the extents alone: it is the largest size whose aligned block around the address lies
 * wholly inside one extent, where the extent is aligned to that size in both address spaces. That is
 * what an engine must show that maps with the largest leaf and splits no more than it must.
 *
 * It has no tables and so never runs out of them: an operation that the engine answered with
 * MEM_ENOMEM must not be told to the model. It aborts when it cannot get memory for an extent.
 */

#include "tools/trace/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MODEL_SIZES_MAX 8

/* What the model needs to know of a format and a CPU. */
typedef struct ModelGeometry {
    unsigned va_bits;
    bool sign_extended; /* half of the space is at the top of the 64 bits, with a hole between */
    bool upper;         /* or all of it is there */
    unsigned phys_bits;
    TraceFlags lacks;       /* user, global: the format has no such mappings */
    unsigned missing_types; /* bit n: nor those of memory type n */
    unsigned size_count;
    uint64_t sizes[MODEL_SIZES_MAX]; /* of leaves and contiguous runs, ascending; first the page */
    bool allow_write_exec;
} ModelGeometry;

/* No leaf size is larger. */
#define MODEL_NO_CAP UINT64_MAX

/* The addresses [first, last], mapped by one call to phys onwards. Whole pages. */
typedef struct ModelExtent {
    uint64_t first, last;
    uint64_t phys;    /* of first */
    uint64_t cap;     /* largest leaf size in it */
    TraceFlags flags; /* the caps in it are clear */
} ModelExtent;

/* A maximal run of leaves of one size, contiguous in both address spaces, with the same flags. */
typedef struct ModelRun {
    uint64_t first, last;
    uint64_t phys; /* of first */
    uint64_t size; /* of each leaf */
    TraceFlags flags;
} ModelRun;

typedef struct ModelLeaf {
    uint64_t phys; /* of the address that was asked for, its offset included */
    uint64_t size;
    TraceFlags flags;
} ModelLeaf;

typedef struct Model Model;

/* Fills `*geometry` for a format, "x86_64_4level" for example. False: the model does not know it. */
bool model_geometry(const char *format, ModelGeometry *geometry);

/* An empty space; null when memory is out or the geometry makes no sense. */
Model *model_new(const ModelGeometry *geometry);
void model_free(Model *model);

TraceResult model_map(Model *model, uint64_t phys, uint64_t virt, uint64_t len, TraceFlags flags);
void model_unmap(Model *model, uint64_t virt, uint64_t len);
TraceResult model_protect(Model *model, uint64_t virt, uint64_t len, TraceFlags flags);
TraceResult model_collapse(Model *model, uint64_t virt, uint64_t len);

/* TRACE_OK with `*leaf` filled; TRACE_ERANGE: the format has no such address; TRACE_EMISS. */
TraceResult model_lookup(const Model *model, uint64_t virt, ModelLeaf *leaf);

size_t model_extent_count(const Model *model);

/* The extent that has `virt` or is the next above it; null: none is. Valid until the next change. */
const ModelExtent *model_extent_at(const Model *model, uint64_t virt);

/*
 * Finds the run that has `virt`, cut so that it begins there, or the next run above it. False: nothing
 * is mapped from there on. To visit the whole space begin at 0 and go on at last + 1 until that is 0.
 */
bool model_next_run(const Model *model, uint64_t virt, ModelRun *run);

#ifdef __cplusplus
}
#endif

#endif
