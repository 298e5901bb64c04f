/* SPDX-License-Identifier: MIT */

/*
 * x86-64 with 4 and 5 levels. Entries: Intel SDM volume 3A, section 4.5, tables 4-14 to 4-20. What instructions
 * invalidate: section 4.10.4.1, and volume 2, INVLPG, INVPCID, MOV to and from control registers.
 */

#include "tests/sim/sim.h"

#include "arch/x86_64/cpu/cpu.h"

static const uint64_t BIT_P = 1ull << 0, BIT_RW = 1ull << 1, BIT_US = 1ull << 2, BIT_G = 1ull << 8,
                      BIT_PS = 1ull << 7, BIT_XD = 1ull << 63, BITS_51_12 = 0x000ffffffffff000ull;

static Entry parse(uint64_t raw, unsigned level)
{
    Entry entry = {0};
    entry.present = (raw & BIT_P) != 0;
    entry.leaf = level == 0 || (level <= 2 && (raw & BIT_PS) != 0);
    entry.accessed = (raw >> 5 & 1) != 0;
    entry.dirty = (raw >> 6 & 1) != 0;
    entry.rights = (raw & BIT_RW ? RIGHT_WRITE : 0u) | (raw & BIT_US ? RIGHT_USER : 0u) |
                   (raw & BIT_XD ? 0u : RIGHT_EXEC) | (entry.leaf && (raw & BIT_G) ? RIGHT_GLOBAL : 0u);
    uint64_t below = entry.leaf ? ((uint64_t)1 << (12 + 9 * level)) - 1 : 0;
    entry.phys = raw & BITS_51_12 & ~below;
    if (!entry.present)
        entry.phys = 0;
    return entry;
}

/* The address without its sign extension; false: it is not canonical. */
static bool linear(uint64_t address, uint64_t *virt)
{
    unsigned unused = 64 - sim.config.kind->va_bits;
    *virt = address << unused >> unused;
    return (uint64_t)((int64_t)(address << unused) >> unused) == address;
}

/* "Invalidates any TLB entries ... for the page ..., associated with the current PCID, and global entries for the
 * page regardless of PCID; and all entries in all paging-structure caches associated with the current PCID." */
static void invlpg(Cpu *cpu, uint64_t address)
{
    CpuFault fault = sim.config.fault;
    uint64_t virt;
    if (!linear(address, &virt))
        return;
    if (fault != CPU_KEEPS_PAGES)
        tlb_drop_address(cpu, cpu->asid, virt, fault == CPU_KEEPS_GLOBALS ? KEEP_GLOBALS : DROP_GLOBALS);
    if (fault != CPU_KEEPS_WALKS)
        walks_drop_asid(cpu, cpu->asid);
}

static void need_invpcid(void)
{
    if (!sim.config.features.by_asid)
        violation("INVPCID on a CPU that has no such instruction");
}

/* Type 0: mappings, except global translations, of that PCID that would be used to translate the address. */
static void invpcid_address(Cpu *cpu, unsigned pcid, uint64_t address)
{
    uint64_t virt;
    need_invpcid();
    if (!linear(address, &virt))
        violation("INVPCID of an address that is not canonical: 0x%lx", (unsigned long)address);
    if (pcid > 0xfff || (pcid != 0 && sim.config.features.asids == 0))
        violation("INVPCID of PCID %u", pcid);
    tlb_drop_address(cpu, pcid, virt, KEEP_GLOBALS);
    walks_drop_address(cpu, pcid, virt);
}

static void forget_all(Cpu *cpu)
{
    tlb_drop_all(cpu);
    walks_drop_all(cpu);
}

static void write_cr3(Cpu *cpu, uint64_t value)
{
    bool has_pcid = sim.config.features.asids > 0, keep = value >> 63 != 0;
    unsigned pcid = has_pcid ? value & 0xfff : 0;
    uint64_t root = value & BITS_51_12;
    if ((value & ~(1ull << 63)) != (root | pcid) || (keep && !has_pcid))
        violation("CR3 is loaded with 0x%lx", (unsigned long)value);
    if (has_pcid && pcid >= sim.config.features.asids)
        violation("CR3 is loaded with PCID %u of %u", pcid, sim.config.features.asids);
    if (!keep) {
        tlb_drop_asid(cpu, pcid);
        walks_drop_asid(cpu, pcid);
    }
    mmu_load_root(cpu, root, pcid);
}

static void step(Cpu *cpu, const MemVmapStep *step, uint64_t address)
{
    switch ((X86StepKind)step->kind) {
    case X86_INVLPG:
        invlpg(cpu, address);
        return;
    case X86_INVPCID_ADDRESS:
        invpcid_address(cpu, step->asid, address);
        return;
    case X86_INVPCID_ALL:
        need_invpcid();
        forget_all(cpu);
        return;
    case X86_CR3:
        write_cr3(cpu, step->first);
        return;
    case X86_PGE:
        if (!sim.config.features.globals)
            violation("CR4.PGE is set on a CPU that has it clear");
        forget_all(cpu);
        return;
    }
    violation("a step of kind %u", step->kind);
}

#define X86_64_FIELDS                                                                                      \
    .name = "x86_64", .shift = {12, 21, 30, 39, 48}, .bits = {9, 9, 9, 9, 9}, .accessed = 1ull << 5,       \
    .dirty = 1ull << 6, .marks_tables = true, .parse = parse, .step = step

const Kind sim_x86_64_4level = {.format = "x86_64_4level",
                                .id = "x86_64_4level",
                                .levels = 4,
                                .va_bits = 48,
                                X86_64_FIELDS};
const Kind sim_x86_64_5level = {.format = "x86_64_5level",
                                .id = "x86_64_5level",
                                .levels = 5,
                                .va_bits = 57,
                                X86_64_FIELDS};
