/* SPDX-License-Identifier: MIT */
#include "tests/model/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arena {
    usize page_size, pages, out, failures, fail_in, fail_count;
    unsigned char *memory, *is_out;
    usize cursor;
    MemVmapRange lost[2]; /* a range has two ends at which a leaf can be lost */
    unsigned lost_count;
};

Arena *arena_new(usize page_size, usize pages)
{
    Arena *arena = calloc(1, sizeof *arena);
    if (arena == NULL)
        abort();
    arena->page_size = page_size;
    arena->pages = pages;
    arena->memory = malloc(page_size * pages);
    arena->is_out = calloc(pages, 1);
    if (arena->memory == NULL || arena->is_out == NULL)
        abort();
    memset(arena->memory, 0xa5, page_size * pages);
    return arena;
}

void arena_free(Arena *arena)
{
    free(arena->memory);
    free(arena->is_out);
    free(arena);
}

static bool must_fail(Arena *arena)
{
    if (arena->fail_in > 0 && --arena->fail_in > 0)
        return false;
    if (arena->fail_count == 0)
        return false;
    arena->fail_count--;
    return true;
}

static usize arena_get(void *context, usize size)
{
    Arena *arena = context;
    if (size != arena->page_size)
        abort();
    if (must_fail(arena) || arena->out == arena->pages) {
        arena->failures++;
        return MEM_VMAP_NO_PAGE;
    }
    while (arena->is_out[arena->cursor])
        arena->cursor = (arena->cursor + 1) % arena->pages;
    arena->is_out[arena->cursor] = 1;
    arena->out++;
    return arena->cursor * size;
}

static void arena_put(void *context, usize phys, usize size)
{
    Arena *arena = context;
    usize page = phys / size;
    if (size != arena->page_size || phys % size != 0 || page >= arena->pages || !arena->is_out[page]) {
        fprintf(stderr, "page_put of 0x%zx, which is not out\n", phys);
        abort();
    }
    arena->is_out[page] = 0;
    arena->out--;
    memset(arena->memory + phys, 0xa5, size);
}

static void arena_lost(void *context, usize virt, usize len)
{
    Arena *arena = context;
    if (arena->lost_count == 2)
        abort();
    arena->lost[arena->lost_count++] = (MemVmapRange){virt, virt + (len - 1), len};
}

MemVmapPort arena_port(Arena *arena)
{
    return (MemVmapPort){
        .page_get = arena_get,
        .page_put = arena_put,
        .lost = arena_lost,
        .direct_map = (usize)arena->memory,
        .context = arena,
    };
}

usize arena_out(const Arena *arena)
{
    return arena->out;
}

usize arena_failures(const Arena *arena)
{
    return arena->failures;
}

void arena_fail_from(Arena *arena, usize k, usize how_many)
{
    arena->fail_in = k;
    arena->fail_count = how_many;
}

MemVmapRange arena_take_lost(Arena *arena)
{
    return arena->lost_count > 0 ? arena->lost[--arena->lost_count] : (MemVmapRange){0};
}
