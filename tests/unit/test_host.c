/* SPDX-License-Identifier: MIT */
/* The host machine of tools and tests: pages of every size that a format has, from one arena. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tools/host/host.h"

#define K ((usize)1 << 10)

static usize get(Host *host, usize size)
{
    MemVmapPort port = host_port(host);
    return port.page_get(port.context, size);
}

static void put(Host *host, usize phys, usize size)
{
    MemVmapPort port = host_port(host);
    port.page_put(port.context, phys, size);
}

static void pages_are_aligned_to_their_size_and_lie_apart(void **state)
{
    static const usize sizes[] = {4 * K, 64 * K, 4 * K, 16 * K, 4 * K, 64 * K, 16 * K};
    const unsigned count = sizeof sizes / sizeof *sizes;
    usize pages[sizeof sizes / sizeof *sizes];
    Host *host = host_new(100);
    (void)state;
    for (unsigned i = 0; i < count; i++) {
        pages[i] = get(host, sizes[i]);
        assert_int_equal(pages[i] % sizes[i], 0);
        for (unsigned k = 0; k < i; k++)
            assert_true(pages[i] + sizes[i] <= pages[k] || pages[k] + sizes[k] <= pages[i]);
    }
    assert_int_equal(host_pages_out(host), count);
    for (unsigned i = 0; i < count; i++)
        put(host, pages[i], sizes[i]);
    assert_int_equal(host_pages_out(host), 0);
    host_free(host);
}

/* 17 pages: one of 64K, behind which there is one of 4K, and none of 16K. */
static void an_arena_ends_for_each_size_where_none_fits(void **state)
{
    Host *host = host_new(17);
    (void)state;
    usize large = get(host, 64 * K);
    assert_int_equal(large, HOST_PHYS_BASE);
    assert_int_equal(get(host, 16 * K), MEM_VMAP_NO_PAGE);
    assert_int_equal(get(host, 4 * K), HOST_PHYS_BASE + 64 * K);
    assert_int_equal(get(host, 4 * K), MEM_VMAP_NO_PAGE);
    assert_int_equal(host_failures(host), 2);
    put(host, large, 64 * K);
    assert_int_equal(get(host, 64 * K), large);
    host_free(host);
}

/* What alignment leaves over is handed out as small pages. */
static void no_page_is_wasted_by_alignment(void **state)
{
    Host *host = host_new(32);
    (void)state;
    assert_int_equal(get(host, 4 * K), HOST_PHYS_BASE);
    assert_int_equal(get(host, 64 * K), HOST_PHYS_BASE + 64 * K);
    for (unsigned i = 0; i < 15; i++)
        assert_int_not_equal(get(host, 4 * K), MEM_VMAP_NO_PAGE);
    assert_int_equal(get(host, 4 * K), MEM_VMAP_NO_PAGE);
    host_free(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_aligned_to_their_size_and_lie_apart),
        cmocka_unit_test(an_arena_ends_for_each_size_where_none_fits),
        cmocka_unit_test(no_page_is_wasted_by_alignment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
