/* SPDX-License-Identifier: MIT */

/*
 * RISC-V with Sv48. Entries, satp and sfence.vma: Privileged Architecture, chapter "Supervisor-Level ISA"; Svnapot,
 * Svinval and Svvptc: the chapters of these names. On one machine the kernel interrupts harts, on another firmware
 * executes fences for it.
 */

#include "tests/sim/sim.h"

#include "arch/riscv/cpu/cpu.h"

static const uint64_t BIT_V = 1, BIT_R = 1 << 1, BIT_W = 1 << 2, BIT_X = 1 << 3, BIT_U = 1 << 4,
                      BIT_G = 1 << 5, BIT_A = 1 << 6, BIT_D = 1 << 7, BIT_N = 1ull << 63;

static Entry parse(uint64_t raw, unsigned level)
{
    Entry entry = {0};
    uint64_t page = raw >> 10 & 0xfffffffffff;
    if ((raw & BIT_V) == 0)
        return entry;
    entry.present = true;
    entry.leaf = (raw & (BIT_R | BIT_X)) != 0;
    if ((raw & BIT_W) != 0 && (raw & BIT_R) == 0)
        violation("an entry with W and without R: 0x%lx", (unsigned long)raw);
    if (!entry.leaf && (level == 0 || (raw & (BIT_A | BIT_D | BIT_U)) != 0))
        violation("an entry of level %u that is reserved: 0x%lx", level, (unsigned long)raw);
    entry.run = entry.leaf && (raw & BIT_N) != 0;
    if (entry.run && (level != 0 || (page & 0xf) != 8))
        violation("a run that there is not: 0x%lx, level %u", (unsigned long)raw, level);
    entry.accessed = (raw & BIT_A) != 0;
    entry.dirty = (raw & BIT_D) != 0;
    entry.rights = RIGHT_WRITE | RIGHT_EXEC | RIGHT_USER;
    if (entry.leaf)
        entry.rights = (raw & BIT_W ? RIGHT_WRITE : 0u) | (raw & BIT_X ? RIGHT_EXEC : 0u) |
                       (raw & BIT_U ? RIGHT_USER : 0u) | (raw & BIT_G ? RIGHT_GLOBAL : 0u);
    entry.phys = (entry.run ? page & ~0xfull : page) << 12;
    if (entry.leaf && (entry.phys & (((uint64_t)1 << (12 + 9 * level)) - 1)) != 0)
        violation("a leaf of level %u that is not aligned: 0x%lx", level, (unsigned long)raw);
    return entry;
}

static uint64_t linear(uint64_t address)
{
    return address & (((uint64_t)1 << 48) - 1);
}

static void check_asid(unsigned asid)
{
    if (asid != 0 && asid >= sim.config.features.asids)
        violation("ASID %u of %u", asid, sim.config.features.asids);
}

/* "With an address: orders only reads and writes made to leaf page table entries." With an ASID: not of globals. */
static void fence_address(Cpu *cpu, uint64_t address, int asid)
{
    uint64_t virt = linear(address);
    if (sim.config.fault != CPU_KEEPS_PAGES)
        tlb_drop(cpu, &(Selection){virt, virt, asid, -1});
}

static void fence_asid(Cpu *cpu, unsigned asid)
{
    tlb_drop_asid(cpu, asid);
    if (sim.config.fault != CPU_KEEPS_WALKS)
        walks_drop_asid(cpu, asid);
    mmu_settle(cpu);
}

static void fence_all(Cpu *cpu)
{
    if (sim.config.fault == CPU_KEEPS_GLOBALS) {
        fence_asid(cpu, cpu->asid);
        return;
    }
    tlb_drop_all(cpu);
    walks_drop_all(cpu);
    mmu_settle(cpu);
}

/* MODE 9, 16 bits of ASID, 44 of the root's page. ASID 0 is that of all who have none: what is cached under it stays
 * for now, and means nothing. */
