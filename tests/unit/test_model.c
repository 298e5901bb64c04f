/* SPDX-License-Identifier: MIT */
/* The flat model: each of its rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/model/model.h"

#define PAGE     ((uint64_t)4096)
#define MIB      ((uint64_t)1 << 20)
#define GIB      ((uint64_t)1 << 30)
#define LOW_END  ((uint64_t)1 << 47)
#define HIGH     (~(uint64_t)0 << 47)
#define TOP_PAGE (~(uint64_t)0 - (PAGE - 1))
#define PHYS_END ((uint64_t)1 << 52)

static const TraceFlags read_only, read_write = {.write = true}, read_exec = {.exec = true};
static const TraceFlags write_exec = {.write = true, .exec = true};
static const TraceFlags capped_4k = {.cap_4k = true}, capped_2m = {.cap_2m = true};

static int setup(void **state)
{
    ModelGeometry geometry;
    if (!model_geometry("x86_64_4level", &geometry))
        return -1;
    *state = model_new(&geometry);
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    model_free(*state);
    return 0;
}

static void assert_leaf(const Model *model, uint64_t virt, uint64_t phys, uint64_t size)
{
    ModelLeaf leaf = {0};
    TraceResult result = model_lookup(model, virt, &leaf);
    if (result != TRACE_OK || leaf.phys != phys || leaf.size != size)
        fail_msg("%" PRIx64 ": %s, phys %" PRIx64 ", size %" PRIx64, virt, trace_result_name(result),
                 leaf.phys, leaf.size);
}

static void assert_miss(const Model *model, uint64_t virt)
{
    ModelLeaf leaf;
    assert_int_equal(model_lookup(model, virt, &leaf), TRACE_EMISS);
}

static void assert_flags(const Model *model, uint64_t virt, TraceFlags flags)
{
    ModelLeaf leaf = {0};
    assert_int_equal(model_lookup(model, virt, &leaf), TRACE_OK);
    assert_memory_equal(&leaf.flags, &flags, sizeof flags);
}

static void assert_map(Model *model, uint64_t phys, uint64_t virt, uint64_t len, TraceFlags flags)
{
    assert_int_equal(model_map(model, phys, virt, len, flags), TRACE_OK);
}

static void geometry_is_known_by_name(void **state)
{
    ModelGeometry geometry;
    (void)state;
    assert_true(model_geometry("x86_64_5level", &geometry));
    assert_int_equal(geometry.va_bits, 57);
    assert_int_equal(geometry.size_count, 3);
    assert_int_equal(geometry.sizes[1], 2 * MIB);
    assert_false(geometry.allow_write_exec);
    assert_false(model_geometry("x86_64", &geometry));
    assert_false(model_geometry("", &geometry));
}

static void new_refuses_a_geometry_without_sense(void **state)
{
    static const ModelGeometry cases[] = {
        {.va_bits = 0, .phys_bits = 52, .size_count = 1, .sizes = {4096}},
        {.va_bits = 64, .phys_bits = 52, .size_count = 1, .sizes = {4096}},
        {.va_bits = 48, .phys_bits = 0, .size_count = 1, .sizes = {4096}},
        {.va_bits = 48, .phys_bits = 65, .size_count = 1, .sizes = {4096}},
        {.va_bits = 48, .phys_bits = 52, .size_count = 0},
        {.va_bits = 48, .phys_bits = 52, .size_count = MODEL_SIZES_MAX + 1},
        {.va_bits = 48, .phys_bits = 52, .size_count = 1, .sizes = {4097}},
        {.va_bits = 48, .phys_bits = 52, .size_count = 2, .sizes = {4096, 4096}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_null(model_new(&cases[i]));
    model_free(NULL);
}

static void map_widens_to_pages(void **state)
{
    Model *model = *state;
    assert_map(model, 0x5fff, 0x1fff, 2, read_write);
    assert_leaf(model, 0x1000, 0x5000, PAGE);
    assert_leaf(model, 0x2fff, 0x6fff, PAGE);
    assert_miss(model, 0x0fff);
    assert_miss(model, 0x3000);
    assert_flags(model, 0x1000, read_write);
}

static void map_takes_both_ends_of_both_halves(void **state)
{
    Model *model = *state;
    assert_map(model, 0, 0, PAGE, read_only);
    assert_map(model, PAGE, LOW_END - PAGE, PAGE, read_only);
    assert_map(model, 2 * PAGE, HIGH, PAGE, read_only);
    assert_map(model, PHYS_END - PAGE, TOP_PAGE, PAGE, read_only);
    assert_leaf(model, 0, 0, PAGE);
    assert_leaf(model, LOW_END - 1, 2 * PAGE - 1, PAGE);
    assert_leaf(model, HIGH, 2 * PAGE, PAGE);
    assert_leaf(model, UINT64_MAX, PHYS_END - 1, PAGE);
    assert_int_equal(model_extent_count(model), 4);
}

static void map_takes_a_whole_half(void **state)
{
    Model *model = *state;
    assert_map(model, 0, HIGH, LOW_END, read_only);
    assert_leaf(model, UINT64_MAX, LOW_END - 1, GIB);
    assert_int_equal(model_map(model, 0, TOP_PAGE, 1, read_only), TRACE_EOVERLAP);
}

static void map_refuses_what_the_space_lacks(void **state)
{
    static const struct {
        uint64_t phys, virt, len;
    } cases[] = {
        {0, TOP_PAGE, PAGE + 1},                        /* wraps */
        {0, PAGE, UINT64_MAX},                          /* wraps */
        {0, LOW_END - PAGE, PAGE + 1},                  /* runs into the hole */
        {0, LOW_END, PAGE},                             /* in the hole */
        {0, HIGH - PAGE, PAGE},                         /* in the hole */
        {0, HIGH - PAGE, 2 * PAGE},                     /* comes out of the hole */
        {0, LOW_END - PAGE, HIGH - LOW_END + 2 * PAGE}, /* across the hole */
        {0, 0, UINT64_MAX},                             /* across the hole */
        {PHYS_END, 0, PAGE},                            /* beyond the physical width */
        {PHYS_END - PAGE, 0, PAGE + 1},                 /* runs out of it */
        {TOP_PAGE, 0, 2 * PAGE},                        /* phys wraps */
    };
    Model *model = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(model_map(model, cases[i].phys, cases[i].virt, cases[i].len, read_only),
                         TRACE_ERANGE);
    assert_int_equal(model_extent_count(model), 0);
}

