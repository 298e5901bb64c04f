/* SPDX-License-Identifier: MIT */

/*
 * AArch64 with pages of 4 KiB, 48-bit addresses, the lower half. Entries: Arm DDI 0487, D8.3; TLBI: C5.5, and
 * D8 "TLB maintenance"; break-before-make: D8 "Using break-before-make when updating translation table entries".
 *
 * An invalidation has no effect, on any CPU, before the DSB ISH that follows on the CPU that has issued it. One that
 * may come before the stores that it is about breaks a rule at once.
 */

#include "tests/sim/sim.h"

#include "arch/aarch64/cpu/cpu.h"

static const uint64_t BIT_VALID = 1, BIT_TABLE = 1 << 1, BIT_EL0 = 1 << 6, BIT_RO = 1 << 7,
                      BIT_AF = 1 << 10, BIT_NG = 1 << 11, BIT_NT = 1 << 16, BIT_DBM = 1ull << 51,
                      BIT_CONTIGUOUS = 1ull << 52, BIT_PXN = 1ull << 53, BIT_UXN = 1ull << 54,
                      BIT_WAS_DIRTY = 1ull << 55, BITS_47_12 = 0x0000fffffffff000;

static unsigned rights(uint64_t raw)
{
    bool el0 = (raw & BIT_EL0) != 0;
    return (raw & BIT_DBM ? RIGHT_WRITE : 0u) | (raw & (el0 ? BIT_UXN : BIT_PXN) ? 0u : RIGHT_EXEC) |
           (el0 ? RIGHT_USER : 0u) | (raw & BIT_NG ? 0u : RIGHT_GLOBAL);
}

/* The engine breaks an entry by clearing its valid bit alone. */
static Entry parse(uint64_t raw, unsigned level)
{
    Entry entry = {0};
    if (raw == 0)
        return entry;
    entry.present = (raw & BIT_VALID) != 0;
    entry.broken = !entry.present;
    entry.leaf = level == 0 || (raw & BIT_TABLE) == 0;
    if ((level == 0 && (raw & BIT_TABLE) == 0) || (level == 3 && entry.leaf))
        violation("an entry of level %u that is reserved: 0x%lx", level, (unsigned long)raw);
    entry.rights = entry.leaf ? rights(raw) : RIGHT_WRITE | RIGHT_EXEC | RIGHT_USER;
    entry.accessed = (raw & BIT_AF) != 0;
    entry.dirty = (raw & BIT_WAS_DIRTY) != 0 || ((raw & BIT_DBM) != 0 && (raw & BIT_RO) == 0);
    entry.run = entry.leaf && (raw & BIT_CONTIGUOUS) != 0;
    entry.uncached = entry.leaf && level > 0 && (raw & BIT_NT) != 0;
    if (entry.uncached && sim.config.break_level == 0)
        violation("a block with nT on a CPU that knows no such bit: 0x%lx", (unsigned long)raw);
    uint64_t below = entry.leaf ? ((uint64_t)1 << (12 + 9 * level)) - 1 : 0;
    entry.phys = raw & BITS_47_12 & ~below;
    return entry;
}

typedef enum { LEAVES, WALKS_TOO } Depth;

static void drop(Cpu *cpu, const Selection *selection, Depth depth)
{
    CpuFault fault = sim.config.fault;
    Selection kept = *selection;
    if (fault == CPU_KEEPS_GLOBALS && kept.asid < 0)
        kept.asid = (int)cpu->asid;
    if (fault != CPU_KEEPS_PAGES)
        tlb_drop(cpu, &kept);
    if (depth == WALKS_TOO && fault != CPU_KEEPS_WALKS)
        walks_drop(cpu, selection);
}

/* TTL[3:2] is 01 for 4 KiB, and TTL[1:0] the level, 3 for pages; 0: not known. */
static int level_of(uint64_t hint)
{
    if (hint >> 2 != 0 && hint >> 2 != 1)
        violation("a hint for another granule");
    return (hint & 3) != 0 ? 3 - (int)(hint & 3) : -1;
}

/* Bits 55..12 of the address in 43..0: of the lower half bits 55..48 are 0. */
static void by_address(Cpu *cpu, uint64_t operand, int asid, Depth depth)
{
    uint64_t virt = (operand & 0xfffffffffff) << 12;
    if (virt >> 48 == 0)
        drop(cpu, &(Selection){virt, virt, asid, level_of(operand >> 44 & 15)}, depth);
}

