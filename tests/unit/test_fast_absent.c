/* SPDX-License-Identifier: MIT */
/*
 * Where CPUs may have cached that there is nothing, every map is told to them: also one that finds its table, and its
 * flags, where the map before has left them.
 */
#include "tests/unit/numbered.h"

static void every_map_is_told_where_absent_entries_are_cached(void **state)
{
    (void)state;
    for (unsigned absent = 0; absent < 2; absent++) {
        const MemVmapCpuFeatures features = {
            .asids = 16, .by_asid = true, .globals = true, .caches_absent = absent != 0};
        Numbered *n = numbered_new("riscv", &features, BY_FIRMWARE, 2);
        MemVmap *space = numbered_space(n, 0, "riscv_sv39");
        numbered_switch(n, 0, space);
        numbered_switch(n, 1, space);
        for (usize i = 0; i < 8; i++) {
            numbered_forget(n);
            assert_int_equal(mem_vmap_map(space, PHYS, VIRT + i * PAGE, PAGE, 0), 0);
            assert_int_equal(n->count != 0, absent);
            assert_int_equal(n->there_count != 0, absent);
        }
        numbered_end(n);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_map_is_told_where_absent_entries_are_cached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
