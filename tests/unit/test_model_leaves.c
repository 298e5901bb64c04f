/* SPDX-License-Identifier: MIT */
/* The leaf sizes of the flat model against a simulation that keeps every leaf by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tools/model/model.h"

/*
 * The model deduces leaf sizes from extents. Here every leaf is kept by itself, as an engine would: map
 * takes the largest leaf that fits, a cut splits a leaf into those of the next size, collapse joins them.
 * A small space without a hole in which every address is looked at after every operation.
 */
enum { SMALL_PAGE = 16, SMALL_PAGES = 256, SMALL_SIZES = 4 };
static const unsigned small_sizes[SMALL_SIZES] = {1, 4, 8, 64}; /* in pages */

typedef struct Page {
    unsigned size; /* of its leaf, in pages; 0: a hole */
    unsigned frame;
    TraceFlags flags;
} Page;

static void split_before(Page *pages, unsigned at)
{
    if (at == 0 || at >= SMALL_PAGES)
        return;
    for (unsigned i = SMALL_SIZES - 1; i > 0; i--) {
        unsigned size = small_sizes[i], base = at / size * size;
        if (base == at || pages[at].size != size)
            continue;
        for (unsigned page = base; page < base + size; page++)
            pages[page].size = small_sizes[i - 1];
    }
}

static void leaves_map(Page *pages, unsigned frame, unsigned first, unsigned end, TraceFlags flags)
{
    unsigned cap = flags.cap_4k ? 1 : SMALL_PAGES;
    flags.cap_4k = false;
    while (first < end) {
        unsigned i = SMALL_SIZES - 1;
        while (small_sizes[i] > cap || (first | frame) % small_sizes[i] != 0 ||
               end - first < small_sizes[i])
            i--;
        for (unsigned n = 0; n < small_sizes[i]; n++)
            pages[first++] = (Page){.size = small_sizes[i], .frame = frame++, .flags = flags};
    }
}

static void leaves_unmap(Page *pages, unsigned first, unsigned end)
{
    split_before(pages, first);
    split_before(pages, end);
    for (unsigned page = first; page < end; page++)
        pages[page].size = 0;
}

static bool any_of_size_0(const Page *pages, unsigned first, unsigned end)
{
    for (unsigned page = first; page < end; page++)
        if (pages[page].size == 0)
            return true;
    return false;
}

static TraceResult leaves_protect(Page *pages, unsigned first, unsigned end, TraceFlags flags)
{
    if (any_of_size_0(pages, first, end))
        return TRACE_EMISS;
    split_before(pages, first);
    split_before(pages, end);
    for (unsigned page = first; page < end; page++)
        pages[page].flags.write = flags.write;
    return TRACE_OK;
}

static bool block_can_join(const Page *pages, unsigned size, unsigned smaller)
{
    if (pages[0].frame % size != 0)
        return false;
    for (unsigned i = 0; i < size; i++)
        if (pages[i].size != smaller || pages[i].frame != pages[0].frame + i ||
            memcmp(&pages[i].flags, &pages[0].flags, sizeof pages[0].flags) != 0)
            return false;
    return true;
}

static void leaves_collapse(Page *pages, unsigned first, unsigned end)
{
    for (unsigned i = 1; i < SMALL_SIZES; i++) {
        unsigned size = small_sizes[i];
        for (unsigned base = (first + size - 1) / size * size; base + size <= end; base += size)
            if (block_can_join(pages + base, size, small_sizes[i - 1]))
                for (unsigned page = base; page < base + size; page++)
                    pages[page].size = size;
    }
}

static void assert_same_leaves(const Model *model, const Page *pages)
{
    for (unsigned page = 0; page < SMALL_PAGES; page++) {
        ModelLeaf leaf;
        uint64_t virt = (uint64_t)page * SMALL_PAGE;
        bool mapped = pages[page].size != 0;
        assert_int_equal(model_lookup(model, virt + 1, &leaf), mapped ? TRACE_OK : TRACE_EMISS);
        if (!mapped)
            continue;
        assert_int_equal(leaf.size, pages[page].size * SMALL_PAGE);
        assert_int_equal(leaf.phys, pages[page].frame * SMALL_PAGE + 1);
        assert_memory_equal(&leaf.flags, &pages[page].flags, sizeof leaf.flags);
    }
}

