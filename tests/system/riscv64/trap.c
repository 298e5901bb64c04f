/* SPDX-License-Identifier: MIT */

/* Traps and probes. Privileged Architecture, chapter "Supervisor-Level ISA". */

#include "common/kernel.h"
#include "riscv64/riscv64.h"

/* As entry.S pushes it: registers by number, with the program counter in the place of x0. */
typedef struct Frame {
    usize pc, ra, sp, gp, tp, t0, t1, t2, s0, s1;
    usize a[8];
    usize s2_to_t6[14];
    usize status;
} Frame;

/* A probe that is under way on a CPU. */
typedef struct Running {
    bool active;
    usize stack;
    Access access;
    usize virt;
    Probe result;
} Running;

void trap(Frame *frame);
void probe_enter(usize *stack, usize entry, usize status, usize address, usize value);
extern char probe_return[];

static Running running[CPUS_MAX];

enum { STATUS_SIE = 1 << 1, STATUS_SPIE = 1 << 5, STATUS_SPP = 1 << 8 };
enum { CAUSE_BREAKPOINT = 3, CAUSE_FETCH = 12, CAUSE_LOAD = 13, CAUSE_STORE = 15 };
#define CAUSE_SOFTWARE_INTERRUPT ((usize)1 << 63 | 1)
#define CAUSE_TIMER_INTERRUPT    ((usize)1 << 63 | 5)

static Outcome outcome_of(const Running *probe, usize cause, usize address)
{
    static const usize faults[ACCESSES] = {CAUSE_LOAD, CAUSE_STORE, CAUSE_FETCH};
    if (cause == CAUSE_BREAKPOINT)
        return REACHED;
    return cause == faults[probe->access] && address == probe->virt ? FAULT_EITHER : FAULT_STRANGE;
}

/* Goes on in probe_enter, whatever the mode was. */
static void end_probe(Running *probe, Frame *frame, usize cause, usize address)
{
    probe->active = false;
    probe->result = (Probe){outcome_of(probe, cause, address), frame->a[0], cause, address};
    frame->pc = (usize)probe_return;
    frame->sp = probe->stack;
    frame->status |= STATUS_SPP;
}

void trap(Frame *frame)
{
    usize cause, address;
    __asm__ volatile("csrr %0, scause; csrr %1, stval" : "=r"(cause), "=r"(address));
    Running *probe = &running[machine_cpu()];
    if (cause == CAUSE_SOFTWARE_INTERRUPT) {
        __asm__ volatile("csrci sip, 2" ::: "memory");
        kernel_interrupted();
        return;
    }
    if (cause == CAUSE_TIMER_INTERRUPT) {
        riscv_stop_timer();
        return;
    }
    if (probe->active) {
        end_probe(probe, frame, cause, address);
        return;
    }
    print("trap %lx at %lx, address %lx\n", cause, frame->pc, address);
    panic("unexpected trap");
}

Probe machine_probe(Mode mode, Access access, usize virt, uint64_t value)
{
    Running *probe = &running[machine_cpu()];
    usize status;
    __asm__ volatile("csrr %0, sstatus" : "=r"(status));
    status &= ~(usize)(STATUS_SPP | STATUS_SPIE);
    status |= (mode == KERNEL_MODE ? STATUS_SPP : 0) | (status & STATUS_SIE ? STATUS_SPIE : 0);
    *probe = (Running){.access = access, .virt = virt};
    __atomic_store_n(&probe->active, true, __ATOMIC_RELEASE);
    probe_enter(&probe->stack, probe_entry(mode, access, virt), status & ~(usize)STATUS_SIE, virt, value);
    return probe->result;
}

/* lui a0, upper; addiw a0, a0, lower; ebreak */
void machine_write_code(void *where, uint32_t value)
{
    volatile uint32_t *code = where;
    code[0] = ((value + 0x800) & 0xfffff000) | 0x537;
    code[1] = value << 20 | 0x5051b;
    code[2] = 0x00100073;
    __asm__ volatile("fence.i" ::: "memory");
}
