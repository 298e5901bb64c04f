/* SPDX-License-Identifier: MIT */

/* QEMU's virt machine: a serial line, memory as the device tree tells, firmware that starts and interrupts harts. */

#include "common/fdt.h"
#include "common/kernel.h"
#include "riscv64/riscv64.h"

#define UART               ((usize)0x10000000)
#define TEST_DEVICE        ((usize)0x100000)
#define MACHINE_PARAMETERS ((usize)0x84000000)

const Parameters *const parameters = (const Parameters *)MACHINE_PARAMETERS;

static char hart_stacks[CPUS_MAX][32768] __attribute__((aligned(16)));

void riscv_main(usize tree, usize hart);
extern char start[], start_hart[], trap_entry[];

/* SBI specification, chapters 3, 6, 7 and 9. */
typedef enum Sbi {
    SBI_HART_START,
    SBI_HART_STOP,
    SBI_SEND_IPI,
    SBI_SET_TIMER,
} Sbi;

static long sbi(Sbi call, usize first, usize second, usize third)
{
    static const struct {
        usize extension, function;
    } numbers[] = {{0x48534d, 0}, {0x48534d, 1}, {0x735049, 0}, {0x54494d45, 0}};
    register usize a0 __asm__("a0") = first;
    register usize a1 __asm__("a1") = second;
    register usize a2 __asm__("a2") = third;
    register usize a6 __asm__("a6") = numbers[call].function;
    register usize a7 __asm__("a7") = numbers[call].extension;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a6), "r"(a7) : "memory");
    return (long)a0;
}

/* CPU 0 is hart 0: numbers of CPUs are hart IDs, as the library's calls of the firmware want them. */
void riscv_main(usize tree, usize hart)
{
    if (hart == 0)
        kernel_main(tree);
    sbi(SBI_HART_START, 0, (usize)start, tree);
    for (;;)
        sbi(SBI_HART_STOP, 0, 0, 0);
}

void machine_put(char character)
{
    *(volatile char *)UART = character;
}

_Noreturn void machine_exit(unsigned code)
{
    *(volatile uint32_t *)TEST_DEVICE = code == 0 ? 0x5555 : code << 16 | 0x3333;
    for (;;)
        machine_sleep();
}

unsigned machine_cpu(void)
{
    usize hart;
    __asm__("mv %0, tp" : "=r"(hart));
    return (unsigned)hart;
}

void machine_interrupt(unsigned cpu)
{
    sbi(SBI_SEND_IPI, (usize)1 << cpu, 0, 0);
}

/* A hart that was here first may still be stopping. */
void machine_start_cpu(unsigned cpu)
{
    usize stack = (usize)hart_stacks[cpu] + sizeof hart_stacks[cpu];
    while (sbi(SBI_HART_START, cpu, (usize)start_hart, stack) != 0)
        machine_pause();
}

enum { SSTATUS_SIE = 2, SSTATUS_SUM = 1 << 18, SIE_SOFTWARE = 1 << 1, SIE_TIMER = 1 << 5 };

void machine_interrupts_on(void)
{
    __asm__ volatile("csrs sstatus, %0" ::"r"((usize)SSTATUS_SIE) : "memory");
}

void machine_interrupts_off(void)
{
    __asm__ volatile("csrc sstatus, %0" ::"r"((usize)SSTATUS_SIE) : "memory");
}

void riscv_stop_timer(void)
{
    sbi(SBI_SET_TIMER, (usize)-1, 0, 0);
}

/* An interrupt before the wait would leave nothing to wait for. */
static void wait_a_microsecond(void)
{
    usize status;
    __asm__ volatile("csrrci %0, sstatus, 2" : "=r"(status)::"memory");
    sbi(SBI_SET_TIMER, machine_cycles() + 10, 0, 0);
    machine_sleep();
    __asm__ volatile("csrs sstatus, %0" ::"r"(status & SSTATUS_SIE) : "memory");
}

/*
 * An emulator with one thread for all harts goes on with the next when this one waits for an interrupt. Otherwise the
 * hint of Zihintpause, which others take for a fence that orders nothing.
 */
void machine_pause(void)
{
    if (parameters->one_thread)
        wait_a_microsecond();
    else
        __asm__ volatile(".word 0x0100000f" ::: "memory");
}

void machine_sleep(void)
{
    __asm__ volatile("wfi" ::: "memory");
}

uint64_t machine_cycles(void)
{
    uint64_t cycles;
    __asm__ volatile("rdtime %0" : "=r"(cycles));
    return cycles;
}

/* ASIDs that satp keeps of those that are written to it, before there is anything to translate. */
static unsigned count_asids(void)
{
    usize satp = (usize)0xffff << 44;
    __asm__ volatile("csrw satp, %1; csrr %0, satp; csrw satp, zero" : "=r"(satp) : "r"(satp) : "memory");
    satp = satp >> 44 & 0xffff;
    return satp != 0 ? (unsigned)satp + 1 : 0;
}

void machine_begin(Machine *here, usize boot_information)
{
    static const char *const formats[] = {"riscv_sv39", "riscv_sv48", "riscv_sv57"};
    here->format = formats[(parameters->levels - 3) % 3];
    here->cpu_type = "riscv";
    here->features = (MemVmapCpuFeatures){
        .asids = count_asids(), .by_asid = true, .globals = true, .caches_absent = true};
    here->options.hardware_updates = true;
    /* With Svnapot, and without a gap up to the root's. */
    here->options.leaf_sizes = 4096 | 65536 | 2 * MIB | GIB;
    for (unsigned level = 3; level < parameters->levels; level++)
        here->options.leaf_sizes |= (usize)1 << (12 + 9 * level);
    here->ram = fdt_memory(boot_information);
    here->arena = (Region){3 * GIB, 5 * GIB};
    here->devices[0] = (Region){UART, UART + 4096};
    here->devices[1] = (Region){TEST_DEVICE, TEST_DEVICE + 4096};
    here->device_count = 2; /* of the default type: physical memory attributes, as there is no Svpbmt */
    machine_begin_cpu(0);
}

/* The kernel may use pages of user mode (SUM); it can never execute them. */
void machine_begin_cpu(unsigned cpu)
{
    (void)cpu;
    __asm__ volatile("csrw stvec, %0; csrs sstatus, %1; csrs sie, %2" ::"r"(trap_entry),
                     "r"((usize)SSTATUS_SUM), "r"((usize)(SIE_SOFTWARE | SIE_TIMER))
                     : "memory");
}

/* Privileged Architecture, "Virtual Address Translation Process", step 6. */
bool machine_permits(Mode mode, Access access, int flags)
{
    bool user = (flags & MEM_VMAP_USER) != 0;
    switch (access) {
    case ACCESS_READ:
        return mode == KERNEL_MODE || user;
    case ACCESS_WRITE:
        return (mode == KERNEL_MODE || user) && (flags & MEM_VMAP_WRITE) != 0;
    case ACCESS_EXECUTE:
        return (mode == USER_MODE) == user && (flags & MEM_VMAP_EXEC) != 0;
    }
    return false;
}

/* satp turns the MMU on. */
void machine_space_loaded(void)
{
}

/* QEMU 7.2 lets the supervisor execute a page of user mode that it has read before. */
bool machine_is_exact(Mode mode, Access access, int flags)
{
    return mode != KERNEL_MODE || access != ACCESS_EXECUTE || (flags & MEM_VMAP_USER) == 0;
}