static bool same_run(const Page *page, const Page *next)
{
    return page->size == next->size && page->frame + 1 == next->frame &&
           memcmp(&page->flags, &next->flags, sizeof page->flags) == 0;
}

static void assert_same_runs(const Model *model, const Page *pages)
{
    ModelRun run;
    unsigned page = 0;
    while (model_next_run(model, (uint64_t)page * SMALL_PAGE, &run)) {
        while (pages[page].size == 0)
            page++;
        assert_int_equal(run.first, page * SMALL_PAGE);
        assert_int_equal(run.phys, pages[page].frame * SMALL_PAGE);
        assert_int_equal(run.size, pages[page].size * SMALL_PAGE);
        while (page + 1 < SMALL_PAGES && pages[page + 1].size != 0 &&
               same_run(&pages[page], &pages[page + 1]))
            page++;
        page++;
        assert_int_equal(run.last, page * SMALL_PAGE - 1);
    }
    assert_false(page < SMALL_PAGES && !any_of_size_0(pages, page, page + 1));
}

static unsigned random_below(uint64_t *seed, unsigned bound)
{
    *seed = *seed * 6364136223846793005 + 1442695040888963407;
    return (unsigned)(*seed >> 33) % bound;
}

/* One random operation on both, which must answer alike. */
static void random_step(Model *model, Page *pages, uint64_t *seed)
{
    unsigned first = random_below(seed, SMALL_PAGES);
    unsigned longest = random_below(seed, 3) == 0 ? SMALL_PAGES : 20;
    unsigned end = first + 1 + random_below(seed, longest);
    end = end > SMALL_PAGES ? SMALL_PAGES : end;
    uint64_t virt = (uint64_t)first * SMALL_PAGE, len = (uint64_t)(end - first) * SMALL_PAGE;
    TraceFlags flags = {.write = random_below(seed, 4) == 0, .cap_4k = random_below(seed, 3) == 0};
    /* Mostly the frame of the same number, so that there is something to join. */
    unsigned frame = first + (random_below(seed, 8) == 0 ? random_below(seed, 9) : 0);

    switch (random_below(seed, 8)) {
    case 0:
        model_unmap(model, virt, len);
        leaves_unmap(pages, first, end);
        return;
    case 1:
        assert_int_equal(model_protect(model, virt, len, flags), leaves_protect(pages, first, end, flags));
        return;
    case 2:
        assert_int_equal(model_collapse(model, virt, len), TRACE_OK);
        leaves_collapse(pages, first, end);
        return;
    default:
        while (end > first && model_map(model, (uint64_t)frame * SMALL_PAGE, virt, len, flags) != TRACE_OK)
            len = (uint64_t)(--end - first) * SMALL_PAGE; /* until it fits */
        leaves_map(pages, frame, first, end, flags);
        return;
    }
}

static void leaf_sizes_are_those_of_minimal_splits(void **state)
{
    (void)state;
    const ModelGeometry geometry = {.va_bits = 12,
                                    .phys_bits = 16,
                                    .size_count = SMALL_SIZES,
                                    .sizes = {SMALL_PAGE, 4 * SMALL_PAGE, 8 * SMALL_PAGE, 64 * SMALL_PAGE}};
    Model *model = model_new(&geometry);
    Page pages[SMALL_PAGES] = {0};
    uint64_t seed = 1;
    assert_non_null(model);
    for (int i = 0; i < 20000; i++) {
        random_step(model, pages, &seed);
        assert_same_leaves(model, pages);
        assert_same_runs(model, pages);
    }
    model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaf_sizes_are_those_of_minimal_splits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