static void map_refuses_every_overlap(void **state)
{
    Model *model = *state;
    assert_map(model, 0, 4 * PAGE, 4 * PAGE, read_only);
    assert_int_equal(model_map(model, 0, 4 * PAGE, 4 * PAGE, read_only), TRACE_EOVERLAP);
    assert_int_equal(model_map(model, 0, 3 * PAGE, PAGE + 1, read_only), TRACE_EOVERLAP);
    assert_int_equal(model_map(model, 0, 7 * PAGE, PAGE, read_only), TRACE_EOVERLAP);
    assert_int_equal(model_map(model, 0, 0, 16 * PAGE, read_only), TRACE_EOVERLAP);
    assert_map(model, 0, 3 * PAGE, PAGE, read_only);
    assert_map(model, 0, 8 * PAGE, PAGE, read_only);
}

static void errors_come_in_the_order_of_the_contract(void **state)
{
    Model *model = *state;
    const uint64_t hole = LOW_END;
    assert_map(model, 0, 0, PAGE, read_only);
    assert_int_equal(model_map(model, 1, hole, 0, write_exec), TRACE_EINVAL);
    assert_int_equal(model_map(model, 1, hole, 1, write_exec), TRACE_EFLAGS);
    assert_int_equal(model_map(model, 1, hole, 1, read_only), TRACE_EALIGN);
    assert_int_equal(model_map(model, PHYS_END, 0, 1, read_only), TRACE_ERANGE);
    assert_int_equal(model_map(model, 0, 0, 1, read_only), TRACE_EOVERLAP);

    assert_int_equal(model_protect(model, hole, 0, write_exec), TRACE_EINVAL);
    assert_int_equal(model_protect(model, hole, 1, write_exec), TRACE_EFLAGS);
    assert_int_equal(model_protect(model, hole, 1, read_only), TRACE_ERANGE);
    assert_int_equal(model_protect(model, PAGE, 1, read_only), TRACE_EMISS);

    assert_int_equal(model_collapse(model, hole, 0), TRACE_EINVAL);
    assert_int_equal(model_collapse(model, hole, 1), TRACE_ERANGE);
    assert_int_equal(model_collapse(model, PAGE, 1), TRACE_OK);
}

