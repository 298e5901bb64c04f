/* SPDX-License-Identifier: MIT */

#include "tests/breaking/mmu.h"

static uint64_t *entry_at(uint64_t table, unsigned index)
{
    return (uint64_t *)(uintptr_t)table + index;
}

static uint64_t offset_in(uint64_t virt, unsigned level)
{
    return virt & ((UINT64_C(4096) << 9 * level) - 1);
}

/*
 * AArch64, 4 KiB pages, 48 bits (DDI 0487, D8.3). Descriptor bits: 0 valid, 1 table or page, 52 contiguous, 51 DBM,
 * 16 nT of a block, 11 nG, 10 AF, 7 read-only, 6 EL0, 54 UXN, 53 PXN.
 */
static Cached walk_aarch64(uint64_t root, uint64_t virt)
{
    uint64_t table = root;
    for (unsigned level = 4; level-- > 0;) {
        uint64_t *entry = entry_at(table, virt >> (12 + 9 * level) & 511), raw = *entry;
        if ((raw & 1) == 0)
            return (Cached){.valid = false, .level = level, .entry = entry};
        if (level > 0 && (raw & 2) != 0) {
            table = raw & UINT64_C(0xfffffffff000);
            continue;
        }
        uint64_t address = raw & UINT64_C(0xfffffffff000) & ~(level > 0 ? UINT64_C(0x10000) : 0);
        return (Cached){
            .valid = level == 0 || (raw & 0x10000) == 0,
            .level = level,
            .contiguous = (raw >> 52 & 1) != 0,
            .global = (raw & 1 << 11) == 0,
            .phys = address | offset_in(virt, level),
            .rights = raw & (UINT64_C(3) << 53 | UINT64_C(1) << 51 | 1 << 6),
            .entry = entry,
        };
    }
    return (Cached){.valid = false};
}

static bool note_write_aarch64(uint64_t *entry)
{
    if ((*entry >> 51 & 1) == 0 || (*entry & 1) == 0)
        return false;
    *entry = (*entry | 1 << 10) & ~UINT64_C(0x80);
    return true;
}

static bool is_dirty_aarch64(uint64_t entry)
{
    return (entry & 1) != 0 && (entry & 0x80) == 0;
}

/* D8.16.1: the size, the contiguous bit, the address; what is global beside what is not; agreement in a run. */
static bool may_follow_aarch64(const Cached *before, const Cached *after, unsigned break_level)
{
    bool resized = before->level != after->level || before->contiguous != after->contiguous;
    if (before->phys != after->phys || (!before->global && after->global))
        return false;
    if (resized)
        return break_level >= 2;
    return !before->contiguous || (before->rights == after->rights && before->global == after->global);
}

const Mmu aarch64_mmu = {
    "aarch64_4k", walk_aarch64, note_write_aarch64, is_dirty_aarch64, 16, may_follow_aarch64, 0};

/* RISC-V Sv39: bits 0 V, 1 R, 2 W, 3 X, 4 U, 5 G, 6 A, 7 D, 63 N. Nothing must be broken first. */
static Cached walk_riscv(uint64_t root, uint64_t virt)
{
    uint64_t table = root;
    for (unsigned level = 3; level-- > 0;) {
        uint64_t *entry = entry_at(table, virt >> (12 + 9 * level) & 511), raw = *entry;
        uint64_t address = (raw >> 10 & UINT64_C(0xfffffffffff)) << 12;
        bool napot = raw >> 63 != 0;
        if ((raw & 1) == 0)
            return (Cached){.valid = false, .level = level, .entry = entry};
        if ((raw & 0xe) == 0) {
            table = address;
            continue;
        }
        return (Cached){
            .valid = true,
            .level = level,
            .contiguous = napot,
            .global = (raw & 0x20) != 0,
            .phys =
                napot ? (address & ~UINT64_C(0xffff)) | (virt & 0xffff) : address | offset_in(virt, level),
            .rights = raw & 0x1e,
            .entry = entry,
        };
    }
    return (Cached){.valid = false};
}

static bool note_write_riscv(uint64_t *entry)
{
    if ((*entry & 5) != 5)
        return false;
    *entry |= 0xc0;
    return true;
}

static bool is_dirty_riscv(uint64_t entry)
{
    return (entry & 0x81) == 0x81;
}

static bool may_follow_riscv(const Cached *before, const Cached *after, unsigned break_level)
{
    (void)break_level;
    return before->phys == after->phys;
}

const Mmu riscv_mmu = {"riscv_sv39",
                       walk_riscv,
                       note_write_riscv,
                       is_dirty_riscv,
                       16,
                       may_follow_riscv,
                       4096 + 65536 + (2 << 20) + (1 << 30)};
