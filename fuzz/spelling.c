/* SPDX-License-Identifier: MIT */
#include "fuzz/spelling.h"

#include "tools/model/model.h"

#define PAGE_SHIFT 12 /* of an input's addresses, */
#define INDEX_BITS 9  /* and of its tables */
#define LEVELS     5
#define VIRT_BITS  57
#define PHYS_BITS  52

static uint64_t low_bits(unsigned bits)
{
    return bits >= 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
}

static unsigned index_bits(const Spelling *spelling)
{
    return spelling->page_shift - (PAGE_SHIFT - INDEX_BITS);
}

/* Levels with leaves, from the page up without a gap. */
static unsigned leaf_levels(const Spelling *spelling, const ModelGeometry *geometry)
{
    unsigned levels = 0;
    for (unsigned i = 0; i < geometry->size_count; i++)
        if (geometry->sizes[i] == (uint64_t)1 << (spelling->page_shift + levels * index_bits(spelling)))
            levels++;
    return levels;
}

bool spelling_of(const char *format, Spelling *spelling)
{
    ModelGeometry geometry;
    if (!model_geometry(format, &geometry))
        return false;
    *spelling = (Spelling){.virt_bits = geometry.va_bits,
                           .phys_bits = geometry.phys_bits,
                           .sign_extended = geometry.sign_extended,
                           .upper = geometry.upper,
                           .lacks = geometry.lacks,
                           .missing_types = geometry.missing_types};
    while ((uint64_t)1 << spelling->page_shift < geometry.sizes[0])
        spelling->page_shift++;
    spelling->leaf_levels = leaf_levels(spelling, &geometry);
    spelling->plain =
        spelling->page_shift == PAGE_SHIFT && spelling->sign_extended && spelling->virt_bits >= 48;
    return true;
}

/* What stands in for an index: as far from the nearer end of the table; or from the beginning. */
typedef enum Side { FROM_NEARER_END, FROM_BEGINNING } Side;

static uint64_t spell_index(const Spelling *spelling, uint64_t index, Side side)
{
    uint64_t more = ((uint64_t)1 << index_bits(spelling)) - ((uint64_t)1 << INDEX_BITS);
    return side == FROM_NEARER_END && index >> (INDEX_BITS - 1) != 0 ? index + more : index;
}

/* The first byte of a page stays the first, and the last the last. */
static uint64_t spell_offset(const Spelling *spelling, uint64_t address)
{
    uint64_t offset = address & low_bits(PAGE_SHIFT);
    unsigned more = spelling->page_shift - PAGE_SHIFT;
    return offset << more | (offset & low_bits(more));
}

static uint64_t spell_bytes(const Spelling *spelling, uint64_t address, Side side)
{
    uint64_t result = side == FROM_NEARER_END
                          ? spell_offset(spelling, address)
                          : (address & low_bits(PAGE_SHIFT)) << (spelling->page_shift - PAGE_SHIFT);
    for (unsigned level = 0; level < LEVELS; level++) {
        unsigned to = spelling->page_shift + level * index_bits(spelling);
        uint64_t index = address >> (PAGE_SHIFT + level * INDEX_BITS) & low_bits(INDEX_BITS);
        result += to < 64 ? spell_index(spelling, index, side) << to : 0;
    }
    return result;
}

uint64_t spell_virt(const Spelling *spelling, uint64_t virt)
{
    uint64_t above = virt >> (VIRT_BITS - 1), mask = low_bits(spelling->virt_bits);
    bool canonical = above == 0 || above == low_bits(64 - VIRT_BITS + 1);
    if (spelling->plain || !canonical) /* what no CPU accepts, none here is to accept */
        return virt;
    uint64_t linear = spell_bytes(spelling, virt, FROM_NEARER_END) & mask;
    bool ones = spelling->sign_extended ? linear >> (spelling->virt_bits - 1) != 0 : spelling->upper;
    return ones ? linear | ~mask : linear;
}

/* Frames of the upper half are as far from the last one. */
uint64_t spell_phys(const Spelling *spelling, uint64_t phys)
{
    if (spelling->plain || phys >> PHYS_BITS != 0)
        return phys;
    uint64_t result = spell_bytes(spelling, phys, FROM_NEARER_END), mask = low_bits(spelling->phys_bits);
    return (phys >> (PHYS_BITS - 1) != 0 ? result | ~low_bits(PHYS_BITS - 5) : result) & mask;
}

/* A longer one is as good as endless. */
uint64_t spell_len(const Spelling *spelling, uint64_t len)
{
    return spelling->plain || len >> PHYS_BITS != 0 ? len : spell_bytes(spelling, len, FROM_BEGINNING);
}

TraceFlags spell_flags(const Spelling *spelling, TraceFlags flags)
{
    flags.user &= !spelling->lacks.user;
    flags.global &= !spelling->lacks.global;
    while (spelling->missing_types >> flags.type & 1)
        flags.type--; /* write-back, the first, is never missing */
    return flags;
}