static void write_with_exec_needs_a_space_that_allows_it(void **state)
{
    (void)state;
    ModelGeometry geometry;
    assert_true(model_geometry("x86_64_4level", &geometry));
    geometry.allow_write_exec = true;
    Model *model = model_new(&geometry);
    assert_map(model, 0, 0, PAGE, write_exec);
    assert_int_equal(model_protect(model, 0, PAGE, write_exec), TRACE_OK);
    assert_flags(model, 0, write_exec);
    model_free(model);
}

static void leaves_are_as_large_as_alignment_allows(void **state)
{
    Model *model = *state;
    /* From 4K below 2M to 4K above 1G + 2M, aligned alike. */
    assert_map(model, GIB + 2 * MIB - PAGE, 2 * MIB - PAGE, 2 * GIB + 2 * PAGE, read_only);
    assert_leaf(model, 2 * MIB - 1, GIB + 2 * MIB - 1, PAGE);
    assert_leaf(model, 2 * MIB, GIB + 2 * MIB, 2 * MIB);
    assert_leaf(model, GIB - 1, 2 * GIB - 1, 2 * MIB);
    assert_leaf(model, GIB, 2 * GIB, GIB);
    assert_leaf(model, 2 * GIB - 1, 3 * GIB - 1, GIB);
    assert_leaf(model, 2 * GIB, 3 * GIB, 2 * MIB);
    assert_leaf(model, 2 * GIB + 2 * MIB, 3 * GIB + 2 * MIB, PAGE);

    /* Frames that are aligned to 2M only, and to 4K only. */
    assert_map(model, 2 * MIB, 8 * GIB, GIB, read_only);
    assert_leaf(model, 8 * GIB, 2 * MIB, 2 * MIB);
    assert_map(model, PAGE, 16 * GIB, GIB, read_only);
    assert_leaf(model, 16 * GIB, PAGE, PAGE);
}

static void caps_bound_the_leaf(void **state)
{
    Model *model = *state;
    const TraceFlags both = {.cap_4k = true, .cap_2m = true};
    assert_map(model, 0, 0, GIB, capped_2m);
    assert_map(model, 0, GIB, GIB, capped_4k);
    assert_map(model, 0, 2 * GIB, GIB, both);
    assert_leaf(model, 0, 0, 2 * MIB);
    assert_leaf(model, GIB, 0, PAGE);
    assert_leaf(model, 2 * GIB, 0, PAGE);
    assert_flags(model, 2 * GIB, read_only);
}

static void touching_maps_do_not_merge(void **state)
{
    Model *model = *state;
    assert_map(model, 0, 0, MIB, read_only);
    assert_map(model, MIB, MIB, MIB, read_only);
    assert_leaf(model, 0, 0, PAGE);
    assert_leaf(model, 2 * MIB - 1, 2 * MIB - 1, PAGE);
}

