/* SPDX-License-Identifier: MIT */
#include "tests/exhaustive/pair.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096 };

bool pair_differ(Pair *pair, const char *what, uint64_t at, uint64_t engine, uint64_t model)
{
    snprintf(pair->difference, sizeof pair->difference,
             "%s (0x%" PRIx64 "): engine 0x%" PRIx64 ", model 0x%" PRIx64, what, at, engine, model);
    return false;
}

bool pair_differ_code(Pair *pair, const char *what, int engine, int model)
{
    snprintf(pair->difference, sizeof pair->difference, "%s: engine %d (%s), model %d (%s)", what, engine,
             mem_vmap_strerror(engine), model, mem_vmap_strerror(model));
    return false;
}

/* Another CPU in the machine. */
static void invalidate_there(void *context, const MemVmapPlan *plan)
{
    (void)context;
    (void)plan;
}

static MemVmapOptions options_of(const Scope *scope)
{
    usize cache = scope->cache_pages != 0 ? scope->cache_pages : MEM_VMAP_NO_CACHE;
    MemVmapOptions options = {.cache_pages = cache, .break_level = scope->break_level};
    for (unsigned leaf = 0; leaf < scope->geometry.leaf_count; leaf++)
        options.leaf_sizes += scope->geometry.leaf_pages[leaf] * PAGE;
    return options;
}

void pair_init(Pair *pair, const Scope *scope)
{
    const FlatGeometry *geometry = &scope->geometry;
    unsigned count = geometry->window_count * geometry->window_pages;
    pair->scope = scope;
    memset(&pair->now, 0, sizeof pair->now);
    pair->model = (Flat){geometry, count, pair->now.model};
    pair->model_before = (Flat){geometry, count, pair->before.model};
    machine_init(&pair->now.machine, (unsigned)table_size(scope->format->description));
    MemVmapPort port = machine_port(&pair->now.machine);
    MemVmapOptions options = options_of(scope);
    if (scope->cpus == SEVERAL_CPUS)
        port.invalidate_there = invalidate_there;
    if (mem_vmap_init(&pair->now.vmap, &port, scope->format, &options) != 0)
        abort();
}

void pair_mark(Pair *pair, PageSet linked)
{
    machine_begin_call(&pair->now.machine, linked);
    pair->before = pair->now;
}

void pair_back(Pair *pair)
{
    pair->now = pair->before;
}

/* A call that failed has not touched a byte of a table; the pool may hold other pages than before. */
static bool check_untouched(Pair *pair)
{
    const Machine *now = &pair->now.machine, *before = &pair->before.machine;
    const MemVmap *vmap = &pair->now.vmap, *vmap_before = &pair->before.vmap;
    if (vmap->root != vmap_before->root || vmap->tables != vmap_before->tables)
        return pair_differ(pair, "tables after an error", 0, vmap->tables, vmap_before->tables);
    for (unsigned page = 0; page < now->page_count; page++) {
        usize at = (usize)page * now->page_size;
        bool linked = (before->linked >> page & 1) != 0;
        if (linked && memcmp(now->memory + at, before->memory + at, now->page_size) != 0)
            return pair_differ(pair, "a table changed by a call that failed", at, 1, 0);
    }
    return true;
}

static bool nothing_changed(const Pair *pair)
{
    const Machine *now = &pair->now.machine, *before = &pair->before.machine;
    return now->out == before->out && memcmp(&pair->now.vmap, &pair->before.vmap, sizeof(MemVmap)) == 0 &&
           memcmp(now->memory, before->memory, (usize)now->page_count * now->page_size) == 0;
}

/* The engine has done nothing. Then there is nothing to compare, unless there was something to do. */
static Applied done_nothing(Pair *pair)
{
    for (unsigned i = 0; i < pair->model.count; i++) {
        const FlatPage *now = &pair->now.model[i], *before = &pair->before.model[i];
        if (now->mapped != before->mapped || now->flags != before->flags || now->leaf != before->leaf) {
            pair_differ(pair, "nothing was done", flat_virt(&pair->model, i), 0, 1);
            return APPLIED_WRONG;
        }
    }
    return APPLIED_NOTHING;
}

/* What the engine says in advance that the operation will cost. */
static bool ask_cost(Pair *pair, const Operation *operation, int expected)
{
    MemVmap *vmap = &pair->now.vmap;
    int result = expected;
    pair->cost = 0;
    if (operation->kind == OPERATION_MAP)
        result = mem_vmap_cost(vmap, operation->phys, operation->virt, operation->len, operation->flags,
                               &pair->cost);
    else if (operation->kind == OPERATION_UNMAP || operation->kind == OPERATION_PROTECT)
        mem_vmap_unmap_cost(vmap, operation->virt, operation->len, &pair->cost);
    return result == expected || pair_differ_code(pair, "mem_vmap_cost", result, expected);
}

/*
 * What it did cost. An unmap may give tables back before it needs one, so its cost is a bound. A call that
 * costs no more than the reserve asks for nothing.
 */
static bool check_cost(Pair *pair, const Operation *operation)
{
    const MemVmap *now = &pair->now.vmap, *before = &pair->before.vmap;
    usize spent = now->tables + now->pool.credits - before->tables - before->pool.credits;
    usize gets = pair->now.machine.gets;
    bool pays = operation->kind != OPERATION_COLLAPSE && operation->kind != OPERATION_RESERVE;
    if (pays && pair->cost <= pair->before.reserved && gets > 0)
        return pair_differ(pair, "pages got in spite of the reserve", 0, gets, 0);
    switch (operation->kind) {
    case OPERATION_MAP:
    case OPERATION_PROTECT:
        return spent == pair->cost || pair_differ(pair, "pages spent", 0, pair->cost, spent);
    case OPERATION_UNMAP:
        return gets <= pair->cost || pair_differ(pair, "pages got", 0, pair->cost, gets);
    case OPERATION_COLLAPSE:
    case OPERATION_RESERVE:
        break;
    }
    return true;
}

/* The tables and the model after a call with this result. */
static bool check_after(Pair *pair, const Operation *operation, int result)
{
    if (result != 0 && !check_untouched(pair))
        return false;
    if (result == 0 && pair->now.machine.refusals == 0 && !check_cost(pair, operation))
        return false;
    return pair_compare(pair) && pair_check_forgotten(pair, (FlatSpan){0, pair->model.count - 1}) &&
           pair_check_needless(pair);
}

Applied pair_apply(Pair *pair, const Operation *operation, uint32_t refuse)
{
    Machine *machine = &pair->now.machine;
    int expected = pair_expected(pair, operation);
    if (!ask_cost(pair, operation, expected))
        return APPLIED_WRONG;
    machine->refuse = refuse;
    int result = pair_call(pair, operation);
    if (expected == 0 && operation->kind != OPERATION_UNMAP && machine->refusals > 0)
        expected = MEM_ENOMEM;
    if (result != expected) {
        pair_differ_code(pair, "result", result, expected);
        return APPLIED_WRONG;
    }
    if (result == 0 && !pair_follow(pair, operation))
        return APPLIED_WRONG;
    if (nothing_changed(pair))
        return done_nothing(pair);
    return check_after(pair, operation, result) ? APPLIED : APPLIED_WRONG;
}
