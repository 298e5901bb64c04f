/* SPDX-License-Identifier: MIT */
#include "tests/model/world.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    RIGHTS = MEM_VMAP_WRITE | MEM_VMAP_EXEC | MEM_VMAP_USER | MEM_VMAP_GLOBAL,
    WRITE_EXEC = MEM_VMAP_WRITE | MEM_VMAP_EXEC,
    CAPS = MEM_VMAP_CAP_4K | MEM_VMAP_CAP_2M,
    NOTED = MEM_VMAP_ACCESSED | MEM_VMAP_DIRTY,
};

/* splitmix64: the sequence depends on the seed alone. */
uint64_t world_random(World *world, uint64_t limit)
{
    uint64_t z = world->random += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (z ^ (z >> 31)) % limit;
}

static bool one_in(World *world, unsigned n)
{
    return world_random(world, n) == 0;
}

static bool disagree(const World *world, int engine, int model)
{
    printf("%s: operation %lu: %s\n  engine: %s (%d), model: %s (%d)\n", world->geometry->format,
           world->operation, world->text, mem_vmap_strerror(engine), engine, mem_vmap_strerror(model),
           model);
    return false;
}

/* A span of one window: long and aligned ones are as frequent as short ones, and ends meet other ends. */
static FlatSpan random_span(World *world)
{
    const FlatGeometry *geometry = world->geometry;
    unsigned window = (unsigned)world_random(world, geometry->window_count), pages = geometry->window_pages;
    unsigned granule = flat_leaf_count(geometry, (unsigned)world_random(world, geometry->leaf_count));
    unsigned first = (unsigned)world_random(world, pages) / granule * granule;
    unsigned most = one_in(world, 3) ? 4 * granule : one_in(world, 2) ? pages : 8;
    unsigned count = 1 + (unsigned)world_random(world, most);
    if (one_in(world, 2))
        count = (count + granule - 1) / granule * granule;
    if (one_in(world, 8) && first > 0)
        first--;
    unsigned last = first + count - 1 < pages - 1 ? first + count - 1 : pages - 1;
    return (FlatSpan){window * pages + first, window * pages + last};
}

/* Arguments of a call that means exactly the pages of a span: any bytes of its first and its last page. */
typedef struct arguments {
    uint64_t virt, len;
} Arguments;

static Arguments arguments_for(World *world, FlatSpan span)
{
    uint64_t size = flat_page_size(world->geometry),
             head = one_in(world, 4) ? world_random(world, size) : 0;
    uint64_t len = (span.last - span.first + 1) * size - head;
    uint64_t slack = len > size || head == 0 ? size - 1 : len - 1;
    if (one_in(world, 4))
        len -= world_random(world, slack + 1);
    return (Arguments){flat_virt(world->flat, span.first) + head, len};
}

static int random_flags(World *world)
{
    int flags = (int)world_random(world, 16) | (int)(world_random(world, 5) << MEM_VMAP_TYPE_SHIFT);
    if (one_in(world, 2))
        flags &= MEM_VMAP_WRITE | MEM_VMAP_USER; /* mostly the same few, so that neighbours can join */
    flags |= one_in(world, 8) ? MEM_VMAP_NO_RESERVE : 0;
    flags |= one_in(world, 6) ? (int)world_random(world, 4) * MEM_VMAP_ACCESSED : 0;
    flags |= one_in(world, 3) ? MEM_VMAP_CAP_4K : one_in(world, 6) ? MEM_VMAP_CAP_2M : 0;
    return one_in(world, 16) ? flags : flags & ~world->format->lacks;
}

/* A frame address: often the virtual address moved by something aligned, so that large leaves fit. */
static uint64_t random_frame(World *world, FlatSpan span)
{
    const FlatGeometry *geometry = world->geometry;
    uint64_t size = flat_page_size(geometry), mask = ((uint64_t)1 << geometry->phys_bits) - 1;
    uint64_t bytes = (span.last - span.first + 1) * size;
    uint64_t largest = flat_leaf_size(geometry, geometry->leaf_count - 1);
    if (one_in(world, 16))
        return mask + 1 - bytes; /* up to the last physical page */
    if (geometry->phys_bits > 48 &&
        one_in(world, 8)) /* across a bit that may stand elsewhere in an entry */
        return ((uint64_t)1 << (47 + world_random(world, geometry->phys_bits - 47))) -
               bytes / 2 / size * size;
    if (one_in(world, 4))
        return world_random(world, mask + 1 - bytes) & ~(size - 1);
    uint64_t frame =
        (flat_virt(world->flat, span.first) % (4 * largest)) + world_random(world, 4) * largest;
    return frame <= mask + 1 - bytes ? frame : 0;
}

