/* SPDX-License-Identifier: MIT */
#include "tools/oracle/compare.h"

#include <inttypes.h>
#include <stdio.h>

/* A comparison of the whole tree under way. */
typedef struct Comparing {
    const OracleCall *call;
    OracleDifference *difference;
    ModelRun run; /* of the model: from the next leaf that is due */
    bool more;    /* there is one */
} Comparing;

static void tell_leaf(char text[200], uint64_t virt, uint64_t phys, uint64_t size, const char *rights,
                      unsigned pat_index)
{
    snprintf(text, 200, "raw tables: 0x%" PRIx64 " to 0x%" PRIx64 ", a leaf of 0x%" PRIx64 ", %s, PAT %u",
             virt, phys, size, rights, pat_index);
}

static const char *rights_text(char text[5], bool write, bool execute, bool user, bool global)
{
    snprintf(text, 5, "%c%c%c%c", write ? 'w' : '-', execute ? 'x' : '-', user ? 'u' : '-',
             global ? 'g' : '-');
    return text;
}

static void tell_mapping(char text[200], const X86Mapping *leaf)
{
    char rights[5];
    rights_text(rights, leaf->write, leaf->execute, leaf->user, leaf->global);
    tell_leaf(text, leaf->virt, leaf->phys, leaf->size, rights, leaf->pat_index);
}

static void tell_run(char text[200], const OracleCall *call, const ModelRun *run)
{
    char rights[5];
    const TraceFlags *flags = &run->flags;
    rights_text(rights, flags->write, flags->exec, flags->user, flags->global);
    tell_leaf(text, run->first, run->phys, run->size, rights, call->pat_index[flags->type]);
}

static bool same_rights(const OracleCall *call, const X86Mapping *leaf, const TraceFlags *flags)
{
    return leaf->write == flags->write && leaf->execute == flags->exec && leaf->user == flags->user &&
           leaf->global == flags->global && leaf->pat_index == call->pat_index[flags->type];
}

/* Moves the model's run behind the leaf that was just seen. */
static void advance(Comparing *c, uint64_t size)
{
    uint64_t last = c->run.first + (size - 1);
    if (last < c->run.last) {
        c->run.first += size;
        c->run.phys += size;
        return;
    }
    c->more = last != UINT64_MAX && model_next_run(c->call->model, last + 1, &c->run);
}

static int compare_leaf(void *context, const X86Mapping *leaf)
{
    Comparing *c = context;
    bool same = c->more && c->run.first == leaf->virt && c->run.phys == leaf->phys &&
                c->run.size == leaf->size && same_rights(c->call, leaf, &c->run.flags);
    if (same) {
        advance(c, leaf->size);
        return 0;
    }
    tell_mapping(c->difference->said, leaf);
    if (c->more)
        tell_run(c->difference->expected, c->call, &c->run);
    else
        snprintf(c->difference->expected, sizeof c->difference->expected, "nothing mapped from here on");
    return 1;
}

static bool no_defect(const X86Survey *survey, OracleDifference *difference)
{
    if (!survey->defect)
        return true;
    snprintf(difference->said, sizeof difference->said,
             "raw tables: %s (0x%" PRIx64 ", level %u, entry 0x%" PRIx64 ")", survey->defect,
             survey->defect_virt, survey->defect_level, survey->defect_entry);
    snprintf(difference->expected, sizeof difference->expected, "sound tables");
    return false;
}

bool oracle_compare(const OracleCall *call, X86Survey *survey, OracleDifference *difference)
{
    Comparing c = {.call = call, .difference = difference};
    c.more = model_next_run(call->model, 0, &c.run);
    int result = x86_survey(&call->cpu, survey, compare_leaf, &c);
    if (!no_defect(survey, difference) || result != 0)
        return false;
    if (!c.more)
        return true;
    snprintf(difference->said, sizeof difference->said, "raw tables: nothing more is mapped");
    tell_run(difference->expected, call, &c.run);
    return false;
}

static const char *end_text(X86End end)
{
    switch (end) {
    case X86_MAPPED:
        return "mapped";
    case X86_ABSENT:
        return "absent";
    case X86_NOT_CANONICAL:
        return "not canonical";
    case X86_RESERVED:
        return "a reserved bit is set";
    }
    return "?";
}

static X86End expected_end(TraceResult result)
{
    if (result == TRACE_OK)
        return X86_MAPPED;
    return result == TRACE_ERANGE ? X86_NOT_CANONICAL : X86_ABSENT;
}

bool oracle_compare_at(const OracleCall *call, uint64_t virt, OracleDifference *difference)
{
    ModelLeaf leaf = {0};
    X86Walk walk = x86_walk(&call->cpu, virt);
    X86End end = expected_end(model_lookup(call->model, virt, &leaf));
    X86Mapping seen = {.virt = virt, .phys = walk.phys, .size = walk.size, .write = walk.write};
    seen.user = walk.user;
    seen.execute = walk.execute;
    seen.global = walk.global;
    seen.pat_index = walk.pat_index;
    if (walk.end == end && (end != X86_MAPPED || (walk.phys == leaf.phys && walk.size == leaf.size &&
                                                  same_rights(call, &seen, &leaf.flags))))
        return true;
    ModelRun run = {.first = virt, .phys = leaf.phys, .size = leaf.size, .flags = leaf.flags};
    if (walk.end == X86_MAPPED)
        tell_mapping(difference->said, &seen);
    else
        snprintf(difference->said, sizeof difference->said, "raw tables: 0x%" PRIx64 " is %s", virt,
                 end_text(walk.end));
    if (end == X86_MAPPED)
        tell_run(difference->expected, call, &run);
    else
        snprintf(difference->expected, sizeof difference->expected, "0x%" PRIx64 " is %s", virt,
                 end_text(end));
    return false;
}
