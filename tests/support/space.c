/* SPDX-License-Identifier: MIT */
#include "tests/support/space.h"

#include <stdlib.h>
#include <string.h>

/* Table pages of each host: enough for every test, and address space only until they are touched. */
#define HOST_PAGES ((usize)1 << 18)

/* The contract of the port: called by the library from any hook but lock and unlock. */
static void enter_hook(Space *space)
{
    if (space->lock_depth != 0)
        space->broken = "a hook was called under the lock";
}

static usize page_get(void *context, usize size)
{
    Space *space = context;
    enter_hook(space);
    if (space->on_get)
        space->on_get(space);
    usize phys = space->host_port.page_get(space->host_port.context, size);
    if (phys == MEM_VMAP_NO_PAGE)
        return phys;
    space->gets++;
    return phys - space->phys_shift;
}

static void page_put(void *context, usize phys, usize size)
{
    Space *space = context;
    enter_hook(space);
    if (space->on_put)
        space->on_put(space, phys);
    space->puts++;
    space->host_port.page_put(space->host_port.context, phys + space->phys_shift, size);
}

/* Where it is the only CPU the lock may be held. */
static void invalidate_here(void *context, const MemVmapPlan *plan)
{
    Space *space = context;
    if (space->port.invalidate_there)
        enter_hook(space);
    if (plan->root != space->vmap.root)
        space->broken = "a plan names another root than that of its space";
    if (space->plan_count < SPACE_PLANS)
        space->plans[space->plan_count] = *plan;
    space->plan_count++;
    space->heres++;
    if (space->on_plan)
        space->on_plan(space, plan);
    space->host_port.invalidate_here(space->host_port.context, plan);
}

static void invalidate_there(void *context, const MemVmapPlan *plan)
{
    Space *space = context;
    enter_hook(space);
    if (plan->root != space->vmap.root)
        space->broken = "a plan names another root than that of its space";
    space->theres++;
}

static void root_load(void *context, usize root)
{
    Space *space = context;
    enter_hook(space);
    space->root_loads++;
    space->root_loaded = root;
}

static void lock(void *context)
{
    Space *space = context;
    if (space->lock_depth != 0)
        space->broken = "the lock was taken twice";
    space->lock_depth++;
    space->locks++;
}

static void unlock(void *context)
{
    Space *space = context;
    if (space->lock_depth != 1)
        space->broken = "the lock was given back by someone who does not hold it";
    space->lock_depth--;
}

static void lost(void *context, usize virt, usize len)
{
    Space *space = context;
    enter_hook(space);
    if (space->lost_count < SPACE_LOSTS) {
        space->losts[space->lost_count].virt = virt;
        space->losts[space->lost_count].len = len;
    }
    space->lost_count++;
}

static void set_format(Space *space, const char *name)
{
    space->format = mem_vmap_format_find(name);
    assert_non_null(space->format);
    space->levels = strcmp(name, "x86_64_5level") == 0 ? 5 : 4;
    space->low_end = (usize)1 << (space->levels == 5 ? 56 : 47);
    space->high_start = 0 - space->low_end;
}

Space *space_prepare(const char *format, SpaceCpus cpus)
{
    Space *space = calloc(1, sizeof *space);
    assert_non_null(space);
    space->host = host_new(HOST_PAGES);
    assert_non_null(space->host);
    space->host_port = host_port(space->host);
    set_format(space, format);
    space->port = (MemVmapPort){
        .page_get = page_get,
        .page_put = page_put,
        .invalidate_here = invalidate_here,
        .invalidate_there = cpus == SPACE_MANY_CPUS ? invalidate_there : NULL,
        .root_load = root_load,
        .lock = lock,
        .unlock = unlock,
        .lost = lost,
        .direct_map = space->host_port.direct_map,
        .context = space,
    };
    return space;
}

static usize cache_bound(const MemVmapOptions *options)
{
    if (!options || options->cache_pages == 0)
        return MEM_VMAP_CACHE_PAGES;
    return options->cache_pages == MEM_VMAP_NO_CACHE ? 0 : options->cache_pages;
}

void space_make(Space *space, const MemVmapOptions *options)
{
    space->cache = cache_bound(options);
    assert_int_equal(mem_vmap_init(&space->vmap, &space->port, space->format, options), 0);
}

Space *space_new(const char *format, SpaceCpus cpus, const MemVmapOptions *options)
{
    Space *space = space_prepare(format, cpus);
    space_make(space, options);
    return space;
}

RawTree space_raw(const Space *space)
{
    return (RawTree){
        .root = mem_vmap_root(&space->vmap),
        .direct_map = space->port.direct_map,
        .levels = space->levels,
    };
}

MemVmapStats space_stats(Space *space)
{
    MemVmapStats stats;
    assert_int_equal(mem_vmap_stats(&space->vmap, &stats), 0);
    return stats;
}

/* The library's figures against the raw tables and against what the host has given out. */
static void check_figures(Space *space, const RawTree *tree, const char *file, int line)
{
    MemVmapStats stats = space_stats(space);
    size_t leaves[RAW_LEVELS_MAX];
    raw_leaves(tree, leaves);
    for (unsigned level = 0; level < RAW_LEVELS_MAX; level++)
        _assert_int_equal(stats.leaves[level], leaves[level], file, line);
    _assert_int_equal(stats.tables, raw_tables(tree), file, line);
    usize owed = stats.credits + stats.reserved;
    _assert_true(stats.pool_free >= owed, "the pool holds what it owes", file, line);
    if (space->port.page_put) {
        _assert_true(stats.pool_free <= owed + space->cache, "the pool's cache is bounded", file, line);
        usize out = stats.tables + stats.tables_waiting + stats.pool_free;
        _assert_int_equal(host_pages_out(space->host), out, file, line);
    }
}

void space_check_at(Space *space, const char *file, int line)
{
    MemVmapDefect defect = {0};
    if (mem_vmap_verify(&space->vmap, &defect) != 0) {
        print_error("verify: %s at %#zx, level %u, entry %#llx\n", defect.rule, defect.virt, defect.level,
                    (unsigned long long)defect.entry);
        _fail(file, line);
    }
    RawTree tree = space_raw(space);
    const char *raw = raw_defect(&tree);
    const char *broken = raw ? raw : space->broken;
    if (broken) {
        print_error("%s\n", broken);
        _fail(file, line);
    }
    check_figures(space, &tree, file, line);
    _assert_int_equal(space->lock_depth, 0, file, line);
    if (space->port.invalidate_there)
        _assert_int_equal(space->heres, space->theres, file, line);
}

void space_end(Space *space)
{
    host_fail_never(space->host);
    space->on_get = NULL;
    if (mem_vmap_root(&space->vmap) != MEM_VMAP_NO_PAGE)
        space_check(space);
    mem_vmap_destroy(&space->vmap);
    if (space->port.page_put)
        assert_int_equal(host_pages_out(space->host), 0);
    assert_null(space->broken);
    host_free(space->host);
    free(space);
}

usize space_shootdowns(const Space *space)
{
    return space->heres;
}

const MemVmapPlan *space_last_plan(const Space *space)
{
    assert_true(space->plan_count > 0);
    return host_last_plan(space->host);
}

int setup_4level(void **state)
{
    *state = space_new("x86_64_4level", SPACE_ONE_CPU, NULL);
    return 0;
}

int setup_5level(void **state)
{
    *state = space_new("x86_64_5level", SPACE_MANY_CPUS, NULL);
    return 0;
}

int teardown_space(void **state)
{
    space_end(*state);
    return 0;
}
