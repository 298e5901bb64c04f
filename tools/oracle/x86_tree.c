/* SPDX-License-Identifier: MIT */
#include "tools/oracle/x86_tree.h"

#include "tools/oracle/x86_bits.h"

#define ENTRIES 512

/* A survey under way. The number of levels bounds the recursion over tables. */
typedef struct Surveying {
    const X86Cpu *cpu;
    X86Survey *survey;
    X86Visit visit;
    void *context;
} Surveying;

/* What the entries above a table leave of the rights, and the first address below it. */
typedef struct Above {
    uint64_t virt;
    bool write, user, execute;
} Above;

static int found(Surveying *s, const char *defect, uint64_t virt, unsigned level, uint64_t entry)
{
    s->survey->defect = defect;
    s->survey->defect_virt = virt;
    s->survey->defect_level = level;
    s->survey->defect_entry = entry;
    return 1;
}

/* FNV-1a by words, with a shift that carries the upper bits down. */
static void hash_word(X86Survey *survey, uint64_t word)
{
    uint64_t hash = (survey->hash ^ word) * 0x100000001b3ull;
    survey->hash = hash ^ hash >> 29;
}

/* The upper half of the root's entries maps the upper half of the 64 bits. */
static uint64_t sign_extend(const X86Cpu *cpu, uint64_t virt)
{
    unsigned unused = cpu->levels == 5 ? 7 : 16;
    return (uint64_t)((int64_t)(virt << unused) >> unused);
}

static Above pass(const Above *above, uint64_t entry, uint64_t virt)
{
    return (Above){
        .virt = virt,
        .write = above->write && (entry & BIT_RW),
        .user = above->user && (entry & BIT_US),
        .execute = above->execute && !(entry & BIT_XD),
    };
}

static int survey_leaf(Surveying *s, const Above *all, uint64_t entry, unsigned level)
{
    s->survey->leaves[level]++;
    if (!s->visit)
        return 0;
    X86Mapping leaf = {
        .virt = all->virt,
        .phys = x86_leaf_target(entry, level),
        .size = x86_entry_span(level),
        .level = level,
        .entry = entry,
        .write = all->write,
        .user = all->user,
        .execute = all->execute,
        .global = (entry & BIT_G) != 0,
        .pat_index = x86_pat_index(entry, level),
    };
    return s->visit(s->context, &leaf);
}

static const char *link_defect(const X86Cpu *cpu, uint64_t entry)
{
    const uint64_t permissive = BIT_P | BIT_RW | BIT_US | BIT_A;
    if ((entry & permissive) != permissive || (entry & (BIT_XD | BIT_PWT | BIT_PCD)))
        return "an entry that links a table takes away a right, or is not marked accessed";
    return x86_link_target(entry) == cpu->root ? "a table links the root" : NULL;
}

static int survey_table(Surveying *s, uint64_t table, unsigned level, const Above *above);

static int survey_entry(Surveying *s, uint64_t entry, unsigned level, const Above *above, uint64_t virt)
{
    if (!(entry & BIT_P))
        return found(s, "an absent entry is not zero", virt, level, entry);
    const char *defect = x86_reserved_defect(s->cpu, entry, level);
    if (defect)
        return found(s, defect, virt, level, entry);
    Above all = pass(above, entry, virt);
    if (x86_kind_of(entry, level) == X86_LEAF)
        return survey_leaf(s, &all, entry, level);
    defect = link_defect(s->cpu, entry);
    if (defect)
        return found(s, defect, virt, level, entry);
    return survey_table(s, x86_link_target(entry), level - 1, &all);
}

static int survey_table(Surveying *s, uint64_t table, unsigned level, const Above *above)
{
    uint64_t span = x86_entry_span(level);
    unsigned used = 0;
    s->survey->tables++;
    hash_word(s->survey, table);
    for (unsigned i = 0; i < ENTRIES; i++) {
        uint64_t entry = x86_read(s->cpu, table + 8ull * i);
        if (entry == 0)
            continue;
        used++;
        hash_word(s->survey, entry ^ (uint64_t)i << 52); /* an entry that moved must show */
        int result = survey_entry(s, entry, level, above, sign_extend(s->cpu, above->virt + i * span));
        if (result != 0)
            return result;
    }
    if (used == 0 && table != s->cpu->root)
        return found(s, "an empty table is linked", above->virt, level + 1, table);
    return 0;
}

int x86_survey(const X86Cpu *cpu, X86Survey *survey, X86Visit visit, void *context)
{
    Surveying s = {.cpu = cpu, .survey = survey, .visit = visit, .context = context};
    const Above all = {.virt = 0, .write = true, .user = true, .execute = true};
    *survey = (X86Survey){.hash = 0xcbf29ce484222325ull};
    int result = survey_table(&s, cpu->root, cpu->levels - 1, &all);
    return survey->defect ? 0 : result;
}
