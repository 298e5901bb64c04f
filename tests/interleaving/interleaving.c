/* SPDX-License-Identifier: MIT */
/*
 * White box: between two accesses of the engine to its tables another CPU may look, or write. Here it does, each
 * time. What this cannot see is the order in which a CPU makes stores visible: only that the fences are there.
 */
#include "tests/interleaving/watch.h"

int main(void)
{
    int failed = _cmocka_run_group_tests("writers", writer_tests, writer_test_count, NULL, NULL);
    failed += _cmocka_run_group_tests("readers", reader_tests, reader_test_count, NULL, NULL);
    return failed + _cmocka_run_group_tests("events", event_tests, event_test_count, NULL, NULL);
}