/* Where a hint is given, a base that is not aligned to leaves of that level may drop nothing. */
static void by_range(Cpu *cpu, uint64_t operand, int asid, Depth depth)
{
    uint64_t base = (operand & 0x1fffffffff) << 12, num = operand >> 39 & 31, scale = operand >> 44 & 3;
    uint64_t size = (num + 1) << (5 * scale + 1 + 12), hint = operand >> 37 & 3;
    int level = hint != 0 ? 3 - (int)hint : -1;
    if ((operand >> 46 & 3) != 1)
        violation("a range for another granule");
    if (!(sim.config.features.extensions & MEM_VMAP_HAS_RANGES))
        violation("a TLBI by range on a CPU that has none");
    if (base >> 48 != 0 || (level > 0 && (base & (((uint64_t)1 << (12 + 9 * level)) - 1)) != 0))
        return;
    uint64_t top = ((uint64_t)1 << 48) - 1, last = size - 1 > top - base ? top : base + size - 1;
    drop(cpu, &(Selection){base, last, asid, level}, depth);
}

static void all_of(Cpu *cpu, int asid)
{
    if (asid < 0)
        drop(cpu, &(Selection){0, ((uint64_t)1 << 48) - 1, -1, -1}, WALKS_TOO);
    else {
        tlb_drop_asid(cpu, (unsigned)asid);
        walks_drop_asid(cpu, (unsigned)asid);
    }
}

static void invalidate(Cpu *cpu, unsigned kind, uint64_t operand)
{
    int asid = (int)(operand >> 48);
    switch ((A64StepKind)kind) {
    case A64_VAE1IS:
    case A64_VALE1IS:
        by_address(cpu, operand, asid, kind == A64_VAE1IS ? WALKS_TOO : LEAVES);
        return;
    case A64_VAAE1IS:
    case A64_VAALE1IS:
        by_address(cpu, operand, -1, kind == A64_VAAE1IS ? WALKS_TOO : LEAVES);
        return;
    case A64_RVAE1IS:
    case A64_RVALE1IS:
        by_range(cpu, operand, asid, kind == A64_RVAE1IS ? WALKS_TOO : LEAVES);
        return;
    case A64_RVAAE1IS:
    case A64_RVAALE1IS:
        by_range(cpu, operand, -1, kind == A64_RVAAE1IS ? WALKS_TOO : LEAVES);
        return;
    case A64_ASIDE1IS:
        all_of(cpu, asid);
        return;
    case A64_VMALLE1IS:
    case A64_VMALLE1:
        all_of(cpu, -1);
        return;
    default:
        violation("an invalidation of kind %u", kind);
    }
}

typedef enum { THIS_CPU, ALL_CPUS } Domain;

/* What was queued takes effect: of broadcasts everywhere, if the barrier is for all. */
static void complete(Cpu *cpu, Domain domain)
{
    unsigned left = 0;
    for (unsigned i = 0; i < cpu->queue_count; i++) {
        unsigned kind = cpu->queue[i].kind;
        bool local = kind == A64_VMALLE1;
        if (!local && domain == THIS_CPU) {
            cpu->queue[left++] = cpu->queue[i];
            continue;
        }
        for (unsigned k = 0; k < sim.config.cpus; k++)
            if (!local || &sim.cpu[k] == cpu)
                invalidate(&sim.cpu[k], kind, cpu->queue[i].operand);
        if (local)
            mmu_settle(cpu);
    }
    cpu->queue_count = left;
}

static void issue(Cpu *cpu, unsigned kind, uint64_t operand)
{
    if (cpu->stored)
        violation("cpu %u tells others to forget what its stores may not have changed yet", cpu->number);
    sim_queue(cpu, kind, 0, operand);
}

/* ASID 0 is that of all who have none: what is cached under it stays for now, and means nothing. */
static void write_ttbr(Cpu *cpu, uint64_t value)
{
    unsigned asid = (unsigned)(value >> 48);
    if (asid != 0 && asid >= sim.config.features.asids)
        violation("TTBR0 is loaded with ASID %u of %u", asid, sim.config.features.asids);
    if (cpu->stored)
        violation("cpu %u loads a root, and its stores may not be seen yet", cpu->number);
    cpu->blurred = asid == 0;
    mmu_load_root(cpu, value & 0x0000fffffffffffe, asid);
}

static void step(Cpu *cpu, const MemVmapStep *step, uint64_t operand)
{
    switch ((A64StepKind)step->kind) {
    case A64_DSB_ISHST:
        cpu->stored = false;
        return;
    case A64_DSB_ISH:
        cpu->stored = false;
        complete(cpu, ALL_CPUS);
        return;
    case A64_DSB_NSH:
        complete(cpu, THIS_CPU);
        return;
    case A64_ISB:
        return;
    case A64_TTBR0:
        write_ttbr(cpu, operand);
        return;
    default:
        issue(cpu, step->kind, operand);
        return;
    }
}

const Kind sim_aarch64_4k = {
    .name = "aarch64",
    .format = "aarch64_4k",
    .id = "aarch64_4k",
    .teller = TOLD_BY_HARDWARE,
    .levels = 4,
    .va_bits = 48,
    .one_half = true,
    .shift = {12, 21, 30, 39},
    .bits = {9, 9, 9, 9},
    .run = {4, 4},
    .accessed = 1 << 10,
    .dirty_clear = 1 << 7,
    .must_break = true,
    .parse = parse,
    .step = step,
};
