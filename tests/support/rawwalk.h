/* SPDX-License-Identifier: MIT */
#ifndef TESTS_RAWWALK_H
#define TESTS_RAWWALK_H

/*
 * A second reading of x86-64 page tables, written from the Intel SDM, volume 3A, section 4.5 (tables 4-14
 * to 4-20), for tests that compare what is in memory with what the library says. It shares neither code nor
 * constants with the library: only the root and the direct map come from there.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RAW_P     (1ull << 0) /* present */
#define RAW_RW    (1ull << 1)
#define RAW_US    (1ull << 2)
#define RAW_PWT   (1ull << 3)
#define RAW_PCD   (1ull << 4)
#define RAW_A     (1ull << 5)
#define RAW_D     (1ull << 6)
#define RAW_PS    (1ull << 7) /* in entries of 2 MiB and 1 GiB: this is a leaf */
#define RAW_PAT4K (1ull << 7) /* in entries of 4 KiB, where PS would be */
#define RAW_G     (1ull << 8)
#define RAW_PAT   (1ull << 12) /* in large leaves */
#define RAW_NX    (1ull << 63)

/* Bits of a leaf that the CPU ignores (11:9 and 58:52) and leaves to software. */
#define RAW_IGNORED 0x07f0000000000e00ull

#define RAW_LEVELS_MAX 5

typedef struct raw_tree {
    size_t root;
    size_t direct_map;
    unsigned levels; /* 4 or 5 */
} RawTree;

/* The end of a walk. Levels count from 0 = page upwards. */
typedef struct raw_walk {
    uint64_t path[RAW_LEVELS_MAX]; /* the entry that was read at each level, 0 where none was */
    unsigned level;                /* of the last one */
    bool leaf;                     /* that is what it is; otherwise it is not present */
    size_t phys;                   /* of the address, where it is a leaf */
} RawWalk;

RawWalk raw_walk(const RawTree *tree, size_t virt);

/* The slot of level `level` for `virt`, or null where the walk ends above it. */
uint64_t *raw_slot(const RawTree *tree, size_t virt, unsigned level);

/* Of every byte of every table that can be reached, and of where each lies. */
uint64_t raw_hash(const RawTree *tree);

/* Tables that can be reached, the root included. */
size_t raw_tables(const RawTree *tree);

/* Leaves of each level. */
void raw_leaves(const RawTree *tree, size_t leaves[RAW_LEVELS_MAX]);

/*
 * Null where all is well; otherwise what is wrong: an absent entry that is not zero, a parent that is not
 * permissive and accessed, an empty table, a leaf where the level has none, reserved bits.
 */
const char *raw_defect(const RawTree *tree);

#endif