/* The largest leaf that the flags' caps allow, as an index. */
static unsigned capped_leaf(const FlatGeometry *geometry, int flags)
{
    uint64_t most = flags & MEM_VMAP_CAP_4K ? 4096 : flags & MEM_VMAP_CAP_2M ? 512 * 4096 : UINT64_MAX;
    unsigned leaf = geometry->leaf_count - 1;
    while (leaf > 0 && flat_leaf_size(geometry, leaf) > most)
        leaf--;
    return leaf;
}

/* MEM_ENOMEM is right where a page_get was refused, and only there. */
static bool excused(const World *world, int engine, usize failures)
{
    return engine == MEM_ENOMEM && arena_failures(world->arena) > failures;
}

/* What any call must say to these flags. */
static int judge_flags(const World *world, int flags)
{
    if ((flags & WRITE_EXEC) == WRITE_EXEC)
        return MEM_EFLAGS;
    return flags & world->format->lacks ? MEM_ENOTSUP : 0;
}

static int judge_map(const World *world, FlatSpan span, int flags)
{
    int result = judge_flags(world, flags);
    unsigned type = (flags & MEM_VMAP_TYPE_MASK) >> MEM_VMAP_TYPE_SHIFT;
    if (result == 0 && world->format->type_index[type] == MEM_VMAP_TYPE_NONE)
        return MEM_ENOTSUP;
    if (result == 0 && flat_any_mapped(world->flat, span))
        return MEM_EOVERLAP;
    return result;
}

static bool step_map(World *world)
{
    FlatSpan span = random_span(world);
    Arguments at = arguments_for(world, span);
    int flags = random_flags(world);
    uint64_t frame = random_frame(world, span);
    uint64_t phys = frame + at.virt % flat_page_size(world->geometry);
    usize failures = arena_failures(world->arena), cost = 0, out = arena_out(world->arena);
    snprintf(world->text, sizeof world->text, "map 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64 " flags 0x%x",
             phys, at.virt, at.len, (unsigned)flags);
    world->touched = span;
    int model = judge_map(world, span, flags);
    int costed = mem_vmap_cost(&world->vmap, phys, at.virt, at.len, flags, &cost);
    MemVmapStats before, after;
    mem_vmap_stats(&world->vmap, &before);
    int engine = mem_vmap_map(&world->vmap, phys, at.virt, at.len, flags);
    mem_vmap_stats(&world->vmap, &after);
    if (costed != model)
        return disagree(world, costed, model);
    if (excused(world, engine, failures))
        return arena_out(world->arena) <= out ? true : disagree(world, engine, model);
    if (engine != model)
        return disagree(world, engine, model);
    if (engine == 0 && cost != after.tables + after.credits - before.tables - before.credits)
        return disagree(world, (int)cost,
                        (int)(after.tables + after.credits - before.tables - before.credits));
    if (engine == 0)
        flat_map(world->flat, span, frame, (flags & ~CAPS) | world->presets,
                 capped_leaf(world->geometry, flags));
    return true;
}

/* The leaf that an unmap could not split is gone from the model too, if a page was refused. */
static bool take_lost(World *world, usize failures)
{
    MemVmapRange lost = arena_take_lost(world->arena);
    if (lost.stride == 0)
        return true;
    if (arena_failures(world->arena) == failures)
        return disagree(world, MEM_ENOMEM, 0);
    for (unsigned window = 0; window < world->geometry->window_count; window++) {
        FlatSpan span = flat_clip(world->flat, window, lost.first, lost.last);
        if (span.first > span.last)
            continue;
        world->touched.first = span.first < world->touched.first ? span.first : world->touched.first;
        world->touched.last = span.last > world->touched.last ? span.last : world->touched.last;
        flat_unmap(world->flat, span);
    }
    return take_lost(world, failures);
}

