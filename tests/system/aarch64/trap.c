/* SPDX-License-Identifier: MIT */

/* Exceptions and probes. Arm DDI 0487, D17.2.37 (ESR_EL1). */

#include "common/kernel.h"
#include "aarch64/aarch64.h"

/* A probe that is under way on a CPU. */
typedef struct Running {
    bool active;
    usize stack;
    Mode mode;
    Access access;
    usize virt;
    Probe result;
} Running;

_Noreturn void trap(usize value);
void probe_enter(usize *stack, usize entry, usize status, usize address, usize value);
_Noreturn void probe_return(usize stack);
extern char vectors[];

static Running running[CPUS_MAX];

enum {
    CLASS_FETCH_LOWER = 0x20,
    CLASS_FETCH = 0x21,
    CLASS_DATA_LOWER = 0x24,
    CLASS_DATA = 0x25,
    CLASS_BREAKPOINT = 0x3c,
    ISS_WRITE = 1 << 6,
    /* Fault status, but for the level. */
    STATUS_TRANSLATION = 0x04,
    STATUS_PERMISSION = 0x0c,
};
enum { SPSR_EL0 = 0x3c0, SPSR_EL1 = 0x3c5 };

void aarch64_traps_begin(void)
{
    __asm__ volatile("msr vbar_el1, %0; isb" ::"r"(vectors) : "memory");
}

static unsigned class_of(const Running *probe)
{
    if (probe->access == ACCESS_EXECUTE)
        return probe->mode == USER_MODE ? CLASS_FETCH_LOWER : CLASS_FETCH;
    return probe->mode == USER_MODE ? CLASS_DATA_LOWER : CLASS_DATA;
}

static Outcome outcome_of(const Running *probe, usize syndrome, usize address)
{
    unsigned class = syndrome >> 26 & 0x3f, status = syndrome & 0x3c;
    if (class == CLASS_BREAKPOINT)
        return REACHED;
    bool write = (syndrome & ISS_WRITE) != 0 && probe->access != ACCESS_EXECUTE;
    if (class != class_of(probe) || address != probe->virt || write != (probe->access == ACCESS_WRITE))
        return FAULT_STRANGE;
    if (status == STATUS_TRANSLATION)
        return FAULT_ABSENT;
    return status == STATUS_PERMISSION ? FAULT_RIGHT : FAULT_STRANGE;
}

/* Whatever led here goes on in probe_enter. */
_Noreturn void trap(usize value)
{
    usize syndrome, address, pc;
    __asm__ volatile("mrs %0, esr_el1; mrs %1, far_el1; mrs %2, elr_el1"
                     : "=r"(syndrome), "=r"(address), "=r"(pc));
    Running *probe = &running[machine_cpu()];
    if (!probe->active) {
        print("exception %lx at %lx, address %lx\n", syndrome, pc, address);
        panic("unexpected exception");
    }
    probe->active = false;
    probe->result = (Probe){outcome_of(probe, syndrome, address), value, syndrome, address};
    probe_return(probe->stack);
}

Probe machine_probe(Mode mode, Access access, usize virt, uint64_t value)
{
    Running *probe = &running[machine_cpu()];
    *probe = (Running){.mode = mode, .access = access, .virt = virt};
    __atomic_store_n(&probe->active, true, __ATOMIC_RELEASE);
    probe_enter(&probe->stack, probe_entry(mode, access, virt), mode == KERNEL_MODE ? SPSR_EL1 : SPSR_EL0,
                virt, value);
    return probe->result;
}

/* movz w0, lower; movk w0, upper, lsl 16; brk 0 */
void machine_write_code(void *where, uint32_t value)
{
    volatile uint32_t *code = where;
    code[0] = 0x52800000 | (value & 0xffff) << 5;
    code[1] = 0x72a00000 | value >> 16 << 5;
    code[2] = 0xd4200000;
    __asm__ volatile("dsb ish; ic ialluis; dsb ish; isb" ::: "memory");
}
