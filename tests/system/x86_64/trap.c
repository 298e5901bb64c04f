/* SPDX-License-Identifier: MIT */

/* Descriptor tables, traps and probes. Intel SDM vol. 3A, chapters 3, 6 and 7. */

#include "common/kernel.h"
#include "x86_64/boot.h"
#include "x86_64/x86_64.h"

/* As trap.S pushes it, and the CPU before it. */
typedef struct Frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
} Frame;

/* A probe that is under way on a CPU. */
typedef struct Running {
    bool active;
    usize stack;
    Mode mode;
    Access access;
    usize virt;
    Probe result;
} Running;

void trap(Frame *frame);
void probe_enter(usize *stack, usize entry, usize code, usize data, usize address, usize value);
extern char trap_entries[], probe_return[];

static Running running[CPUS_MAX];

typedef struct Gate {
    uint16_t offset_low, selector;
    uint16_t type;
    uint16_t offset_middle;
    uint32_t offset_high, reserved;
} Gate;

typedef struct __attribute__((packed)) TaskState {
    uint32_t reserved;
    uint64_t stack0;
    uint8_t unused[92];
} TaskState;

typedef struct __attribute__((packed)) TablePointer {
    uint16_t limit;
    uint64_t base;
} TablePointer;

static Gate gates[VECTORS];
static uint64_t segments[GDT_SLOTS];
static TaskState task_states[CPUS_MAX];
static char trap_stacks[CPUS_MAX][16384] __attribute__((aligned(16)));

enum { GATE_INTERRUPT = 0x8e00, GATE_INTERRUPT_USER = 0xee00 };

static void make_gates(void)
{
    for (unsigned i = 0; i < VECTORS; i++) {
        usize entry = (usize)trap_entries + 16 * i;
        gates[i] = (Gate){
            .offset_low = (uint16_t)entry,
            .selector = GDT_CODE,
            .type = i == VECTOR_BREAKPOINT ? GATE_INTERRUPT_USER : GATE_INTERRUPT,
            .offset_middle = (uint16_t)(entry >> 16),
            .offset_high = (uint32_t)(entry >> 32),
        };
    }
}

/* The same for all CPUs, but for one TSS each, which says where traps from user mode have their stack. */
static void make_segments(void)
{
    segments[GDT_CODE / 8] = 0x00af9b000000ffff;
    segments[GDT_DATA / 8] = 0x00cf93000000ffff;
    segments[GDT_CODE32 / 8] = 0x00cf9b000000ffff;
    segments[GDT_USER_DATA / 8] = 0x00cff3000000ffff;
    segments[GDT_USER_CODE / 8] = 0x00affb000000ffff;
    for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++) {
        usize base = (usize)&task_states[cpu];
        task_states[cpu].stack0 = (usize)trap_stacks[cpu] + sizeof trap_stacks[cpu];
        segments[GDT_TSS / 8 + 2 * cpu] = (sizeof(TaskState) - 1) | (base & 0xffffff) << 16 |
                                          (uint64_t)0x89 << 40 | (base >> 24 & 0xff) << 56;
        segments[GDT_TSS / 8 + 2 * cpu + 1] = base >> 32;
    }
}

void x86_traps_begin(unsigned cpu)
{
    if (cpu == 0) {
        make_gates();
        make_segments();
    }
    TablePointer gdt = {sizeof segments - 1, (usize)segments}, idt = {sizeof gates - 1, (usize)gates};
    uint16_t tss = (uint16_t)(GDT_TSS + 16 * cpu);
    __asm__ volatile("lgdt %0; lidt %1; ltr %2" ::"m"(gdt), "m"(idt), "r"(tss) : "memory");
}

/* The task register tells CPUs apart. */
unsigned machine_cpu(void)
{
    uint16_t tss;
    __asm__ volatile("str %0" : "=r"(tss));
    return tss < GDT_TSS ? 0 : (tss - GDT_TSS) / 16u;
}

static usize read_cr2(void)
{
    usize address;
    __asm__ volatile("mov %%cr2, %0" : "=r"(address));
    return address;
}

/* Bits of a page fault's error code. QEMU 7.2 leaves P clear where a reserved bit is set. */
enum { ERROR_PRESENT = 1, ERROR_WRITE = 2, ERROR_USER = 4, ERROR_RESERVED = 8, ERROR_FETCH = 16 };

static Outcome page_fault_outcome(const Running *probe, uint64_t error)
{
    uint64_t wanted = (probe->access == ACCESS_WRITE ? ERROR_WRITE : 0) |
                      (probe->access == ACCESS_EXECUTE ? ERROR_FETCH : 0) |
                      (probe->mode == USER_MODE ? ERROR_USER : 0);
    if ((error & ~(uint64_t)ERROR_PRESENT) != wanted || read_cr2() != probe->virt)
        return FAULT_STRANGE;
    return error & ERROR_PRESENT ? FAULT_RIGHT : FAULT_ABSENT;
}

/* An address that no table can have is a general-protection fault. */
static bool is_canonical(usize virt)
{
    unsigned unused = parameters->levels == 5 ? 7 : 16;
    return (usize)((intptr_t)(virt << unused) >> unused) == virt;
}

static Outcome outcome_of(const Running *probe, const Frame *frame)
{
    switch (frame->vector) {
    case VECTOR_BREAKPOINT:
        return REACHED;
    case VECTOR_PAGE_FAULT:
        return page_fault_outcome(probe, frame->error);
    case VECTOR_PROTECTION:
        return is_canonical(probe->virt) ? FAULT_STRANGE : FAULT_ABSENT;
    default:
        return FAULT_STRANGE;
    }
}

/* Goes on in probe_enter, whatever the mode was. */
static void end_probe(Running *probe, Frame *frame)
{
    probe->active = false;
    probe->result = (Probe){
        .outcome = outcome_of(probe, frame),
        .value = frame->rax,
        .cause = frame->vector << 16 | frame->error,
        .address = read_cr2(),
    };
    frame->rip = (usize)probe_return;
    frame->cs = GDT_CODE;
    frame->ss = GDT_DATA;
    frame->rsp = probe->stack;
}

void trap(Frame *frame)
{
    Running *probe = &running[machine_cpu()];
    if (frame->vector == VECTOR_SHOOTDOWN) {
        kernel_interrupted();
        x86_end_of_interrupt();
        return;
    }
    if (probe->active) {
        end_probe(probe, frame);
        return;
    }
    print("trap %lu, error %lx, at %lx, address %lx\n", frame->vector, frame->error, frame->rip,
          read_cr2());
    panic("unexpected trap");
}

Probe machine_probe(Mode mode, Access access, usize virt, uint64_t value)
{
    Running *probe = &running[machine_cpu()];
    *probe = (Running){.mode = mode, .access = access, .virt = virt};
    __atomic_store_n(&probe->active, true, __ATOMIC_RELEASE);
    usize code = mode == KERNEL_MODE ? GDT_CODE : GDT_USER_CODE | 3;
    usize data = mode == KERNEL_MODE ? GDT_DATA : GDT_USER_DATA | 3;
    probe_enter(&probe->stack, probe_entry(mode, access, virt), code, data, virt, value);
    return probe->result;
}

/* mov $value, %eax; int3 */
void machine_write_code(void *where, uint32_t value)
{
    volatile uint8_t *code = where;
    code[0] = 0xb8;
    for (unsigned i = 0; i < 4; i++)
        code[1 + i] = (uint8_t)(value >> 8 * i);
    code[5] = 0xcc;
}