static void write_satp(Cpu *cpu, uint64_t value)
{
    unsigned asid = value >> 44 & 0xffff;
    if (value >> 60 != 9)
        violation("satp is loaded with mode %lu", (unsigned long)(value >> 60));
    check_asid(asid);
    cpu->blurred = asid == 0;
    mmu_load_root(cpu, (value & 0xfffffffffff) << 12, asid);
}

/* An interrupt may come between begin and end, and have its own. */
static void begin_inval(Cpu *cpu)
{
    if (!(sim.config.features.extensions & MEM_VMAP_HAS_SVINVAL))
        violation("sfence.w.inval on a hart that has none");
    cpu->in_queue++;
}

static void inval(Cpu *cpu, uint64_t address, int asid)
{
    if (cpu->in_queue == 0)
        violation("sinval.vma that no sfence.w.inval came before");
    sim_queue(cpu, asid < 0, asid < 0 ? 0 : (unsigned)asid, address);
}

static void end_inval(Cpu *cpu)
{
    for (unsigned i = 0; i < cpu->queue_count; i++)
        fence_address(cpu, cpu->queue[i].operand, cpu->queue[i].kind != 0 ? -1 : (int)cpu->queue[i].asid);
    cpu->queue_count = 0;
    cpu->in_queue--;
}

static void step(Cpu *cpu, const MemVmapStep *step, uint64_t address)
{
    check_asid(step->asid);
    switch ((RiscvStepKind)step->kind) {
    case RISCV_FENCE_ADDRESS:
        fence_address(cpu, address, (int)step->asid);
        return;
    case RISCV_FENCE_ADDRESS_ALL:
        fence_address(cpu, address, sim.config.fault == CPU_KEEPS_GLOBALS ? (int)step->asid : -1);
        return;
    case RISCV_FENCE_ASID:
        fence_asid(cpu, step->asid);
        return;
    case RISCV_FENCE_ALL:
        fence_all(cpu);
        return;
    case RISCV_SATP:
        write_satp(cpu, step->first);
        return;
    case RISCV_INVAL_BEGIN:
        begin_inval(cpu);
        return;
    case RISCV_INVAL_ADDRESS:
        inval(cpu, address, (int)step->asid);
        return;
    case RISCV_INVAL_ADDRESS_ALL:
        inval(cpu, address, -1);
        return;
    case RISCV_INVAL_END:
        end_inval(cpu);
        return;
    }
    violation("a step of kind %u", step->kind);
}

/* What the SBI's remote_sfence_vma (1) and remote_sfence_vma_asid (2) do on a hart, as the library would call them. */
static void firmware(Cpu *cpu, const MemVmapStep *step)
{
    RiscvSbiFence fence = mem_vmap_riscv_sbi_fence(step);
    int asid = fence.function == 2 ? (int)fence.asid : -1;
    if (fence.function == 0)
        return;
    if (fence.size == SIZE_MAX && asid < 0)
        fence_all(cpu);
    else if (fence.size == SIZE_MAX)
        fence_asid(cpu, (unsigned)asid);
    else
        for (uint64_t at = 0; at < fence.size; at += 4096)
            fence_address(cpu, fence.start + at, asid);
}

#define RISCV_FIELDS                                                                                       \
    .name = "riscv", .format = "riscv_sv48", .levels = 4, .va_bits = 48, .shift = {12, 21, 30, 39},        \
    .bits = {9, 9, 9, 9}, .run = {4}, .accessed = 1 << 6, .dirty = 1 << 7, .parse = parse, .step = step

const Kind sim_riscv_sv48 = {.id = "riscv_sv48", RISCV_FIELDS};
const Kind sim_riscv_sv48_firmware = {.id = "riscv_sv48_firmware",
                                      .teller = TOLD_BY_FIRMWARE,
                                      .firmware = firmware,
                                      RISCV_FIELDS};
