/* SPDX-License-Identifier: MIT */
/* Formats by name, mem_vmap_init with each option and each bad one, destroy, switch_to. */
#include "tests/support/space.h"

#include <string.h>

static void formats_are_found_by_name_and_by_index(void **state)
{
    (void)state;
    unsigned count = 0;
    bool four = false, five = false;
    for (const MemVmapFormat *format; (format = mem_vmap_format_at(count)) != NULL; count++) {
        const char *name = mem_vmap_format_name(format);
        assert_ptr_equal(mem_vmap_format_find(name), format);
        four |= strcmp(name, "x86_64_4level") == 0;
        five |= strcmp(name, "x86_64_5level") == 0;
    }
    assert_true(four && five);
    assert_null(mem_vmap_format_at(count));
    assert_null(mem_vmap_format_at((unsigned)-1));
}

static void formats_that_do_not_exist(void **state)
{
    (void)state;
    assert_null(mem_vmap_format_find("x86_64_3level"));
    assert_null(mem_vmap_format_find(""));
    assert_null(mem_vmap_format_find("x86_64_4leve"));
    assert_null(mem_vmap_format_find("x86_64_4level "));
    assert_null(mem_vmap_format_find(NULL));
    assert_string_equal(mem_vmap_format_name(NULL), "");
}

static void a_new_space_is_empty(void **state)
{
    Space *space = *state;
    MemVmapStats stats = space_stats(space);
    assert_int_equal(stats.tables, 1);
    assert_int_equal(stats.credits, 0);
    assert_int_equal(stats.reserved, 0);
    assert_int_equal(stats.shootdowns + stats.splits + stats.collapses + stats.lost, 0);
    assert_int_equal(space->gets, 1 + stats.pool_free);
    assert_hole(space, 0);
    assert_hole(space, TOP_PAGE);
}

static void init_refuses_null_pointers(void **state)
{
    (void)state;
    Space *space = space_prepare("x86_64_4level", SPACE_ONE_CPU);
    MemVmapPort port = space->port;
    assert_int_equal(mem_vmap_init(NULL, &port, space->format, NULL), MEM_EINVAL);
    assert_int_equal(mem_vmap_init(&space->vmap, NULL, space->format, NULL), MEM_EINVAL);
    port.page_get = NULL;
    assert_int_equal(mem_vmap_init(&space->vmap, &port, space->format, NULL), MEM_EINVAL);
    space_end(space);
}

static void init_refuses_half_a_lock(void **state)
{
    (void)state;
    Space *space = space_prepare("x86_64_4level", SPACE_ONE_CPU);
    MemVmapPort port = space->port;
    port.lock = NULL;
    assert_int_equal(mem_vmap_init(&space->vmap, &port, space->format, NULL), MEM_EINVAL);
    port = space->port;
    port.unlock = NULL;
    assert_int_equal(mem_vmap_init(&space->vmap, &port, space->format, NULL), MEM_EINVAL);
    assert_int_equal(host_page_gets(space->host), 0);
    space_end(space);
}

static void init_takes_the_first_format_by_default(void **state)
{
    (void)state;
    Space *space = space_prepare("x86_64_4level", SPACE_ONE_CPU);
    space->format = NULL;
    space_make(space, NULL);
    bool four = strcmp(mem_vmap_format_name(mem_vmap_format_at(0)), "x86_64_4level") == 0;
    int code = mem_vmap_map(&space->vmap, 0, (usize)1 << 47, PAGE, 0);
    assert_int_equal(code, four ? MEM_ERANGE : 0);
    space->levels = four ? 4 : 5;
    space_end(space);
}

/* Tries options that the format cannot fulfil. */
static void assert_refused(const MemVmapOptions *options)
{
    Space *space = space_prepare("x86_64_4level", SPACE_ONE_CPU);
    memset(&space->vmap, 0xa5, sizeof space->vmap);
    assert_int_equal(mem_vmap_init(&space->vmap, &space->port, space->format, options), MEM_ENOTSUP);
    assert_int_equal(mem_vmap_root(&space->vmap), MEM_VMAP_NO_PAGE); /* as if never made */
    assert_int_equal(host_pages_out(space->host), 0);
    space_end(space);
}

