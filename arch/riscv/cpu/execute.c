/* SPDX-License-Identifier: MIT */

/* The privileged instructions: of a library that is compiled for this CPU. */

#include "arch/riscv/cpu/cpu.h"

#ifdef __riscv

/* Svinval by their encodings: sinval.vma is funct7 0x0b; of 0x0c rs2 is 0 (.w.inval) or 1 (.inval.ir). */

static void execute_once(const MemVmapStep *step, usize address)
{
    usize asid = step->asid;
    switch ((RiscvStepKind)step->kind) {
    case RISCV_FENCE_ADDRESS:
        __asm__ volatile("sfence.vma %0, %1" ::"r"(address), "r"(asid) : "memory");
        return;
    case RISCV_FENCE_ADDRESS_ALL:
        __asm__ volatile("sfence.vma %0, zero" ::"r"(address) : "memory");
        return;
    case RISCV_FENCE_ASID:
        __asm__ volatile("sfence.vma zero, %0" ::"r"(asid) : "memory");
        return;
    case RISCV_FENCE_ALL:
        __asm__ volatile("sfence.vma zero, zero" ::: "memory");
        return;
    case RISCV_SATP:
        __asm__ volatile("csrw satp, %0" ::"r"(step->first) : "memory");
        return;
    case RISCV_INVAL_BEGIN:
        __asm__ volatile(".insn r 0x73, 0, 0x0c, zero, zero, zero" ::: "memory");
        return;
    case RISCV_INVAL_ADDRESS:
        __asm__ volatile(".insn r 0x73, 0, 0x0b, zero, %0, %1" ::"r"(address), "r"(asid) : "memory");
        return;
    case RISCV_INVAL_ADDRESS_ALL:
        __asm__ volatile(".insn r 0x73, 0, 0x0b, zero, %0, zero" ::"r"(address) : "memory");
        return;
    case RISCV_INVAL_END:
        __asm__ volatile(".insn r 0x73, 0, 0x0c, zero, zero, ra" ::: "memory");
        return;
    }
}

void mem_vmap_riscv_execute(void *context, const MemVmapStep *steps, unsigned count)
{
    (void)context;
    for (unsigned i = 0; i < count; i++)
        for (usize n = 0; n < steps[i].count; n++)
            execute_once(&steps[i], steps[i].first + n * steps[i].stride);
}

#endif
