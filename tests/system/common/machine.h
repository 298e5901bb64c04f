/* SPDX-License-Identifier: MIT */
#ifndef SYSTEM_MACHINE_H
#define SYSTEM_MACHINE_H

/* What each architecture supplies to the test kernel: tests/system/ARCHITECTURE. Everything else is common. */

#include <mem/vmap.h>

/* CPUs that there is room for. */
#define CPUS_MAX 4

#define MIB ((usize)1 << 20)
#define GIB ((usize)1 << 30)

/* What the booting host has put at MACHINE_PARAMETERS, followed by `text_len` bytes of text. */
typedef struct Parameters {
    uint64_t magic;
    uint32_t levels; /* of page tables */
    uint32_t cpus;
    uint32_t page_kib;
    uint32_t rounds;
    uint64_t text_len;
    uint32_t
        one_thread; /* 1: the emulator runs all CPUs in one thread, and the next one when this one pauses */
    uint32_t by_firmware; /* 1: other CPUs are told by calls of the firmware (RISC-V) */
    uint32_t small_pages; /* 1: the kernel itself is mapped by pages */
    uint32_t break_level; /* AArch64: one more than what FEAT_BBM is taken for; 0: what the CPU has */
    uint32_t unused[4];
} Parameters;
#define PARAMETERS_MAGIC ((uint64_t)0x50414d564d454d31)
#define PARAMETERS_TEXT  64 /* bytes from the parameters to the text */

/* Addresses below this are the kernel's own, in every space: RAM and devices stand there at their physical addresses. */
#define KERNEL_END ((usize)8 << 30)

/* Where user mode finds the probes' code: a kernel address that user mode may execute. */
#define PROBE_ALIAS ((usize)7 << 30)

/* Parts of physical memory, [first, end). */
typedef struct Region {
    usize first, end;
} Region;

typedef enum Mode { KERNEL_MODE, USER_MODE } Mode;
typedef enum Access { ACCESS_READ, ACCESS_WRITE, ACCESS_EXECUTE } Access;
#define MODES    2
#define ACCESSES 3

/* How an access ended. */
typedef enum Outcome {
    REACHED,
    FAULT_ABSENT,  /* nothing is mapped there */
    FAULT_RIGHT,   /* something is, but not for this access */
    FAULT_EITHER,  /* this CPU does not say which of both */
    FAULT_STRANGE, /* another fault, or one that contradicts the access: of another address, for example */
} Outcome;

typedef struct Probe {
    Outcome outcome;
    uint64_t value; /* what was read, or what the code there said that it was */
    uint64_t cause; /* as the CPU has it, for messages */
    usize address;  /* where it faulted, likewise */
} Probe;

/* What the machine has. */
typedef struct Machine {
    const char *format; /* of its page tables, by the parameters */
    const char *cpu_type;
    MemVmapCpuFeatures features;
    MemVmapOptions options;
    Region ram, arena; /* the largest part of it; what mappings under test lead to: 1 GiB-aligned, 2 GiB */
    Region devices[8];
    unsigned device_count;
    int device_type; /* flags: their memory type */
} Machine;

extern const Parameters *const parameters;

/* Entered by the architecture's boot code, once, then on each CPU that was started. Never return. */
_Noreturn void kernel_main(usize boot_information);
_Noreturn void kernel_cpu_main(unsigned cpu);

/* Called from the trap handler for the interrupt that machine_interrupt sends, interrupts off. */
void kernel_interrupted(void);

/* Where a probe enters: the code that accesses, as the mode finds it, or what is to be executed. */
usize probe_entry(Mode mode, Access access, usize virt);

/* The machine, traps and this CPU: called once, first. */
void machine_begin(Machine *machine, usize boot_information);
/* The same for a CPU that was started. */
void machine_begin_cpu(unsigned cpu);
/* The kernel's space is this CPU's: called once on each. */
void machine_space_loaded(void);
/* Makes CPU number `cpu`, of those there are, run kernel_cpu_main. */
void machine_start_cpu(unsigned cpu);
unsigned machine_cpu(void);
void machine_interrupt(unsigned cpu);
void machine_interrupts_on(void);
void machine_interrupts_off(void);
/* For a loop that waits for another CPU, and for one that waits for an interrupt. */
void machine_pause(void);
void machine_sleep(void);
/* A counter that moves with time; for figures. */
uint64_t machine_cycles(void);

void machine_put(char character);
_Noreturn void machine_exit(unsigned code);

/* Accesses `virt` in a mode; a fault is caught. A write stores `value`; what is executed is machine_write_code's. */
Probe machine_probe(Mode mode, Access access, usize virt, uint64_t value);

/* Whether the CPU allows this access to a leaf with these flags, */
bool machine_permits(Mode mode, Access access, int flags);
/* and whether the emulator gets that right. */
bool machine_is_exact(Mode mode, Access access, int flags);

/* Writes code to `where` that ends a probe with `value`, of 31 bits. It may be anywhere in memory and 32 bytes long. */
void machine_write_code(void *where, uint32_t value);

#endif