static void unmap_splits_no_more_than_it_must(void **state)
{
    Model *model = *state;
    assert_map(model, 0, 0, 2 * GIB, read_only);
    model_unmap(model, 4 * MIB + PAGE, 1);
    assert_miss(model, 4 * MIB + PAGE);
    assert_miss(model, 4 * MIB + 2 * PAGE - 1);
    assert_leaf(model, 4 * MIB, 4 * MIB, PAGE);
    assert_leaf(model, 4 * MIB + 2 * PAGE, 4 * MIB + 2 * PAGE, PAGE);
    assert_leaf(model, 4 * MIB - 1, 4 * MIB - 1, 2 * MIB);
    assert_leaf(model, 6 * MIB, 6 * MIB, 2 * MIB);
    assert_leaf(model, GIB - 1, GIB - 1, 2 * MIB);
    assert_leaf(model, GIB, GIB, GIB);
}

static void unmap_does_not_mind_holes(void **state)
{
    Model *model = *state;
    assert_map(model, 0, LOW_END - PAGE, PAGE, read_only);
    assert_map(model, 0, HIGH, PAGE, read_only);
    assert_map(model, 0, 0, PAGE, read_only);
    model_unmap(model, 0, 0);
    model_unmap(model, LOW_END, HIGH - LOW_END); /* the hole itself */
    assert_int_equal(model_extent_count(model), 3);
    model_unmap(model, LOW_END - 1, HIGH - LOW_END + 2);
    assert_int_equal(model_extent_count(model), 1);
    assert_leaf(model, 0, 0, PAGE);
}

static void unmap_that_wraps_ends_at_the_last_byte(void **state)
{
    Model *model = *state;
    assert_map(model, 0, 0, 2 * PAGE, read_only);
    assert_map(model, 0, TOP_PAGE - PAGE, 2 * PAGE, read_only);
    model_unmap(model, TOP_PAGE, 4 * PAGE);
    assert_leaf(model, 0, 0, PAGE);
    assert_leaf(model, TOP_PAGE - 1, PAGE - 1, PAGE);
    assert_miss(model, TOP_PAGE);
    model_unmap(model, PAGE, UINT64_MAX);
    assert_int_equal(model_extent_count(model), 1);
    assert_leaf(model, 0, 0, PAGE);
}

static void protect_changes_rights_and_nothing_else(void **state)
{
    Model *model = *state;
    const TraceFlags before = {.write = true, .type = TRACE_UNCACHED, .noreserve = true};
    const TraceFlags asked = {
        .exec = true, .user = true, .global = true, .type = TRACE_DEVICE, .cap_4k = true};
    const TraceFlags after = {
        .exec = true, .user = true, .global = true, .type = TRACE_UNCACHED, .noreserve = true};
    assert_map(model, 0, 0, 6 * MIB, before);
    assert_int_equal(model_protect(model, 2 * MIB - 1, 2 * MIB + 2, asked), TRACE_OK);
    assert_flags(model, 2 * MIB - PAGE - 1, before);
    assert_flags(model, 2 * MIB - PAGE, after);
    assert_flags(model, 4 * MIB + PAGE - 1, after);
    assert_flags(model, 4 * MIB + PAGE, before);
    assert_leaf(model, 0, 0, PAGE);
    assert_leaf(model, 2 * MIB, 2 * MIB, 2 * MIB);
    assert_leaf(model, 4 * MIB, 4 * MIB, PAGE);
}

static void protect_over_a_hole_changes_nothing(void **state)
{
    Model *model = *state;
    assert_map(model, 0, PAGE, 2 * PAGE, read_only);
    assert_map(model, 0, 4 * PAGE, 2 * PAGE, read_only);
    assert_int_equal(model_protect(model, 0, 2 * PAGE, read_write), TRACE_EMISS);
    assert_int_equal(model_protect(model, 2 * PAGE, 3 * PAGE, read_write), TRACE_EMISS);
    assert_int_equal(model_protect(model, 5 * PAGE, 2 * PAGE, read_write), TRACE_EMISS);
    assert_int_equal(model_protect(model, 7 * PAGE, PAGE, read_write), TRACE_EMISS);
    assert_int_equal(model_extent_count(model), 2);
    assert_flags(model, PAGE, read_only);
    assert_flags(model, 5 * PAGE, read_only);
}

