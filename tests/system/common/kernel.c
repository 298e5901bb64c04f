/* SPDX-License-Identifier: MIT */

/* From the boot code to the test: the machine's memory, the CPUs, a space with the kernel in it. */

#include "common/kernel.h"

/* Placed by the linker script: page-aligned ends of the parts of the image. */
extern char image_text[], image_text_end[], image_probe[], image_probe_end[], image_rodata[],
    image_rodata_end[], image_data[], image_end[];
/* Of the architecture, in the part for probes. */
extern char probe_read[], probe_write[];

Machine machine;
MemVmapCpus cpus;
MemVmap kernel_space;

static MemVmapCpu cpu_states[CPUS_MAX];
static unsigned cpus_running = 1;

usize probe_entry(Mode mode, Access access, usize virt)
{
    if (access == ACCESS_EXECUTE)
        return virt;
    usize code = (usize)(access == ACCESS_READ ? probe_read : probe_write);
    return mode == KERNEL_MODE ? code : code - (usize)image_probe + PROBE_ALIAS;
}

static MemVmapCpu *here(void *context)
{
    (void)context;
    MemVmapCpu *cpu = &cpu_states[machine_cpu()];
    return cpu->cpus != NULL ? cpu : NULL;
}

static void interrupt(void *context, const MemVmapCpuSet *targets)
{
    (void)context;
    for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++)
        if ((targets->words[0] >> cpu & 1) != 0)
            machine_interrupt(cpu);
}

static void relax(void *context)
{
    (void)context;
    machine_pause();
}

void kernel_interrupted(void)
{
    mem_vmap_cpu_serve(&cpu_states[machine_cpu()]);
}

static MemVmapPort port_of(SpinLock *lock)
{
    return (MemVmapPort){
        .page_get = frames_get,
        .page_put = frames_put,
        .cpus = &cpus,
        .lock = spin_lock,
        .unlock = spin_unlock,
        .context = lock,
    };
}

/*
 * What the MMU notes of the kernel's own pages is of no use, and set from the start: RISC-V hardware need not write it
 * then, on which QEMU up to 8.0 may fault. Where two harts set the bits of one entry, the one that comes second walks
 * again from where it stands, and not from the root.
 */
static void map_here(MemVmap *space, usize first, usize end, int flags)
{
    flags |= MEM_VMAP_ACCESSED | MEM_VMAP_DIRTY;
    flags |= parameters->small_pages ? MEM_VMAP_CAP_4K : 0;
    int code = first < end ? mem_vmap_map(space, first, first, end - first, flags) : MEM_OK;
    if (code != MEM_OK) {
        print("%lx to %lx: %s\n", first, end, mem_vmap_strerror(code));
        panic("cannot map the kernel");
    }
}

/*
 * RAM and devices stand at their physical addresses; the image in pieces, so that nothing is writable and
 * executable. Not GLOBAL: a space that is destroyed would make every CPU forget its kernel.
 */
static void map_kernel(MemVmap *space)
{
    enum { DIRECT = MEM_VMAP_WRITE | MEM_VMAP_NO_RESERVE };
    map_here(space, machine.ram.first, (usize)image_text, DIRECT);
    map_here(space, (usize)image_text, (usize)image_text_end, MEM_VMAP_EXEC);
    map_here(space, (usize)image_rodata, (usize)image_rodata_end, 0);
    map_here(space, (usize)image_data, machine.ram.end, DIRECT);
    for (unsigned i = 0; i < machine.device_count; i++)
        map_here(space, machine.devices[i].first, machine.devices[i].end,
                 MEM_VMAP_WRITE | machine.device_type);
    if (mem_vmap_map(space, (usize)image_probe, PROBE_ALIAS, (usize)image_probe_end - (usize)image_probe,
                     MEM_VMAP_EXEC | MEM_VMAP_USER) != MEM_OK)
        panic("cannot map the probes for user mode");
}

void space_make(MemVmap *space, bool allow_write_exec)
{
    /* The kernel's locks outlive the spaces: as many as are ever there at a time. */
    static SpinLock locks[64];
    static unsigned next;
    MemVmapPort port = port_of(&locks[next++ % 64]);
    MemVmapOptions options = machine.options;
    options.allow_write_exec = allow_write_exec;
    int code = mem_vmap_init(space, &port, mem_vmap_format_find(machine.format), &options);
    if (code != MEM_OK) {
        print("mem_vmap_init: %s\n", mem_vmap_strerror(code));
        panic("cannot make a space");
    }
    map_kernel(space);
}

void space_enter(MemVmap *space)
{
    machine_interrupts_off();
    mem_vmap_switch_to(space);
    machine_interrupts_on();
}

/* The CPU is known to the library, and runs in the kernel's space. */
static void join(unsigned cpu)
{
    if (mem_vmap_cpu_join(&cpu_states[cpu], &cpus, cpu) != MEM_OK)
        panic("a CPU cannot join");
    mem_vmap_switch_to(&kernel_space);
    if (mem_vmap_cpu_space(&cpu_states[cpu]) != &kernel_space)
        panic("a CPU did not switch");
    machine_space_loaded();
}

void kernel_cpu_main(unsigned cpu)
{
    machine_begin_cpu(cpu);
    join(cpu);
    __atomic_fetch_add(&cpus_running, 1, __ATOMIC_RELEASE);
    machine_interrupts_on();
    test_cpu_main(cpu);
    for (;;)
        machine_sleep();
}

static void start_cpus(void)
{
    for (unsigned cpu = 1; cpu < parameters->cpus; cpu++) {
        machine_start_cpu(cpu);
        while (__atomic_load_n(&cpus_running, __ATOMIC_ACQUIRE) <= cpu)
            machine_pause();
    }
}

static void make_cpus(void)
{
    MemVmapCpuPort port = {.execute = kernel_execute, .here = here, .interrupt = interrupt, .relax = relax};
    if (parameters->by_firmware)
        port.execute_there = kernel_execute_there();
    int code =
        mem_vmap_cpus_init(&cpus, &port, mem_vmap_cpu_type_find(machine.cpu_type), &machine.features);
    if (code != MEM_OK)
        panic("mem_vmap_cpus_init");
}

/* Table pages come from the first GiB of RAM, above the image and what the host has loaded. */
static Region table_pages(void)
{
    usize first = (usize)parameters + PARAMETERS_TEXT + parameters->text_len;
    first = (first + MIB - 1) & ~(MIB - 1);
    return (Region){first, machine.arena.first < machine.ram.end ? machine.arena.first : machine.ram.end};
}

void kernel_main(usize boot_information)
{
    if (parameters->magic != PARAMETERS_MAGIC || parameters->cpus > CPUS_MAX)
        panic("no parameters");
    machine_begin(&machine, boot_information);
    if (machine.arena.end > machine.ram.end)
        panic("too little memory");
    frames_init(table_pages(), (usize)parameters->page_kib << 10);
    make_cpus();
    space_make(&kernel_space, false);
    join(0);
    machine_interrupts_on();
    start_cpus();
    print("%s, %lu CPUs, memory %lx to %lx\n", machine.format, (unsigned long)parameters->cpus,
          machine.ram.first, machine.ram.end);
    machine_exit(test_main());
}
