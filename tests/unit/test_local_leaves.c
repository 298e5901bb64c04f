/* SPDX-License-Identifier: MIT */
/* Formats whose leaves say that they are not global (Arm's nG) where x86-64's say that they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tools/host/host.h"

#define PAGE ((usize)4096)
#define VIRT ((usize)1 << 30)
#define PHYS ((usize)1 << 32)

typedef struct Fixture {
    Host *host;
    MemVmap vmap;
} Fixture;

static int setup(void **state)
{
    static Fixture fixture;
    fixture = (Fixture){.host = host_new(64)};
    if (!fixture.host)
        return -1;
    MemVmapPort port = host_port(fixture.host);
    const MemVmapOptions options = {.break_level = 2}; /* or a split would be a shootdown of its own */
    *state = &fixture;
    return mem_vmap_init(&fixture.vmap, &port, mem_vmap_format_find("aarch64_4k"), &options);
}

static int teardown(void **state)
{
    Fixture *fixture = *state;
    int result = mem_vmap_verify(&fixture->vmap, NULL);
    mem_vmap_destroy(&fixture->vmap);
    if (host_pages_out(fixture->host) != 0)
        result = -1;
    host_free(fixture->host);
    return result;
}

/* Pages 0 to 7: an `l` is local, a `g` global, a `.` a hole. */
static void map_pages(Fixture *fixture, const char *pages)
{
    for (usize i = 0; pages[i] != '\0'; i++) {
        int flags = pages[i] == 'g' ? MEM_VMAP_GLOBAL : 0;
        if (pages[i] != '.')
            assert_int_equal(mem_vmap_map(&fixture->vmap, PHYS + i * PAGE, VIRT + i * PAGE, PAGE,
                                          flags | MEM_VMAP_CAP_4K),
                             0);
    }
}

/* Whether the one plan since the last call of this kind concerns global entries. */
static bool told_of_globals(const Fixture *fixture, usize shootdowns_before)
{
    assert_int_equal(host_shootdowns(fixture->host), shootdowns_before + 1);
    return host_last_plan(fixture->host)->global;
}

static bool unmap_tells_of_globals(Fixture *fixture, usize first, usize count)
{
    usize before = host_shootdowns(fixture->host);
    mem_vmap_unmap(&fixture->vmap, VIRT + first * PAGE, count * PAGE);
    return told_of_globals(fixture, before);
}

static void local_pages_are_not_global(void **state)
{
    Fixture *fixture = *state;
    map_pages(fixture, "llll");
    assert_false(unmap_tells_of_globals(fixture, 0, 1));
    assert_false(unmap_tells_of_globals(fixture, 1, 2));
}

/* A hole has no bit that says so; and it is no global page. */
static void holes_between_local_pages_are_not_global(void **state)
{
    Fixture *fixture = *state;
    map_pages(fixture, "l.l..lll");
    assert_false(unmap_tells_of_globals(fixture, 0, 7));
}

static void one_global_page_among_local_ones_is_told(void **state)
{
    Fixture *fixture = *state;
    map_pages(fixture, "l.gl.lll");
    assert_true(unmap_tells_of_globals(fixture, 0, 7));
}

static void global_pages_are_told(void **state)
{
    Fixture *fixture = *state;
    map_pages(fixture, "g.gggggl");
    assert_true(unmap_tells_of_globals(fixture, 0, 1));
    assert_true(unmap_tells_of_globals(fixture, 1, 3));
}

/* The same of a large leaf: whole, and cut. */
static void a_large_leaf_is_what_it_was_mapped_as(void **state)
{
    static const int flags[2] = {0, MEM_VMAP_GLOBAL};
    static const usize lengths[2] = {PAGE, 512 * PAGE};
    Fixture *fixture = *state;
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(mem_vmap_map(&fixture->vmap, PHYS, VIRT, 512 * PAGE, flags[i % 2]), 0);
        usize before = host_shootdowns(fixture->host);
        mem_vmap_unmap(&fixture->vmap, VIRT, lengths[i / 2]);
        assert_int_equal(told_of_globals(fixture, before), i % 2 == 1);
        mem_vmap_unmap(&fixture->vmap, VIRT, 512 * PAGE);
    }
}

static void protect_tells_what_the_pages_were(void **state)
{
    Fixture *fixture = *state;
    usize before = host_shootdowns(fixture->host);
    map_pages(fixture, "llll");
    assert_int_equal(mem_vmap_protect(&fixture->vmap, VIRT, 2 * PAGE, MEM_VMAP_WRITE), 0);
    assert_int_equal(host_shootdowns(fixture->host), before);
    assert_int_equal(mem_vmap_protect(&fixture->vmap, VIRT, 2 * PAGE, 0), 0);
    assert_false(told_of_globals(fixture, before));
    assert_int_equal(mem_vmap_protect(&fixture->vmap, VIRT, 2 * PAGE, MEM_VMAP_GLOBAL), 0);
    before = host_shootdowns(fixture->host);
    assert_int_equal(mem_vmap_protect(&fixture->vmap, VIRT, 2 * PAGE, 0), 0);
    assert_true(told_of_globals(fixture, before));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(local_pages_are_not_global),
        TEST(holes_between_local_pages_are_not_global),
        TEST(one_global_page_among_local_ones_is_told),
        TEST(global_pages_are_told),
        TEST(a_large_leaf_is_what_it_was_mapped_as),
        TEST(protect_tells_what_the_pages_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
