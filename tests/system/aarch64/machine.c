/* SPDX-License-Identifier: MIT */

/* QEMU's virt machine: a serial line, memory as the device tree tells, PSCI, semihosting. Arm DDI 0487. */

#include "common/fdt.h"
#include "common/kernel.h"
#include "aarch64/aarch64.h"

#define UART               ((usize)0x09000000)
#define MACHINE_PARAMETERS ((usize)0x44000000)

#define READ(name)                                                                                         \
    ({                                                                                                     \
        usize read_value;                                                                                  \
        __asm__ volatile("mrs %0, " name : "=r"(read_value)::"memory");                                    \
        read_value;                                                                                        \
    })
#define WRITE(name, value) __asm__ volatile("msr " name ", %0" ::"r"((usize)(value)) : "memory")

const Parameters *const parameters = (const Parameters *)MACHINE_PARAMETERS;

static usize stacks[CPUS_MAX][4096] __attribute__((aligned(16)));

extern char start_cpu[];

void machine_put(char character)
{
    *(volatile uint32_t *)UART = (uint32_t)character;
}

/* Semihosting, SYS_EXIT_EXTENDED with ADP_Stopped_ApplicationExit. */
_Noreturn void machine_exit(unsigned code)
{
    const usize block[] = {0x20026, code};
    register usize w0 __asm__("x0") = 0x20;
    register const usize *x1 __asm__("x1") = block;
    for (;;)
        __asm__ volatile("hlt #0xf000" ::"r"(w0), "r"(x1) : "memory");
}

unsigned machine_cpu(void)
{
    return (unsigned)(READ("mpidr_el1") & 0xff);
}

/* PSCI CPU_ON: entry with the MMU off. */
void machine_start_cpu(unsigned cpu)
{
    usize *top = &stacks[cpu][sizeof stacks[cpu] / sizeof stacks[cpu][0] - 2];
    *top = cpu;
    register usize x0 __asm__("x0") = 0xc4000003;
    register usize x1 __asm__("x1") = cpu;
    register usize x2 __asm__("x2") = (usize)start_cpu;
    register usize x3 __asm__("x3") = (usize)top;
    __asm__ volatile("dsb sy; hvc #0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3) : "memory");
}

/* CPUs tell each other by TLBI: there are no interrupts. */
void machine_interrupt(unsigned cpu)
{
    (void)cpu;
    panic("the library interrupts a CPU");
}

void machine_interrupts_on(void)
{
}

void machine_interrupts_off(void)
{
}

/* An emulator that runs all CPUs in one thread goes on with the next at this instruction. */
void machine_pause(void)
{
    __asm__ volatile("yield" ::: "memory");
}

void machine_sleep(void)
{
    __asm__ volatile("wfi" ::: "memory");
}

uint64_t machine_cycles(void)
{
    __asm__ volatile("isb" ::: "memory");
    return READ("cntvct_el0");
}

static unsigned field(usize value, unsigned shift)
{
    return (unsigned)(value >> shift) & 15;
}

static void describe_cpu(Machine *here)
{
    usize mmfr0 = READ("id_aa64mmfr0_el1"), mmfr2 = READ("id_aa64mmfr2_el1"),
          isar0 = READ("id_aa64isar0_el1");
    here->features = (MemVmapCpuFeatures){
        .asids = field(mmfr0, 4) == 2 ? 65536 : 256,
        .by_asid = true,
        .globals = true,
        .extensions = (field(isar0, 56) == 2 ? MEM_VMAP_HAS_RANGES : 0) |
                      (field(mmfr2, 48) == 1 ? MEM_VMAP_HAS_TTL : 0),
    };
    here->options.hardware_updates = true;
    here->options.break_level = field(mmfr2, 52); /* BBM */
    if (parameters->break_level != 0)
        here->options.break_level = parameters->break_level - 1;
}

void machine_begin(Machine *here, usize boot_information)
{
    here->format = parameters->page_kib == 64 ? "aarch64_64k" : "aarch64_4k";
    if (parameters->page_kib == 16)
        here->format = "aarch64_16k";
    here->cpu_type = "aarch64";
    describe_cpu(here);
    here->ram = fdt_memory(boot_information);
    here->arena = (Region){2 * GIB, 4 * GIB};
    here->devices[0] = (Region){UART, UART + 4096};
    here->device_count = 1;
    here->device_type = MEM_VMAP_DEVICE;
    machine_begin_cpu(0);
}

/* By default index: write-back, write-through, Normal non-cacheable twice, Device-nGnRE. */
#define MAIR ((usize)0x044444bbff)

/*
 * T0SZ 16: 48 bits, inner and outer write-back, inner shareable; no TTBR1 (EPD1); the ASIDs' size; IPS 48 bits;
 * hardware sets accessed and dirty flags (HA, HD).
 */
static usize translation_control(void)
{
    usize granule = parameters->page_kib == 64 ? 1 : parameters->page_kib == 16 ? 2 : 0;
    usize sixteen_bits = field(READ("id_aa64mmfr0_el1"), 4) == 2;
    return 16 | 1 << 8 | 1 << 10 | 3 << 12 | granule << 14 | 1 << 23 | (usize)5 << 32 | sixteen_bits << 36 |
           (usize)3 << 39;
}

void machine_begin_cpu(unsigned cpu)
{
    (void)cpu;
    aarch64_traps_begin();
    WRITE("mair_el1", MAIR);
    WRITE("tcr_el1", translation_control());
    __asm__ volatile("isb" ::: "memory");
}

/* The MMU and caches go on: SCTLR_EL1.M, C, I. Nothing is privileged-access-never. */
void machine_space_loaded(void)
{
    __asm__ volatile("tlbi vmalle1; dsb nsh; isb" ::: "memory");
    WRITE("sctlr_el1", READ("sctlr_el1") | 1 << 0 | 1 << 2 | 1 << 12 | 1 << 23);
    __asm__ volatile("isb; msr S0_0_C4_C0_4, xzr" ::: "memory");
}

/* DDI 0487, D8.4: what user mode may execute the kernel may not, and the other way round. */
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

bool machine_is_exact(Mode mode, Access access, int flags)
{
    (void)mode;
    (void)access;
    (void)flags;
    return true;
}
