/* SPDX-License-Identifier: MIT */

/* The privileged instructions: of a library that is compiled for this CPU. */

#include "arch/x86_64/cpu/cpu.h"

#ifdef __x86_64__

static const usize CR4_PGE = (usize)1 << 7;

static void invlpg(usize address)
{
    __asm__ volatile("invlpg (%0)" ::"r"(address) : "memory");
}

static void invpcid(usize type, usize pcid, usize address)
{
    const struct {
        usize pcid, address;
    } descriptor = {pcid, address};
    __asm__ volatile("invpcid %1, %0" ::"r"(type), "m"(descriptor) : "memory");
}

static void write_cr3(usize value)
{
    __asm__ volatile("mov %0, %%cr3" ::"r"(value) : "memory");
}

/* It is the change that flushes: an interrupt between the two that does the same finds PGE clear, and sets it. */
static void toggle_pge(void)
{
    usize cr4;
    __asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
    __asm__ volatile("mov %0, %%cr4" ::"r"(cr4 ^ CR4_PGE) : "memory");
    __asm__ volatile("mov %0, %%cr4" ::"r"(cr4) : "memory");
}

static void execute_once(const MemVmapStep *step, usize address)
{
    switch ((X86StepKind)step->kind) {
    case X86_INVLPG:
        invlpg(address);
        return;
    case X86_INVPCID_ADDRESS:
        invpcid(0, step->asid, address);
        return;
    case X86_INVPCID_ALL:
        invpcid(2, 0, 0);
        return;
    case X86_CR3:
        write_cr3(step->first);
        return;
    case X86_PGE:
        toggle_pge();
        return;
    }
}

void mem_vmap_x86_64_execute(void *context, const MemVmapStep *steps, unsigned count)
{
    (void)context;
    for (unsigned i = 0; i < count; i++)
        for (usize n = 0; n < steps[i].count; n++)
            execute_once(&steps[i], steps[i].first + n * steps[i].stride);
}

#endif
