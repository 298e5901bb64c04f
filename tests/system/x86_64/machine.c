/* SPDX-License-Identifier: MIT */

/* QEMU's microvm: a serial line, a local APIC, memory as the start info tells, an exit port. */

#include "common/kernel.h"
#include "x86_64/boot.h"
#include "x86_64/x86_64.h"

enum { SERIAL = 0x3f8, SERIAL_STATUS = SERIAL + 5, TRANSMIT_EMPTY = 0x20, EXIT_PORT = 0xf4 };
enum { APIC_EOI = 0xb0, APIC_SPURIOUS = 0xf0, APIC_ICR = 0x300, APIC_ICR_TARGET = 0x310, APIC_ID = 0x20 };
#define APIC_BASE ((usize)0xfee00000)

const Parameters *const parameters = (const Parameters *)MACHINE_PARAMETERS;

extern char trampoline[], trampoline_end[];
extern usize ap_stack;
extern uint32_t ap_number;

static char ap_stacks[CPUS_MAX][32768] __attribute__((aligned(16)));

/* Xen, "x86/HVM direct boot ABI". */
typedef struct StartInfo {
    uint32_t magic, version, flags, modules;
    uint64_t module_list, command_line, rsdp, memory_map;
    uint32_t memory_map_entries, reserved;
} StartInfo;

typedef struct MemoryMapEntry {
    uint64_t first, size;
    uint32_t type, reserved;
} MemoryMapEntry;
enum { TYPE_RAM = 1 };

static inline void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static inline uint8_t in8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

void machine_put(char character)
{
    while ((in8(SERIAL_STATUS) & TRANSMIT_EMPTY) == 0)
        continue;
    out8(SERIAL, (uint8_t)character);
}

/* QEMU ends with 2 * value + 1. */
_Noreturn void machine_exit(unsigned code)
{
    for (;;)
        __asm__ volatile("outl %0, %1; hlt" ::"a"(code), "Nd"((uint16_t)EXIT_PORT));
}

static volatile uint32_t *apic(unsigned place)
{
    return (volatile uint32_t *)(APIC_BASE + place);
}

static void apic_on(void)
{
    *apic(APIC_SPURIOUS) = 0x1ff; /* enabled, vector 0xff */
}

/* QEMU numbers local APICs like CPUs. SDM vol. 3A, 11.6. */
static void apic_send(unsigned cpu, uint32_t command)
{
    *apic(APIC_ICR_TARGET) = cpu << 24;
    *apic(APIC_ICR) = command;
}

void machine_interrupt(unsigned cpu)
{
    usize flags;
    __asm__ volatile("pushfq; pop %0; cli" : "=r"(flags)::"memory");
    apic_send(cpu, 0x4000 | VECTOR_SHOOTDOWN);
    __asm__ volatile("push %0; popfq" ::"r"(flags) : "memory", "cc");
}

void x86_end_of_interrupt(void)
{
    *apic(APIC_EOI) = 0;
}

/* INIT, then startup at the trampoline's page: SDM vol. 3A, 9.4.4. */
void machine_start_cpu(unsigned cpu)
{
    for (usize i = 0; trampoline + i < trampoline_end; i++)
        ((volatile char *)TRAMPOLINE)[i] = trampoline[i];
    ap_stack = (usize)ap_stacks[cpu] + sizeof ap_stacks[cpu] - 8;
    ap_number = cpu;
    apic_send(cpu, 0x4500);
    apic_send(cpu, 0x4600 | TRAMPOLINE >> 12);
}

void machine_interrupts_on(void)
{
    __asm__ volatile("sti" ::: "memory");
}

void machine_interrupts_off(void)
{
    __asm__ volatile("cli" ::: "memory");
}

/* Where each CPU has a thread of its own the instruction costs more than it saves. */
void machine_pause(void)
{
    if (parameters->one_thread)
        __asm__ volatile("pause" ::: "memory");
    else
        __asm__ volatile("" ::: "memory");
}

void machine_sleep(void)
{
    __asm__ volatile("hlt" ::: "memory");
}

uint64_t machine_cycles(void)
{
    uint32_t low, high;
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/* The largest piece of RAM: above 1 MiB, all in one on this machine. */
static Region find_ram(const StartInfo *info)
{
    const MemoryMapEntry *map = (const MemoryMapEntry *)info->memory_map;
    Region ram = {0, 0};
    for (uint32_t i = 0; i < info->memory_map_entries; i++)
        if (map[i].type == TYPE_RAM && map[i].size > ram.end - ram.first)
            ram = (Region){map[i].first, map[i].first + map[i].size};
    return ram;
}

static bool has_cpuid(uint32_t leaf, uint32_t mask)
{
    uint32_t a = leaf, b, c = 0, d;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return (d & mask) != 0;
}

/* By memory type: where the page attribute table of set_page_attributes has it. */
static const uint8_t pat_index[MEM_VMAP_TYPES] = {0, 7, 3, 1, 3};

/* WB, WC, UC-, UC, WB, WP, UC-, WT: SDM vol. 3A, 12.12. */
static void set_page_attributes(void)
{
    __asm__ volatile("wrmsr" ::"c"(0x277), "a"(0x00070106), "d"(0x04070506));
}

void machine_begin(Machine *here, usize boot_information)
{
    here->format = parameters->levels == 5 ? "x86_64_5level" : "x86_64_4level";
    here->cpu_type = "x86_64";
    here->features.globals = true;
    here->options.type_index = pat_index;
    here->ram = find_ram((const StartInfo *)boot_information);
    here->arena = (Region){GIB, 3 * GIB};
    here->devices[0] = (Region){APIC_BASE, APIC_BASE + 4096};
    here->devices[1] = (Region){TRAMPOLINE, TRAMPOLINE + 4096};
    here->device_count = 2;
    here->device_type = MEM_VMAP_DEVICE;
    if (!has_cpuid(0x80000001, 1u << 26)) /* Page1GB */
        here->options.leaf_sizes = 4096 | 2 * MIB;
    machine_begin_cpu(0);
}

void machine_begin_cpu(unsigned cpu)
{
    x86_traps_begin(cpu);
    set_page_attributes();
    apic_on();
}

/* CR0.WP is set, SMEP and SMAP are not: SDM vol. 3A, 4.6. */
bool machine_permits(Mode mode, Access access, int flags)
{
    if (mode == USER_MODE && (flags & MEM_VMAP_USER) == 0)
        return false;
    switch (access) {
    case ACCESS_READ:
        return true;
    case ACCESS_WRITE:
        return (flags & MEM_VMAP_WRITE) != 0;
    case ACCESS_EXECUTE:
        return (flags & MEM_VMAP_EXEC) != 0;
    }
    return false;
}

/* The MMU does all that it should already. */
void machine_space_loaded(void)
{
}

bool machine_is_exact(Mode mode, Access access, int flags)
{
    (void)mode;
    (void)access;
    (void)flags;
    return true;
}