static void collapse_joins_what_one_leaf_can_map(void **state)
{
    Model *model = *state;
    for (uint64_t at = 0; at < 2 * GIB; at += 256 * MIB)
        assert_map(model, 4 * GIB + at, at, 256 * MIB, capped_4k);
    assert_leaf(model, 0, 4 * GIB, PAGE);
    assert_int_equal(model_collapse(model, 2 * MIB - PAGE, 2 * GIB - 2 * MIB), TRACE_OK);
    assert_leaf(model, 2 * MIB - 1, 4 * GIB + 2 * MIB - 1, PAGE);
    assert_leaf(model, 2 * MIB, 4 * GIB + 2 * MIB, 2 * MIB);
    assert_leaf(model, GIB, 5 * GIB, 2 * MIB);
    assert_leaf(model, 2 * GIB - 2 * MIB, 6 * GIB - 2 * MIB, PAGE);
    assert_int_equal(model_collapse(model, GIB, GIB), TRACE_OK);
    assert_leaf(model, GIB, 5 * GIB, GIB);
    assert_leaf(model, GIB - 1, 5 * GIB - 1, 2 * MIB);
}

static void collapse_leaves_alone_what_differs(void **state)
{
    Model *model = *state;
    assert_map(model, 0, 0, MIB, read_only);
    assert_map(model, MIB, MIB, MIB, read_exec); /* rights differ */
    assert_map(model, 2 * MIB, 2 * MIB, MIB, read_only);
    assert_map(model, 4 * MIB, 3 * MIB, MIB, read_only);     /* frames are not contiguous */
    assert_map(model, 4 * MIB, 4 * MIB, MIB, read_only);     /* a hole */
    assert_map(model, 7 * MIB, 6 * MIB, 2 * MIB, read_only); /* frames are not aligned */
    assert_int_equal(model_collapse(model, 0, 8 * MIB), TRACE_OK);
    for (uint64_t at = 0; at < 5 * MIB; at += MIB)
        assert_leaf(model, at, at == 3 * MIB ? 4 * MIB : at, PAGE);
    assert_leaf(model, 6 * MIB, 7 * MIB, PAGE);
}

static void collapse_leaves_alone_leaves_of_different_flags(void **state)
{
    static const TraceFlags others[] = {
        {.write = true},  {.exec = true},           {.user = true},
        {.global = true}, {.type = TRACE_UNCACHED}, {.noreserve = true},
    };
    Model *model = *state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        uint64_t at = i * 2 * MIB;
        assert_map(model, at, at, MIB, read_only);
        assert_map(model, at + MIB, at + MIB, MIB, others[i]);
        assert_int_equal(model_collapse(model, at, 2 * MIB), TRACE_OK);
        assert_leaf(model, at, at, PAGE);
    }
}

static void collapse_cuts_no_leaf_at_its_ends(void **state)
{
    Model *model = *state;
    assert_map(model, 0, 0, 3 * GIB, capped_2m);
    assert_int_equal(model_collapse(model, GIB - PAGE, GIB + 2 * PAGE), TRACE_OK);
    assert_leaf(model, GIB - PAGE, GIB - PAGE, 2 * MIB);
    assert_leaf(model, GIB, GIB, GIB);
    assert_leaf(model, 2 * GIB, 2 * GIB, 2 * MIB);
    assert_int_equal(model_collapse(model, PAGE, PAGE), TRACE_OK);
    assert_leaf(model, PAGE, PAGE, 2 * MIB);
}

