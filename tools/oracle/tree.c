/* SPDX-License-Identifier: MIT */
#include "tools/oracle/tree.h"

/* A survey under way. The number of levels bounds the recursion over tables. */
typedef struct Surveying {
    const OracleCpu *cpu;
    OracleSurvey *survey;
    OracleVisit visit;
    void *context;
} Surveying;

static int found(const Surveying *s, const char *defect, uint64_t virt, unsigned level, uint64_t entry)
{
    s->survey->defect = defect;
    s->survey->defect_virt = virt;
    s->survey->defect_level = level;
    s->survey->defect_entry = entry;
    return 1;
}

/* FNV-1a by words, with a shift that carries the upper bits down. */
static void hash_word(OracleSurvey *survey, uint64_t word)
{
    uint64_t hash = (survey->hash ^ word) * 0x100000001b3ull;
    survey->hash = hash ^ hash >> 29;
}

/* The address whose bits below the format's width are `linear`. */
static uint64_t virtual_of(const OracleWalker *walker, uint64_t linear)
{
    unsigned unused = 64 - walker->address_bits;
    switch (walker->upper) {
    case ORACLE_CLEAR:
        return linear;
    case ORACLE_SET:
        return linear | UINT64_MAX << walker->address_bits;
    case ORACLE_COPIES:
        return (uint64_t)((int64_t)(linear << unused) >> unused);
    }
    return linear;
}

static const char *link_defect(const OracleCpu *cpu, const OracleWalk *link)
{
    const char *defect = cpu->walker->narrow_link(link->entry);
    return defect || link->next != cpu->root ? defect : "a table links the root";
}

static int survey_table(const Surveying *s, const OracleWalk *above, uint64_t linear);

/* Looks at the entry that was just read, and at all that hangs below it. */
static int survey_entry(const Surveying *s, OracleWalk *walk, uint64_t linear)
{
    uint64_t virt = virtual_of(s->cpu->walker, linear);
    const char *defect = walk->defect;
    switch (walk->end) {
    case ORACLE_MAPPED:
    case ORACLE_NOT_ACCESSED:
        s->survey->leaves[walk->level]++;
        return s->visit ? s->visit(s->context, virt, walk) : 0;
    case ORACLE_LINK:
        defect = link_defect(s->cpu, walk);
        break;
    case ORACLE_ABSENT:
    case ORACLE_NO_ADDRESS:
        defect = "an absent entry is not zero";
        break;
    case ORACLE_REFUSED:
        break;
    }
    if (defect)
        return found(s, defect, virt, walk->level, walk->entry);
    oracle_descend(walk);
    return survey_table(s, walk, linear);
}

/* Of the whole page, what the hardware does not read included. */
static unsigned hash_table(const Surveying *s, uint64_t table)
{
    unsigned used = 0;
    hash_word(s->survey, table);
    for (uint64_t i = 0; i < 1ull << (s->cpu->walker->page_shift - 3); i++) {
        uint64_t entry = oracle_memory(s->cpu, table + 8 * i);
        if (entry == 0)
            continue;
        used++;
        hash_word(s->survey, entry ^ i << 51 ^ i); /* an entry that moved must show */
    }
    return used;
}

/* How many entries the walk has dealt with: all of a run at once. */
static unsigned step_of(const OracleWalker *walker, const OracleWalk *walk, unsigned level)
{
    bool leaf = walk->end == ORACLE_MAPPED || walk->end == ORACLE_NOT_ACCESSED;
    return leaf && walk->level == level ? (unsigned)(walk->size >> oracle_shift(walker, level)) : 1;
}

static int survey_table(const Surveying *s, const OracleWalk *above, uint64_t linear)
{
    const OracleWalker *walker = s->cpu->walker;
    unsigned level = above->level, entries = oracle_entries(walker, level);
    s->survey->tables++;
    if (hash_table(s, above->table) == 0 && above->table != s->cpu->root)
        return found(s, "an empty table is linked", virtual_of(walker, linear), level + 1, above->table);
    for (unsigned i = 0; i < entries;) {
        uint64_t at = linear + ((uint64_t)i << oracle_shift(walker, level));
        if (oracle_memory(s->cpu, above->table + 8ull * i) == 0) {
            i++;
            continue;
        }
        OracleWalk walk = *above;
        oracle_read_entry(s->cpu, &walk, i, virtual_of(walker, at));
        unsigned step = step_of(walker, &walk, level);
        int result = survey_entry(s, &walk, at);
        if (result != 0)
            return result;
        i += step;
    }
    return 0;
}

int oracle_survey(const OracleCpu *cpu, OracleSurvey *survey, OracleVisit visit, void *context)
{
    Surveying s = {.cpu = cpu, .survey = survey, .visit = visit, .context = context};
    OracleWalk root = oracle_begin(cpu);
    *survey = (OracleSurvey){.hash = 0xcbf29ce484222325ull};
    int result = survey_table(&s, &root, 0);
    return survey->defect ? 0 : result;
}
