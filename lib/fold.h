/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_FOLD_H
#define MEM_LIB_FOLD_H

#include "lib/batch.h"

/* Marks as contiguous runs what can be one in the linear range: under the lock, and it takes no page. */
void mem_vmap_fold(MemVmap *vmap, MemVmapBatch *batch, Range range);

#endif
