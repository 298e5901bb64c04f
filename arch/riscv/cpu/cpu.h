/* SPDX-License-Identifier: MIT */
#ifndef MEM_ARCH_RISCV_CPU_H
#define MEM_ARCH_RISCV_CPU_H

/*
 * RISC-V harts: what they are told to forget (Privileged Architecture, "Supervisor Memory-Management Fence
 * Instruction" and "Supervisor Address Translation and Protection Register").
 *
 * `features.asids` is 1 << ASIDLEN, or 0 where it is 0 or unused; `by_asid` and `globals` are true of any hart.
 */

#include <mem/vmap_cpu.h>

/* What a step does (`kind`). */
typedef enum {
    RISCV_FENCE_ADDRESS,     /* sfence.vma at each address, of ASID `asid`: its leaf, unless it is global */
    RISCV_FENCE_ADDRESS_ALL, /* the same of every ASID, and global ones */
    RISCV_FENCE_ASID,        /* all of ASID `asid`, tables too, but for global entries */
    RISCV_FENCE_ALL,         /* everything */
    RISCV_SATP,              /* `first` goes to satp: nothing is forgotten */
} RiscvStepKind;

void mem_vmap_riscv_execute(void *context, const MemVmapStep *steps, unsigned count);

/* A library that is compiled for another CPU, as for tests on a host, leaves it to the port. */
#ifdef __riscv
#define RISCV_EXECUTE mem_vmap_riscv_execute
#else
#define RISCV_EXECUTE NULL
#endif

#endif