static void collapse_does_not_split_a_larger_leaf(void **state)
{
    Model *model = *state;
    assert_map(model, 0, 0, GIB, read_only);
    assert_int_equal(model_collapse(model, 2 * MIB, 2 * MIB), TRACE_OK);
    assert_leaf(model, 2 * MIB, 2 * MIB, GIB);
}

static void lookup_tells_a_hole_from_an_address_that_is_none(void **state)
{
    Model *model = *state;
    ModelLeaf leaf;
    assert_int_equal(model_lookup(model, 0, &leaf), TRACE_EMISS);
    assert_int_equal(model_lookup(model, LOW_END - 1, &leaf), TRACE_EMISS);
    assert_int_equal(model_lookup(model, LOW_END, &leaf), TRACE_ERANGE);
    assert_int_equal(model_lookup(model, HIGH - 1, &leaf), TRACE_ERANGE);
    assert_int_equal(model_lookup(model, HIGH, &leaf), TRACE_EMISS);
}

static void assert_run(const Model *model, uint64_t from, uint64_t first, uint64_t last, uint64_t size)
{
    ModelRun run;
    assert_true(model_next_run(model, from, &run));
    if (run.first != first || run.last != last || run.size != size)
        fail_msg("from %" PRIx64 ": %" PRIx64 "-%" PRIx64 " of %" PRIx64, from, run.first, run.last,
                 run.size);
}

static void runs_are_maximal(void **state)
{
    Model *model = *state;
    ModelRun run;
    assert_map(model, 0, 0, PAGE, read_only);
    assert_map(model, PAGE, PAGE, 4 * MIB, read_only);
    assert_map(model, 0, TOP_PAGE, PAGE, read_only);
    assert_run(model, 0, 0, 2 * MIB - 1, PAGE); /* two maps, one run */
    assert_run(model, 100, 100, 2 * MIB - 1, PAGE);
    assert_run(model, 2 * MIB, 2 * MIB, 4 * MIB - 1, 2 * MIB);
    assert_run(model, 4 * MIB, 4 * MIB, 4 * MIB + PAGE - 1, PAGE);
    assert_run(model, 4 * MIB + PAGE, TOP_PAGE, UINT64_MAX, PAGE);
    model_unmap(model, TOP_PAGE, PAGE);
    assert_false(model_next_run(model, 4 * MIB + PAGE, &run));
}

#define MODEL_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(geometry_is_known_by_name),
        cmocka_unit_test(new_refuses_a_geometry_without_sense),
        MODEL_TEST(map_widens_to_pages),
        MODEL_TEST(map_takes_both_ends_of_both_halves),
        MODEL_TEST(map_takes_a_whole_half),
        MODEL_TEST(map_refuses_what_the_space_lacks),
        MODEL_TEST(map_refuses_every_overlap),
        MODEL_TEST(errors_come_in_the_order_of_the_contract),
        cmocka_unit_test(write_with_exec_needs_a_space_that_allows_it),
        MODEL_TEST(leaves_are_as_large_as_alignment_allows),
        MODEL_TEST(caps_bound_the_leaf),
        MODEL_TEST(touching_maps_do_not_merge),
        MODEL_TEST(unmap_splits_no_more_than_it_must),
        MODEL_TEST(unmap_does_not_mind_holes),
        MODEL_TEST(unmap_that_wraps_ends_at_the_last_byte),
        MODEL_TEST(protect_changes_rights_and_nothing_else),
        MODEL_TEST(protect_over_a_hole_changes_nothing),
        MODEL_TEST(collapse_joins_what_one_leaf_can_map),
        MODEL_TEST(collapse_leaves_alone_what_differs),
        MODEL_TEST(collapse_leaves_alone_leaves_of_different_flags),
        MODEL_TEST(collapse_cuts_no_leaf_at_its_ends),
        MODEL_TEST(collapse_does_not_split_a_larger_leaf),
        MODEL_TEST(lookup_tells_a_hole_from_an_address_that_is_none),
        MODEL_TEST(runs_are_maximal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
