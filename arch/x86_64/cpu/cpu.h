/* SPDX-License-Identifier: MIT */
#ifndef MEM_ARCH_X86_64_CPU_H
#define MEM_ARCH_X86_64_CPU_H

/*
 * x86-64 CPUs: what they are told to forget, and with which instructions (Intel SDM vol. 3A, 4.10).
 *
 * The ASID is the PCID: `features.asids` is 4096 where CR4.PCIDE is set and 0 where it is not, `by_asid` is
 * CPUID.7.EBX[10] (INVPCID), `globals` is CR4.PGE.
 */

#include <mem/vmap_cpu.h>

/* What a step does (`kind`). */
typedef enum {
    /* At each address: the entry of the current PCID, a global one, and all that the paging-structure caches
     * hold for the current PCID. */
    X86_INVLPG,
    /* INVPCID type 0 at each address: the entry of PCID `asid`, unless it is global. */
    X86_INVPCID_ADDRESS,
    /* INVPCID type 2: everything, of every PCID, global entries too. */
    X86_INVPCID_ALL,
    /* `first` goes to CR3. Without CR3_KEEP: and all of its PCID goes, but for global entries. */
    X86_CR3,
    /* CR4.PGE is cleared and set again: everything, of every PCID, global entries too. */
    X86_PGE,
} X86StepKind;

void mem_vmap_x86_64_execute(void *context, const MemVmapStep *steps, unsigned count);

/* A library that is compiled for another CPU leaves it to the port. */
#ifdef __x86_64__
#define X86_EXECUTE mem_vmap_x86_64_execute
#else
#define X86_EXECUTE NULL
#endif

/* Bit 63 of what goes to CR3, with CR4.PCIDE: what is cached of the PCID stays. */
#define X86_CR3_KEEP ((usize)1 << 63)

#endif
