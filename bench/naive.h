/* SPDX-License-Identifier: MIT */
#ifndef BENCH_NAIVE_H
#define BENCH_NAIVE_H

/*
 * The baseline: x86-64 page tables as small kernels write them first. 4 KiB pages only, from the root
 * for each page, a table zeroed when it is made and scanned to learn that it is empty. Correct, all or
 * nothing by undoing, and no slower than it has to be in that shape.
 *
 * It takes its pages from the same port as MemVmap. Its calls mean what those of mem/vmap.h mean, for
 * arguments that are in range; caps on the leaf size and NO_RESERVE have no effect.
 */

#include <mem/vmap.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct naive {
    MemVmapPort port;
    usize root;
} Naive;

int naive_init(Naive *naive, const MemVmapPort *port); /* 0 or MEM_ENOMEM */
void naive_destroy(Naive *naive);

int naive_map(Naive *naive, usize phys, usize virt, usize len, int flags);
void naive_unmap(Naive *naive, usize virt, usize len);
int naive_protect(Naive *naive, usize virt, usize len, int flags);

/* The physical address, or 0 on a miss. */
usize naive_translate(const Naive *naive, usize virt);

#ifdef __cplusplus
}
#endif

#endif
