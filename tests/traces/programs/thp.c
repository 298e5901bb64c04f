/* SPDX-License-Identifier: MIT */
/*
 * A program with transparent huge pages, for the recorder: it asks for them, touches what it got, and
 * then does what makes page tables split, join and go: rights on parts, holes, moves, giving back.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE     ((size_t)4096)
#define HUGE     ((size_t)2 << 20)
#define ARENA    (256 * HUGE)
#define BUFFERS  16
#define BIG      (24 * HUGE)
#define ROUNDS   60
#define HOLE_MAX 64

static unsigned long seed = 20;

/* A small generator of our own, so that every run does the same. */
static size_t below(size_t limit)
{
    seed = seed * 6364136223846793005ul + 1442695040888963407ul;
    return (size_t)(seed >> 33) % limit;
}

static void must(int failed, const char *what)
{
    if (!failed)
        return;
    perror(what);
    exit(1);
}

static char *map_huge(size_t len)
{
    char *area = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(area == MAP_FAILED, "mmap");
    must(madvise(area, len, MADV_HUGEPAGE) != 0, "madvise");
    return area;
}

static void touch(char *area, size_t len, size_t stride)
{
    for (size_t at = 0; at < len; at += stride)
        area[at] = 1;
}

/* A large arena: guard pages, parts read-only, parts given back, as allocators and runtimes do. */
static void use_arena(void)
{
    char *arena = map_huge(ARENA);
    touch(arena, ARENA, PAGE);
    for (int round = 0; round < ROUNDS; round++) {
        char *block = arena + below(ARENA / HUGE) * HUGE;
        (void)mprotect(block + below(512) * PAGE, PAGE, PROT_NONE); /* may meet a hole, as may the */
        (void)mprotect(arena + below(ARENA / HUGE) * HUGE, HUGE, PROT_READ); /* next: that is fine */
        block = arena + below(ARENA / HUGE - 1) * HUGE;
        must(munmap(block + below(512) * PAGE, (1 + below(HOLE_MAX)) * PAGE) != 0, "munmap");
        block = arena + below(ARENA / HUGE) * HUGE;
        (void)madvise(block, HUGE, MADV_DONTNEED);
    }
    must(munmap(arena, ARENA) != 0, "munmap");
}

/* Buffers of odd sizes that come, grow and go. */
static void use_buffers(void)
{
    char *buffers[BUFFERS] = {0};
    size_t sizes[BUFFERS] = {0};
    for (int round = 0; round < ROUNDS; round++) {
        size_t i = below(BUFFERS);
        if (buffers[i] != NULL) {
            must(munmap(buffers[i], sizes[i]) != 0, "munmap");
            buffers[i] = NULL;
            continue;
        }
        sizes[i] = (1 + below(2048)) * PAGE;
        buffers[i] = map_huge(sizes[i]);
        touch(buffers[i], sizes[i], PAGE);
        if (below(3) != 0)
            continue;
        buffers[i] = mremap(buffers[i], sizes[i], sizes[i] * 2, MREMAP_MAYMOVE);
        must(buffers[i] == MAP_FAILED, "mremap");
        sizes[i] *= 2;
        touch(buffers[i], sizes[i], PAGE);
    }
}

int main(void)
{
    use_arena();
    use_buffers();
    char *last = map_huge(BIG);
    touch(last, BIG, HUGE / 4);
    return 0;
}
