/* SPDX-License-Identifier: MIT */
#ifndef TESTS_MMU_H
#define TESTS_MMU_H

/*
 * What one x86-64 CPU has cached: translations, and the ways to tables of pages. It evicts nothing, and
 * forgets what the Intel SDM (volume 3A, section 4.10.4.1, and INVPCID in volume 2) says that it must,
 * and no more. White box: the steps are those of arch/x86_64/cpu.
 */

#include <mem/vmap_cpu.h>

#include "tests/support/rawwalk.h"

#define MMU_ENTRIES 128

/* A translation. */
typedef struct mmu_leaf {
    unsigned pcid;
    bool global, write;
    usize virt, size, phys; /* of the leaf */
} MmuLeaf;

/* An entry of the paging-structure caches: the table of pages for 2 MiB at `virt`. */
typedef struct mmu_way {
    unsigned pcid;
    usize virt, table;
} MmuWay;

typedef struct mmu {
    usize cr3; /* without bit 63 */
    unsigned leaf_count, way_count;
    MmuLeaf leaves[MMU_ENTRIES];
    MmuWay ways[MMU_ENTRIES];
    const char *broken; /* a step that would fault, or do harm */
} Mmu;

/* Executes steps, as arch/x86_64/cpu/execute.c would. */
void mmu_execute(Mmu *mmu, const MemVmapCpuFeatures *features, const MemVmapStep *steps, unsigned count);

/* The address of the root table that is loaded. */
usize mmu_root(const Mmu *mmu);

/*
 * Uses an address: by what is cached, or through the tables of `tree`, whose root must be loaded, and
 * then caches what it has found. Null: a page fault.
 */
const MmuLeaf *mmu_access(Mmu *mmu, const MemVmapCpuFeatures *features, const RawTree *tree, usize virt);

/* Whether the CPU has a translation of the address that it could use now. */
bool mmu_holds(const Mmu *mmu, const MemVmapCpuFeatures *features, usize virt);

/* Whether the CPU could get into the table at `table` now. */
bool mmu_knows_table(const Mmu *mmu, const MemVmapCpuFeatures *features, usize table);

#endif
