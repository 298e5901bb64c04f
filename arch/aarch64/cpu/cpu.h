/* SPDX-License-Identifier: MIT */
#ifndef MEM_ARCH_AARCH64_CPU_H
#define MEM_ARCH_AARCH64_CPU_H

/*
 * AArch64 CPUs: what they are told to forget, and with which instructions. Arm DDI 0487, chapter D8, "TLB
 * maintenance", and C5.5, "A64 system instructions for TLB maintenance", for the operands.
 *
 * One CPU tells all others of its inner shareable domain: their ASIDs, and VMIDs, are the machine's. `features.asids`
 * is 1 << 8 or 1 << 16 (ID_AA64MMFR0_EL1.ASIDBits and TCR.AS; ID_AA64MMFR1_EL1.VMIDBits and VTCR_EL2.VS), with
 * TCR.A1 clear: the ASID is the one in TTBR0. `by_asid` and `globals` are true of any CPU.
 *
 * Which root it is follows from the format: TTBR0_EL1; TTBR1_EL1 of formats of the upper half; VTTBR_EL2 of the
 * second stage, for a hypervisor at EL2.
 */

#include <mem/vmap_cpu.h>

/* What a step does (`kind`). */
typedef enum {
    A64_DSB_ISHST, /* barriers: stores of entries before what follows, */
    A64_DSB_ISH,   /* invalidations of all CPUs, */
    A64_DSB_NSH,   /* of this one; */
    A64_ISB,       /* and what this CPU executes from here on */

    /* TLBI, with the operands `first`, `first + stride`, ... By address, */
    A64_VAE1IS,   /* of an ASID, entries of all levels */
    A64_VALE1IS,  /* of the last level */
    A64_VAAE1IS,  /* of every ASID, and global ones */
    A64_VAALE1IS, /* of the last level */
    A64_IPAS2E1IS,
    A64_IPAS2LE1IS,
    /* by range, */
    A64_RVAE1IS,
    A64_RVALE1IS,
    A64_RVAAE1IS,
    A64_RVAALE1IS,
    A64_RIPAS2E1IS,
    A64_RIPAS2LE1IS,
    /* or everything. */
    A64_ASIDE1IS,     /* of an ASID, but for global entries */
    A64_VMALLE1IS,    /* of the first stage, of the current VMID */
    A64_VMALLS12E1IS, /* of both stages, of the current VMID */
    A64_VMALLE1,      /* as above, on this CPU */
    A64_ALLE1,        /* of both stages and all VMIDs, on this CPU */

    A64_TTBR0, /* `first` goes to that register */
    A64_TTBR1,
    A64_VTTBR,

    /* `first` goes to VTTBR_EL2, and TLBI is about what guests use, until A64_LEAVE_GUEST of the same list. */
    A64_ENTER_GUEST,
    A64_LEAVE_GUEST,
} A64StepKind;

void mem_vmap_aarch64_execute(void *context, const MemVmapStep *steps, unsigned count);
unsigned mem_vmap_aarch64_errata(uint64_t midr);

/* A library that is compiled for another CPU, as for tests on a host, leaves it to the port. */
#ifdef __aarch64__
#define A64_EXECUTE mem_vmap_aarch64_execute
#else
#define A64_EXECUTE NULL
#endif

#endif