static void init_refuses_leaf_sizes_that_the_format_lacks(void **state)
{
    (void)state;
    static const usize sizes[] = {PAGE | 2 * PAGE, PAGE | M2 | 2 * M2,    PAGE | M2 | G1 | G512,
                                  PAGE | 1,        PAGE | (usize)1 << 63, 0x10000,
                                  SIZE_MAX};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++)
        assert_refused(&(MemVmapOptions){.leaf_sizes = sizes[i]});
}

static void init_refuses_physical_widths_that_the_format_lacks(void **state)
{
    (void)state;
    static const unsigned bits[] = {53, 64, 65, 128, (unsigned)-1};
    for (unsigned i = 0; i < sizeof bits / sizeof *bits; i++)
        assert_refused(&(MemVmapOptions){.phys_bits = bits[i]});
}

static void init_refuses_memory_type_indices_that_the_format_lacks(void **state)
{
    (void)state;
    for (unsigned type = 0; type < MEM_VMAP_TYPES; type++) {
        uint8_t index[MEM_VMAP_TYPES] = {0, 1, 2, 3, 3};
        index[type] = 8;
        assert_refused(&(MemVmapOptions){.type_index = index});
        index[type] = 0xfe;
        assert_refused(&(MemVmapOptions){.type_index = index});
    }
}

static void types_that_are_not_to_be_had(void **state)
{
    (void)state;
    for (int type = 0; type < MEM_VMAP_TYPES; type++) {
        uint8_t index[MEM_VMAP_TYPES] = {0, 1, 2, 4, 3};
        index[type] = MEM_VMAP_TYPE_NONE;
        Space *space = space_new("x86_64_4level", SPACE_ONE_CPU, &(MemVmapOptions){.type_index = index});
        for (int other = 0; other < MEM_VMAP_TYPES; other++) {
            int flags = other << MEM_VMAP_TYPE_SHIFT;
            usize virt = (usize)(other + 1) * PAGE;
            if (other == type)
                must_not_map(space, 0, virt, PAGE, flags, MEM_ENOTSUP);
            else
                must_map(space, 0, virt, PAGE, flags);
        }
        space_end(space);
    }
}

static void no_execute_missing_accepts_only_executable_mappings(void **state)
{
    (void)state;
    MemVmapOptions options = {.no_execute_missing = true, .allow_write_exec = true};
    Space *space = space_new("x86_64_4level", SPACE_ONE_CPU, &options);
    must_not_map(space, 0, 0, PAGE, 0, MEM_ENOTSUP);
    must_not_map(space, 0, 0, PAGE, MEM_VMAP_WRITE, MEM_ENOTSUP);
    must_map(space, 0, 0, PAGE, MEM_VMAP_EXEC | MEM_VMAP_WRITE);
    RawTree tree = space_raw(space);
    assert_false(raw_walk(&tree, 0).path[0] & RAW_NX); /* bug 62: reserved where EFER.NXE is 0 */
    space_end(space);
}

static void global_missing_refuses_global(void **state)
{
    (void)state;
    MemVmapOptions options = {.global_missing = true};
    Space *space = space_new("x86_64_4level", SPACE_ONE_CPU, &options);
    must_not_map(space, 0, 0, PAGE, MEM_VMAP_GLOBAL, MEM_ENOTSUP);
    must_map(space, 0, 0, PAGE, 0);
    space_end(space);
}

