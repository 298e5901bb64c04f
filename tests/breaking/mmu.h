/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BREAKING_MMU_H
#define TESTS_BREAKING_MMU_H

/* What MMUs make of raw tables, with constants of their own: nothing of lib/ or arch/ is used here. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a CPU may cache for an address. */
typedef struct Cached {
    bool valid; /* and may be cached: an entry that is not may still be written through */
    unsigned level;
    bool contiguous, global;
    uint64_t phys;
    uint64_t rights;
    uint64_t *entry; /* the one that the walk ended at */
} Cached;

typedef struct Mmu {
    const char *format;
    /* Walks to `virt`. */
    Cached (*walk)(uint64_t root, uint64_t virt);
    /* What the CPU notes of a write, if the entry allows it: false where it does not. */
    bool (*note_write)(uint64_t *entry);
    bool (*is_dirty)(uint64_t entry);
    unsigned run; /* entries of a contiguous one */
    /* Whether `after` may be cached beside `before` by CPUs of this break-before-make level. */
    bool (*may_follow)(const Cached *before, const Cached *after, unsigned break_level);
    size_t leaf_sizes;
} Mmu;

extern const Mmu aarch64_mmu, riscv_mmu;

#endif
