/* SPDX-License-Identifier: MIT */
#ifndef MEM_ARCH_RISCV_CPU_H
#define MEM_ARCH_RISCV_CPU_H

/*
 * RISC-V harts: what they are told to forget (Privileged Architecture, "Supervisor Memory-Management Fence
 * Instruction" and "Supervisor Address Translation and Protection Register").
 *
 * `features.asids` is 1 << ASIDLEN, or 0 where it is 0 or unused; `by_asid` and `globals` are true of any hart.
 *
 * Steps name their ASID, so firmware can execute them on other harts: with execute_there in the port a space has
 * one ASID on all harts. Without, each hart has its own.
 */

#include <mem/vmap_cpu.h>

/* What a step does (`kind`). */
typedef enum {
    RISCV_FENCE_ADDRESS,     /* sfence.vma at each address, of ASID `asid`: its leaf, unless it is global */
    RISCV_FENCE_ADDRESS_ALL, /* the same of every ASID, and global ones */
    RISCV_FENCE_ASID,        /* all of ASID `asid`, tables too, but for global entries */
    RISCV_FENCE_ALL,         /* everything */
    RISCV_SATP,              /* `first` goes to satp: nothing is forgotten */

    /* Svinval: between the two that are not about addresses, the others do what their fences do, in any order. */
    RISCV_INVAL_BEGIN,       /* sfence.w.inval */
    RISCV_INVAL_ADDRESS,     /* sinval.vma */
    RISCV_INVAL_ADDRESS_ALL, /* the same of every ASID, and global ones */
    RISCV_INVAL_END,         /* sfence.inval.ir */
} RiscvStepKind;

/* A call of the SBI, extension RFENCE (SBI specification, chapter 8), but for the harts that it is about. */
typedef struct riscv_sbi_fence {
    unsigned function; /* 1: remote_sfence_vma, of every ASID; 2: of `asid`. 0: none is needed */
    usize start, size; /* of the addresses; 0 and the largest number: all */
    usize asid;
} RiscvSbiFence;

/* The call that does on other harts what a step does on one. */
RiscvSbiFence mem_vmap_riscv_sbi_fence(const MemVmapStep *step);

void mem_vmap_riscv_execute(void *context, const MemVmapStep *steps, unsigned count);
void mem_vmap_riscv_execute_there(void *context, const MemVmapCpuSet *targets, const MemVmapStep *steps,
                                  unsigned count);

/* A library that is compiled for another CPU, as for tests on a host, leaves it to the port. */
#ifdef __riscv
#define RISCV_EXECUTE       mem_vmap_riscv_execute
#define RISCV_EXECUTE_THERE mem_vmap_riscv_execute_there
#else
#define RISCV_EXECUTE       NULL
#define RISCV_EXECUTE_THERE NULL
#endif

#endif