static void port_and_options_are_copied(void **state)
{
    (void)state;
    uint8_t index[MEM_VMAP_TYPES] = {0, 1, 2, 3, 3};
    MemVmapOptions options = {.type_index = index, .allow_write_exec = true};
    Space *space = space_prepare("x86_64_4level", SPACE_ONE_CPU);
    MemVmapPort kept = space->port;
    space_make(space, &options);
    memset(&space->port, 0, sizeof space->port);
    memset(index, 0xff, sizeof index);
    memset(&options, 0, sizeof options);
    must_map(space, 0, 0, PAGE, MEM_VMAP_WRITE | MEM_VMAP_EXEC | MEM_VMAP_UNCACHED);
    mem_vmap_unmap(&space->vmap, 0, PAGE);
    space->port = kept;
    assert_int_equal(space_shootdowns(space), 1);
    space_end(space);
}

static void the_cache_keeps_as_many_pages_as_it_was_told(void **state)
{
    (void)state;
    static const usize caches[] = {0, 1, 7, 300, MEM_VMAP_NO_CACHE};
    for (unsigned i = 0; i < 5; i++) {
        MemVmapOptions options = {.cache_pages = caches[i]};
        Space *space = space_new("x86_64_4level", SPACE_ONE_CPU, &options);
        must_map(space, 0, 0, 200 * M2, MEM_VMAP_CAP_4K);
        mem_vmap_unmap(&space->vmap, 0, 200 * M2);
        usize all = 202, bound = space->cache;
        assert_int_equal(space_stats(space).pool_free, bound < all ? bound : all);
        space_check(space);
        space_end(space);
    }
}

static void destroy_gives_everything_back(void **state)
{
    (void)state;
    Space *space = space_new("x86_64_5level", SPACE_MANY_CPUS, NULL);
    must_map(space, 0, 0, 3 * G1 + 5 * M2 + 7 * PAGE, MEM_VMAP_GLOBAL);
    must_map(space, 0, space->high_start, 700 * M2, MEM_VMAP_CAP_4K);
    mem_vmap_unmap(&space->vmap, G1 + PAGE, PAGE);
    assert_int_equal(mem_vmap_reserve(&space->vmap, 100), 0);
    usize before = space_shootdowns(space);
    mem_vmap_destroy(&space->vmap);
    assert_int_equal(host_pages_out(space->host), 0);
    assert_int_equal(space_shootdowns(space), before + 1);
    assert_true(plan_covers(space_last_plan(space), 0, 0));
    assert_true(plan_covers(space_last_plan(space), space->high_start, space->high_start));
    assert_true(space_last_plan(space)->global);
    assert_true(space_last_plan(space)->tables);
    space_end(space);
}

static void destroy_of_an_empty_space_flushes_nothing(void **state)
{
    (void)state;
    Space *space = space_new("x86_64_4level", SPACE_ONE_CPU, NULL);
    must_map(space, 0, 0, PAGE, 0);
    mem_vmap_unmap(&space->vmap, 0, PAGE);
    mem_vmap_destroy(&space->vmap);
    assert_int_equal(space_shootdowns(space), 1);
    assert_int_equal(host_pages_out(space->host), 0);
    space_end(space);
}

static int never_visit(void *context, const MemVmapRun *run)
{
    (void)context, (void)run;
    return 42;
}

