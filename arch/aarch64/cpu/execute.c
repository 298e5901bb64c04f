/* SPDX-License-Identifier: MIT */

/*
 * The privileged instructions: of a library that is compiled for this CPU. TLBI and TTBR of EL1 are, for a kernel
 * that runs at EL2 with HCR_EL2.E2H and TGE set, those of EL2: the same code does for it.
 */

#include "arch/aarch64/cpu/cpu.h"

#ifdef __aarch64__

/* What A64_ENTER_GUEST has changed. */
typedef struct host {
    usize daif, hcr, vttbr;
} Host;

/* An operation by its encoding (op1, CRm, op2; CRn is 8): assemblers need not know FEAT_TLBIRANGE. */
#define TLBI(op1, crm, op2, operand)                                                                       \
    __asm__ volatile("sys #" #op1 ", c8, c" #crm ", #" #op2 ", %0" ::"r"(operand) : "memory")
#define BARRIER(what)      __asm__ volatile(what ::: "memory")
#define READ(value, name)  __asm__ volatile("mrs %0, " name : "=r"(value)::"memory")
#define WRITE(name, value) __asm__ volatile("msr " name ", %0" ::"r"(value) : "memory")
#define VTTBR_EL2          "S3_4_C2_C1_0"
#define HCR_EL2            "S3_4_C1_C1_0"
static const usize HCR_TGE = (usize)1 << 27;

/* With HCR_EL2.TGE set TLBI of EL1 is about the host. While it is clear no interrupt may come. */
static void enter_guest(Host *host, usize vttbr)
{
    READ(host->daif, "daif");
    BARRIER("msr daifset, #3");
    READ(host->hcr, HCR_EL2);
    READ(host->vttbr, VTTBR_EL2);
    WRITE(VTTBR_EL2, vttbr);
    WRITE(HCR_EL2, host->hcr & ~HCR_TGE);
    BARRIER("isb");
}

static void leave_guest(const Host *host)
{
    WRITE(VTTBR_EL2, host->vttbr);
    WRITE(HCR_EL2, host->hcr);
    BARRIER("isb");
    WRITE("daif", host->daif);
}

static void invalidate(A64StepKind kind, usize operand)
{
    switch (kind) {
    case A64_VAE1IS:
        TLBI(0, 3, 1, operand);
        return;
    case A64_VALE1IS:
        TLBI(0, 3, 5, operand);
        return;
    case A64_VAAE1IS:
        TLBI(0, 3, 3, operand);
        return;
    case A64_VAALE1IS:
        TLBI(0, 3, 7, operand);
        return;
    case A64_IPAS2E1IS:
        TLBI(4, 0, 1, operand);
        return;
    case A64_IPAS2LE1IS:
        TLBI(4, 0, 5, operand);
        return;
    case A64_RVAE1IS:
        TLBI(0, 2, 1, operand);
        return;
    case A64_RVALE1IS:
        TLBI(0, 2, 5, operand);
        return;
    case A64_RVAAE1IS:
        TLBI(0, 2, 3, operand);
        return;
    case A64_RVAALE1IS:
        TLBI(0, 2, 7, operand);
        return;
    case A64_RIPAS2E1IS:
        TLBI(4, 0, 2, operand);
        return;
    case A64_RIPAS2LE1IS:
        TLBI(4, 0, 6, operand);
        return;
    case A64_ASIDE1IS:
        TLBI(0, 3, 2, operand);
        return;
    default:
        return;
    }
}

static void invalidate_all(A64StepKind kind)
{
    switch (kind) {
    case A64_VMALLE1IS:
        BARRIER("tlbi vmalle1is");
        return;
    case A64_VMALLS12E1IS:
        BARRIER("tlbi vmalls12e1is");
        return;
    case A64_VMALLE1:
        BARRIER("tlbi vmalle1");
        return;
    case A64_ALLE1:
        BARRIER("tlbi alle1");
        return;
    default:
        return;
    }
}

static void wait_for(A64StepKind kind)
{
    switch (kind) {
    case A64_DSB_ISHST:
        BARRIER("dsb ishst");
        return;
    case A64_DSB_ISH:
        BARRIER("dsb ish");
        return;
    case A64_DSB_NSH:
        BARRIER("dsb nsh");
        return;
    case A64_ISB:
        BARRIER("isb");
        return;
    default:
        return;
    }
}

static void set_root(A64StepKind kind, usize value)
{
    switch (kind) {
    case A64_TTBR0:
        WRITE("ttbr0_el1", value);
        return;
    case A64_TTBR1:
        WRITE("ttbr1_el1", value);
        return;
    case A64_VTTBR:
        WRITE(VTTBR_EL2, value);
        return;
    default:
        return;
    }
}

void mem_vmap_aarch64_execute(void *context, const MemVmapStep *steps, unsigned count)
{
    Host host = {0};
    (void)context;
    for (unsigned i = 0; i < count; i++) {
        A64StepKind kind = (A64StepKind)steps[i].kind;
        if (kind == A64_ENTER_GUEST)
            enter_guest(&host, steps[i].first);
        if (kind == A64_LEAVE_GUEST)
            leave_guest(&host);
        wait_for(kind);
        invalidate_all(kind);
        set_root(kind, steps[i].first);
        for (usize n = 0; n < steps[i].count; n++)
            invalidate(kind, steps[i].first + n * steps[i].stride);
    }
}

#endif
