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

/* What a CPU may do there. */
typedef struct Rights {
    bool write, user, execute_user, execute_kernel, global;
    unsigned type;
} Rights;

static Rights rights_of(const OracleWalk *leaf)
{
    return (Rights){leaf->write,          leaf->user,   leaf->execute_user,
                    leaf->execute_kernel, leaf->global, leaf->type};
}

static Rights expected_rights(const OracleCall *call, const TraceFlags *flags)
{
    bool apart = call->cpu.walker->users == ORACLE_USERS_APART;
    return (Rights){.write = flags->write,
                    .user = flags->user,
                    .execute_user = flags->exec && flags->user,
                    .execute_kernel = flags->exec && !(apart && flags->user),
                    .global = flags->global,
                    .type = call->type_index[flags->type]};
}

static bool same_rights(const OracleCall *call, const OracleWalk *leaf, const TraceFlags *flags)
{
    Rights is = rights_of(leaf), expected = expected_rights(call, flags);
    bool users = call->cpu.walker->users != ORACLE_NO_USERS;
    return is.write == expected.write && is.user == expected.user && is.global == expected.global &&
           is.execute_kernel == expected.execute_kernel &&
           (!users || is.execute_user == expected.execute_user) && is.type == expected.type;
}

static void tell(char text[200], uint64_t virt, uint64_t phys, uint64_t size, Rights rights)
{
    char letters[6];
    snprintf(letters, sizeof letters, "%c%c%c%c%c", rights.write ? 'w' : '-', rights.user ? 'u' : '-',
             rights.execute_user ? 'x' : '-', rights.execute_kernel ? 'X' : '-', rights.global ? 'g' : '-');
    snprintf(text, 200,
             "raw tables: 0x%" PRIx64 " to 0x%" PRIx64 ", a leaf of 0x%" PRIx64 ", %s, memory type %u",
             virt, phys, size, letters, rights.type);
}

static void tell_leaf(char text[200], uint64_t virt, const OracleWalk *leaf)
{
    tell(text, virt, leaf->phys, leaf->size, rights_of(leaf));
}

static void tell_run(char text[200], const OracleCall *call, const ModelRun *run)
{
    tell(text, run->first, run->phys, run->size, expected_rights(call, &run->flags));
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

static int compare_leaf(void *context, uint64_t virt, const OracleWalk *leaf)
{
    Comparing *c = context;
    bool same = leaf->end == ORACLE_MAPPED && c->more && c->run.first == virt &&
                c->run.phys == leaf->phys && c->run.size == leaf->size &&
                same_rights(c->call, leaf, &c->run.flags);
    if (same) {
        advance(c, leaf->size);
        return 0;
    }
    tell_leaf(c->difference->said, virt, leaf);
    if (c->more)
        tell_run(c->difference->expected, c->call, &c->run);
    else
        snprintf(c->difference->expected, sizeof c->difference->expected, "nothing mapped from here on");
    return 1;
}

static bool no_defect(const OracleSurvey *survey, OracleDifference *difference)
{
    if (!survey->defect)
        return true;
    snprintf(difference->said, sizeof difference->said,
             "raw tables: %s (0x%" PRIx64 ", level %u, entry 0x%" PRIx64 ")", survey->defect,
             survey->defect_virt, survey->defect_level, survey->defect_entry);
    snprintf(difference->expected, sizeof difference->expected, "sound tables");
    return false;
}

bool oracle_compare(const OracleCall *call, OracleSurvey *survey, OracleDifference *difference)
{
    Comparing c = {.call = call, .difference = difference};
    c.more = model_next_run(call->model, 0, &c.run);
    int result = oracle_survey(&call->cpu, survey, compare_leaf, &c);
    if (!no_defect(survey, difference) || result != 0)
        return false;
    if (!c.more)
        return true;
    snprintf(difference->said, sizeof difference->said, "raw tables: nothing more is mapped");
    tell_run(difference->expected, call, &c.run);
    return false;
}

static const char *end_text(OracleEnd end)
{
    switch (end) {
    case ORACLE_MAPPED:
        return "mapped";
    case ORACLE_LINK:
    case ORACLE_ABSENT:
        return "absent";
    case ORACLE_NO_ADDRESS:
        return "no address of the format";
    case ORACLE_REFUSED:
        return "refused by the CPU";
    case ORACLE_NOT_ACCESSED:
        return "not marked accessed";
    }
    return "?";
}

static OracleEnd expected_end(TraceResult result)
{
    if (result == TRACE_OK)
        return ORACLE_MAPPED;
    return result == TRACE_ERANGE ? ORACLE_NO_ADDRESS : ORACLE_ABSENT;
}

static bool same_leaf(const OracleCall *call, const OracleWalk *walk, const ModelLeaf *leaf)
{
    return walk->phys == leaf->phys && walk->size == leaf->size && same_rights(call, walk, &leaf->flags);
}

bool oracle_compare_at(const OracleCall *call, uint64_t virt, OracleDifference *difference)
{
    ModelLeaf leaf = {0};
    OracleWalk walk = oracle_walk(&call->cpu, virt);
    OracleEnd end = expected_end(model_lookup(call->model, virt, &leaf));
    if (walk.end == end && (end != ORACLE_MAPPED || same_leaf(call, &walk, &leaf)))
        return true;
    ModelRun run = {.first = virt, .phys = leaf.phys, .size = leaf.size, .flags = leaf.flags};
    if (walk.end == ORACLE_MAPPED)
        tell_leaf(difference->said, virt, &walk);
    else
        snprintf(difference->said, sizeof difference->said, "raw tables: 0x%" PRIx64 " is %s%s%s", virt,
                 end_text(walk.end), walk.defect ? ": " : "", walk.defect ? walk.defect : "");
    if (end == ORACLE_MAPPED)
        tell_run(difference->expected, call, &run);
    else
        snprintf(difference->expected, sizeof difference->expected, "0x%" PRIx64 " is %s", virt,
                 end_text(end));
    return false;
}