static void assert_never_made(MemVmap *vmap)
{
    usize pages;
    MemVmapBatch batch;
    MemVmapStats stats;
    assert_int_equal(mem_vmap_root(vmap), MEM_VMAP_NO_PAGE);
    assert_int_equal(mem_vmap_map(vmap, 0, 0, PAGE, 0), MEM_EINVAL);
    assert_int_equal(mem_vmap_lookup(vmap, 0, NULL), MEM_EINVAL);
    assert_int_equal(mem_vmap_translate(vmap, 0), 0);
    assert_true(mem_vmap_missed(vmap));
    assert_int_equal(mem_vmap_protect(vmap, 0, PAGE, 0), MEM_EINVAL);
    assert_int_equal(mem_vmap_walk(vmap, 0, SIZE_MAX, NULL, never_visit, NULL), MEM_EINVAL);
    assert_int_equal(mem_vmap_collapse(vmap, 0, PAGE), MEM_EINVAL);
    assert_int_equal(mem_vmap_cost(vmap, 0, 0, PAGE, 0, &pages), MEM_EINVAL);
    assert_int_equal(mem_vmap_unmap_cost(vmap, 0, PAGE, &pages), MEM_EINVAL);
    assert_int_equal(mem_vmap_reserve(vmap, 1), MEM_EINVAL);
    assert_int_equal(mem_vmap_stats(vmap, &stats), MEM_EINVAL);
    assert_int_equal(mem_vmap_verify(vmap, NULL), MEM_EINVAL);
    assert_int_equal(mem_vmap_batch_begin(&batch, vmap), MEM_EINVAL);
    mem_vmap_unmap(vmap, 0, SIZE_MAX);
    mem_vmap_switch_to(vmap);
    mem_vmap_destroy(vmap);
}

static void a_destroyed_space_is_as_if_never_made(void **state)
{
    Space *space = *state;
    must_map(space, 0x5000, 0, PAGE, 0);
    mem_vmap_destroy(&space->vmap);
    usize gets = space->gets, plans = space->plan_count;
    assert_never_made(&space->vmap);
    mem_vmap_destroy(&space->vmap);
    assert_int_equal(space->gets, gets);
    assert_int_equal(space->plan_count, plans);
    assert_int_equal(space->root_loads, 0);
    space_make(space, NULL); /* and can be made again */
    must_map(space, 0x5000, 0, PAGE, 0);
}

static void a_zeroed_and_a_null_space_are_never_made(void **state)
{
    (void)state;
    MemVmap zeroed = {0};
    assert_never_made(&zeroed);
    assert_never_made(NULL);
}

static void switch_to_loads_the_root(void **state)
{
    Space *space = *state;
    mem_vmap_switch_to(&space->vmap);
    assert_int_equal(space->root_loads, 1);
    assert_int_equal(space->root_loaded, mem_vmap_root(&space->vmap));
    must_map(space, 0, 0, G1, 0);
    mem_vmap_switch_to(&space->vmap);
    assert_int_equal(space->root_loads, 2);
    assert_int_equal(space->root_loaded, mem_vmap_root(&space->vmap));
}

static void the_root_stays(void **state)
{
    Space *space = *state;
    usize root = mem_vmap_root(&space->vmap);
    assert_int_equal(root % PAGE, 0);
    must_map(space, 0, 0, 3 * G1, 0);
    mem_vmap_unmap(&space->vmap, 0, SIZE_MAX);
    assert_int_equal(mem_vmap_root(&space->vmap), root);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_are_found_by_name_and_by_index),
        cmocka_unit_test(formats_that_do_not_exist),
        TEST(a_new_space_is_empty),
        cmocka_unit_test(init_refuses_null_pointers),
        cmocka_unit_test(init_refuses_half_a_lock),
        cmocka_unit_test(init_takes_the_first_format_by_default),
        cmocka_unit_test(init_refuses_leaf_sizes_that_the_format_lacks),
        cmocka_unit_test(init_refuses_physical_widths_that_the_format_lacks),
        cmocka_unit_test(init_refuses_memory_type_indices_that_the_format_lacks),
        cmocka_unit_test(types_that_are_not_to_be_had),
        cmocka_unit_test(no_execute_missing_accepts_only_executable_mappings),
        cmocka_unit_test(global_missing_refuses_global),
        cmocka_unit_test(port_and_options_are_copied),
        cmocka_unit_test(the_cache_keeps_as_many_pages_as_it_was_told),
        cmocka_unit_test(destroy_gives_everything_back),
        cmocka_unit_test(destroy_of_an_empty_space_flushes_nothing),
        TEST(a_destroyed_space_is_as_if_never_made),
        cmocka_unit_test(a_zeroed_and_a_null_space_are_never_made),
        TEST(switch_to_loads_the_root),
        TEST(the_root_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
