/* SPDX-License-Identifier: MIT */
#ifndef TESTS_MODEL_GEOMETRIES_H
#define TESTS_MODEL_GEOMETRIES_H

/* The formats that the random model test knows: from the manuals, and not from the descriptions. */

#include "tests/model/flat.h"

#include <mem/vmap.h>

typedef struct model_format {
    const char *name; /* null: that of the format */
    FlatGeometry geometry;
    bool names_sizes; /* the leaf sizes are given to mem_vmap_init, and not only those that every CPU has */
    unsigned break_levels; /* how many levels of break-before-make there are, but for 0 */
    uint8_t type_index[MEM_VMAP_TYPES];
    int lacks;                 /* flags that it has nothing for */
    bool updates_are_optional; /* CPUs may leave accessed and dirty to software */
    bool kernel_executes_user; /* what users may execute, the kernel may as well */
} ModelFormat;

/* The `index`-th, or null beyond the last. */
const ModelFormat *model_format_at(unsigned index);

/* What a test calls it: its format, or what distinguishes it from others of that format. */
const char *model_format_name(const ModelFormat *format);

#endif