static bool step_unmap(World *world)
{
    FlatSpan span = random_span(world);
    Arguments at = arguments_for(world, span);
    usize failures = arena_failures(world->arena), page_last = flat_page_size(world->geometry) - 1;
    if (one_in(world, 40)) { /* across windows, and what lies between them */
        FlatSpan other = random_span(world);
        uint64_t end = flat_virt(world->flat, other.last) + page_last;
        if (end > at.virt)
            at.len = end - at.virt == UINT64_MAX ? UINT64_MAX : end - at.virt + 1;
    }
    if (one_in(world, 40))
        at.len = UINT64_MAX; /* to the end of the address space */
    snprintf(world->text, sizeof world->text, "unmap 0x%" PRIx64 " 0x%" PRIx64, at.virt, at.len);
    if (world->batch_open)
        mem_vmap_batch_unmap(&world->batch, at.virt, at.len);
    else
        mem_vmap_unmap(&world->vmap, at.virt, at.len);
    uint64_t end = at.virt + (at.len - 1) < at.virt ? UINT64_MAX : at.virt + (at.len - 1);
    world->touched = span;
    for (unsigned window = 0; window < world->geometry->window_count; window++) {
        FlatSpan clip = flat_clip(world->flat, window, at.virt & ~page_last, end | page_last);
        flat_unmap(world->flat, clip);
        if (clip.first <= clip.last && clip.last > world->touched.last)
            world->touched.last = clip.last;
    }
    return world->batch_open || take_lost(world, failures);
}

static bool step_protect(World *world)
{
    FlatSpan span = random_span(world);
    if (one_in(world, 2)) /* a hole is likely in a random span: protect within what one map made */
        span.last = span.first + (unsigned)world_random(world, span.last - span.first + 1);
    Arguments at = arguments_for(world, span);
    int flags = random_flags(world), engine;
    usize failures = arena_failures(world->arena);
    snprintf(world->text, sizeof world->text, "protect 0x%" PRIx64 " 0x%" PRIx64 " flags 0x%x", at.virt,
             at.len, (unsigned)flags);
    world->touched = span;
    int model = judge_flags(world, flags);
    if (model == 0 && !flat_all_mapped(world->flat, span))
        model = MEM_EMISS;
    if (world->batch_open)
        engine = mem_vmap_batch_protect(&world->batch, at.virt, at.len, flags);
    else
        engine = mem_vmap_protect(&world->vmap, at.virt, at.len, flags);
    if (excused(world, engine, failures))
        return true;
    if (engine != model)
        return disagree(world, engine, model);
    if (engine == 0)
        flat_protect(world->flat, span, RIGHTS, flags);
    return true;
}

static bool step_collapse(World *world)
{
    FlatSpan span = random_span(world);
    usize failures = arena_failures(world->arena);
    Arguments at = arguments_for(world, span);
    snprintf(world->text, sizeof world->text, "collapse 0x%" PRIx64 " 0x%" PRIx64, at.virt, at.len);
    world->touched = span;
    int engine = mem_vmap_collapse(&world->vmap, at.virt, at.len);
    if (excused(world, engine, failures))
        return true;
    if (engine != 0)
        return disagree(world, engine, 0);
    flat_collapse(world->flat, span, MEM_VMAP_ACCESSED, MEM_VMAP_DIRTY);
    return true;
}

/* Opens a batch, or ends the one that is open: only then may it say what it lost. */
static bool step_batch(World *world)
{
    usize failures = 0;
    snprintf(world->text, sizeof world->text, "batch %s", world->batch_open ? "end" : "begin");
    world->touched = (FlatSpan){0, 0};
    if (world->batch_open)
        mem_vmap_batch_end(&world->batch);
    else
        mem_vmap_batch_begin(&world->batch, &world->vmap);
    world->batch_open = !world->batch_open;
    return take_lost(world, failures);
}

static bool step_reserve(World *world)
{
    usize pages = one_in(world, 2) ? 0 : world_random(world, 20), failures = arena_failures(world->arena);
    snprintf(world->text, sizeof world->text, "reserve %zu", pages);
    world->touched = (FlatSpan){0, 0};
    int engine = mem_vmap_reserve(&world->vmap, pages);
    return engine == 0 || excused(world, engine, failures) ? true : disagree(world, engine, 0);
}

bool world_step(World *world)
{
    if (world->batch_open) /* a leaf lost in a batch is told at its end: too late for the comparison */
        arena_fail_from(world->arena, 0, 0);
    else if (one_in(world, 10))
        arena_fail_from(world->arena, 1 + world_random(world, 6), 1 + world_random(world, 100));
    else if (one_in(world, 3))
        arena_fail_from(world->arena, 0, 0);
    switch (world_random(world, 20)) {
    default:
        return step_map(world);
    case 0 ... 6:
        return step_unmap(world);
    case 7 ... 9:
        return step_protect(world);
    case 10 ... 11:
        return step_collapse(world);
    case 12:
        return one_in(world, 4) ? step_batch(world) : step_reserve(world);
    }
}
