/* SPDX-License-Identifier: MIT */

/*
 * Fences on other harts, by calls of the firmware: SBI specification, chapter "RFENCE Extension". It returns when
 * those harts have executed them, whatever the kernel does there meanwhile.
 */

#include "arch/riscv/cpu/cpu.h"

enum { REMOTE_SFENCE_VMA = 1, REMOTE_SFENCE_VMA_ASID = 2 };

/* A step that is not about addresses, or is alone what Svinval needs on the hart itself, needs no call. */
RiscvSbiFence mem_vmap_riscv_sbi_fence(const MemVmapStep *step)
{
    usize size = step->count * (step->stride != 0 ? step->stride : 1);
    switch ((RiscvStepKind)step->kind) {
    case RISCV_FENCE_ADDRESS:
    case RISCV_INVAL_ADDRESS:
        return (RiscvSbiFence){REMOTE_SFENCE_VMA_ASID, step->first, size, step->asid};
    case RISCV_FENCE_ADDRESS_ALL:
    case RISCV_INVAL_ADDRESS_ALL:
        return (RiscvSbiFence){REMOTE_SFENCE_VMA, step->first, size, 0};
    case RISCV_FENCE_ASID:
        return (RiscvSbiFence){REMOTE_SFENCE_VMA_ASID, 0, SIZE_MAX, step->asid};
    case RISCV_FENCE_ALL:
        return (RiscvSbiFence){REMOTE_SFENCE_VMA, 0, SIZE_MAX, 0};
    case RISCV_SATP:
    case RISCV_INVAL_BEGIN:
    case RISCV_INVAL_END:
        return (RiscvSbiFence){0, 0, 0, 0};
    }
    return (RiscvSbiFence){0, 0, 0, 0};
}

#ifdef __riscv

/* The extension's number is "RFNC"; a hart mask is about 64 harts from its base on. */
static void call(const RiscvSbiFence *fence, usize harts, usize base)
{
    register usize a0 __asm__("a0") = harts;
    register usize a1 __asm__("a1") = base;
    register usize a2 __asm__("a2") = fence->start;
    register usize a3 __asm__("a3") = fence->size;
    register usize a4 __asm__("a4") = fence->asid;
    register usize a6 __asm__("a6") = fence->function;
    register usize a7 __asm__("a7") = 0x52464e43;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7) : "memory");
}

void mem_vmap_riscv_execute_there(void *context, const MemVmapCpuSet *targets, const MemVmapStep *steps,
                                  unsigned count)
{
    (void)context;
    for (unsigned i = 0; i < count; i++) {
        RiscvSbiFence fence = mem_vmap_riscv_sbi_fence(&steps[i]);
        for (usize word = 0; fence.function != 0 && word < sizeof targets->words / sizeof targets->words[0];
             word++)
            if (targets->words[word] != 0)
                call(&fence, targets->words[word], word * 64);
    }
}

#endif
