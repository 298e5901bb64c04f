/* SPDX-License-Identifier: MIT */
/*
 * What `vmap replay --check` sees that the engine does not say. White box: what lies in a table is changed behind
 * the engine's back, and so that the engine's own account of it stays as it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/support/rawwalk.h"
#include "tools/replay/replay.h"

#define HOST_PAGES ((usize)1 << 12)
#define VIRT       0x40000000
#define TYPE(flag) ((flag) >> MEM_VMAP_TYPE_SHIFT)

/* A replay of lines of text, and the first thing that it found. */
typedef struct Fixture {
    Host *host;
    Replay *replay;
    ReplayOptions options;
    Trace trace; /* of the last line */
    ReplayMismatch first;
    usize mismatches;
} Fixture;

static void report(void *context, const ReplayMismatch *mismatch)
{
    Fixture *fixture = context;
    if (fixture->mismatches++ == 0)
        fixture->first = *mismatch;
}

static int setup(void **state)
{
    static Fixture fixture;
    fixture = (Fixture){.host = host_new(HOST_PAGES)};
    fixture.options = (ReplayOptions){.host = fixture.host, .report = report, .context = &fixture};
    *state = &fixture;
    return fixture.host ? 0 : -1;
}

static int teardown(void **state)
{
    Fixture *fixture = *state;
    replay_close(fixture->replay);
    trace_free(&fixture->trace);
    host_free(fixture->host);
    return 0;
}

static void open_with(Fixture *fixture, ReplayChecks checks)
{
    fixture->options.checks = checks;
    fixture->replay = replay_open(&fixture->options);
    assert_non_null(fixture->replay);
}

static void apply(Fixture *fixture, const char *line)
{
    TraceError error;
    trace_free(&fixture->trace);
    if (trace_parse_text(&fixture->trace, "line", line, strlen(line), &error) != 0)
        fail_msg("%s: %s", line, error.message);
    for (size_t i = 0; i < fixture->trace.count; i++)
        assert_int_equal(replay_apply(fixture->replay, &fixture->trace.ops[i]), 0);
}

static void close_now(Fixture *fixture)
{
    replay_close(fixture->replay);
    fixture->replay = NULL;
}

static MemVmap *vmap_of(const Fixture *fixture)
{
    return replay_space(fixture->replay, 0).vmap;
}

static uint64_t *slot_of(const Fixture *fixture, uint64_t virt, unsigned level)
{
    const RawTree tree = {
        .root = mem_vmap_root(vmap_of(fixture)),
        .direct_map = host_port(fixture->host).direct_map,
        .levels = replay_space(fixture->replay, 0).layout.levels,
    };
    uint64_t *slot = raw_slot(&tree, virt, level);
    assert_non_null(slot);
    return slot;
}

/* The first thing found is this, and came from the raw tables. */
static void assert_found(const Fixture *fixture, const char *said, const char *expected)
{
    assert_true(fixture->mismatches > 0);
    if (!strstr(fixture->first.said, said) || !strstr(fixture->first.expected, expected))
        fail_msg("said: %s\nexpected: %s", fixture->first.said, fixture->first.expected);
    assert_non_null(strstr(fixture->first.said, "raw tables"));
}

/* From here on the engine writes and reads write-through at PAT index 1, where the space was told to use 7. */
static void move_write_through(const Fixture *fixture)
{
    vmap_of(fixture)->type_index[TYPE(MEM_VMAP_WRITE_THROUGH)] = 1;
}

static void finds_a_wrong_memory_type_that_reads_back_right(void **state)
{
    Fixture *fixture = *state;
    open_with(fixture, REPLAY_ORACLES);
    move_write_through(fixture);
    apply(fixture, "map 0x200000 0x40000000 2M rw");
    assert_int_equal(fixture->mismatches, 0);
    apply(fixture, "map 0x1000 0x80000000 4K rw,wt");
    assert_found(fixture, "memory type 1", "memory type 7");
    assert_ptr_equal(fixture->first.op, &fixture->trace.ops[0]);
    assert_int_equal(fixture->first.space, 0);
}

/* The same in formats with other walkers, pages and halves: uncached is at another index than the space was told. */
static void finds_it_in_tables_of_every_kind(void **state)
{
    static const struct {
        const char *format, *line;
        uint8_t index;
        const char *said, *expected;
    } rows[] = {
        {"riscv_sv39", "map 0x0 0xffffffffc0000000 4K rw,uc", 2, "memory type 2", "memory type 1"},
        {"ept_4level", "map 0x200000 0x0 2M rw,uc", 5, "a leaf of 0x200000, w----, memory type 5",
         "memory type 0"},
        {"aarch64_16k_upper", "map 0x0 0xffff000000000000 2M r,uc", 6, "a leaf of 0x200000",
         "memory type 3"},
        {"aarch64_64k_stage2", "map 0x0 0x0 64K rx,uc", 5, "a leaf of 0x10000", "memory type 0"},
    };
    Fixture *fixture = *state;
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!mem_vmap_format_find(rows[i].format))
            continue;
        fixture->mismatches = 0;
        fixture->options.format = rows[i].format;
        open_with(fixture, REPLAY_ORACLES);
        vmap_of(fixture)->type_index[TYPE(MEM_VMAP_UNCACHED)] = rows[i].index;
        apply(fixture, rows[i].line);
        assert_found(fixture, rows[i].said, rows[i].expected);
        close_now(fixture);
    }
}

/* The engine reads back what it was asked for: it cannot tell. */
static void finds_nothing_of_it_without_the_walker(void **state)
{
    Fixture *fixture = *state;
    open_with(fixture, REPLAY_EXPECTATIONS);
    move_write_through(fixture);
    apply(fixture, "map 0x1000 0x80000000 4K rw,wt => ok\n"
                   "lookup 0x80000000 => 0x1000 4K rw,wt\n"
                   "verify\n");
    close_now(fixture);
    assert_int_equal(fixture->mismatches, 0);
}

static void finds_it_in_a_batch_and_at_the_edges_of_an_unmap(void **state)
{
    Fixture *fixture = *state;
    open_with(fixture, REPLAY_ORACLES);
    apply(fixture, "map 0x0 0x40000000 16K rw,wt\nbatch begin");
    move_write_through(fixture);
    *slot_of(fixture, VIRT + 0x1000, 0) &= ~(RAW_PAT4K | RAW_PCD);
    *slot_of(fixture, VIRT, 0) &= ~(RAW_PAT4K | RAW_PCD);
    *slot_of(fixture, VIRT + 0x3000, 0) &= ~(RAW_PAT4K | RAW_PCD);
    apply(fixture, "unmap 0x40002000 4K");
    assert_found(fixture, "0x40001fff to 0x1fff, a leaf of 0x1000, w----, memory type 1", "memory type 7");
    apply(fixture, "batch end");
}

/* 20 pages in tables of their own: so many that the tree is not read as a whole after each change. */
static void finds_at_the_end_what_no_change_came_near(void **state)
{
    Fixture *fixture = *state;
    char line[100];
    open_with(fixture, REPLAY_ORACLES);
    for (unsigned i = 0; i < 20; i++) {
        snprintf(line, sizeof line, "map 0x1000 0x%llx 4K rw,wt", (unsigned long long)i << 39);
        apply(fixture, line);
    }
    move_write_through(fixture);
    for (unsigned i = 0; i < 20; i++)
        *slot_of(fixture, (uint64_t)i << 39, 0) &= ~(RAW_PAT4K | RAW_PCD);
    apply(fixture, "unmap 0x10000000000000 4K"); /* beyond them all */
    assert_int_equal(fixture->mismatches, 0);
    close_now(fixture);
    assert_found(fixture, "0x0 to 0x1000, a leaf of 0x1000, w----, memory type 1", "memory type 7");
    assert_null(fixture->first.op);
}

/* Every space is read at the end, whichever is selected then. */
static void finds_it_in_a_space_that_is_not_selected(void **state)
{
    Fixture *fixture = *state;
    open_with(fixture, REPLAY_ORACLES);
    apply(fixture, "map 0x0 0x40000000 4K rw,wt\nspace 7 format=x86_64_5level\nmap 0x0 0x0 1G r");
    move_write_through(fixture);
    *slot_of(fixture, VIRT, 0) &= ~(RAW_PAT4K | RAW_PCD);
    apply(fixture, "unmap 0x0 4K");
    assert_int_equal(fixture->mismatches, 0);
    close_now(fixture);
    assert_found(fixture, "memory type 1", "memory type 7");
    assert_int_equal(fixture->first.space, 0);
}

/* A port that uses the moment of an allocation that fails to set the accessed bit of a leaf. */
static MemVmapPort port_before;
static uint64_t *touched;

static usize touch_and_get(void *context, usize size)
{
    *touched |= RAW_A;
    return port_before.page_get(context, size);
}

static void touch_when_asked_for_a_page(Fixture *fixture)
{
    touched = slot_of(fixture, VIRT, 1);
    port_before = vmap_of(fixture)->port;
    vmap_of(fixture)->port.page_get = touch_and_get;
}

static void finds_that_a_failed_call_changed_a_byte(void **state)
{
    Fixture *fixture = *state;
    open_with(fixture, REPLAY_ORACLES);
    apply(fixture, "map 0x200000 0x40000000 2M rw\nfail 1");
    touch_when_asked_for_a_page(fixture);
    apply(fixture, "map 0x1000 0x8000000000 4M rw => MEM_ENOMEM");
    assert_found(fixture, "the call failed and changed them", "not a byte");
    assert_int_equal(fixture->mismatches, 1);
}

static void lets_the_first_call_of_all_fail(void **state)
{
    Fixture *fixture = *state;
    open_with(fixture, REPLAY_ORACLES);
    apply(fixture, "map 0x1000 0x40000000 0 rw => MEM_EINVAL");
    close_now(fixture);
    assert_int_equal(fixture->mismatches, 0);
}

static void lets_a_call_that_succeeds_change_bytes(void **state)
{
    Fixture *fixture = *state;
    open_with(fixture, REPLAY_ORACLES);
    apply(fixture, "map 0x200000 0x40000000 2M rw");
    touch_when_asked_for_a_page(fixture);
    apply(fixture, "map 0x1000 0x8000000000 4M rw => ok");
    close_now(fixture);
    assert_int_equal(fixture->mismatches, 0);
}

/* What the walker counts as reachable is held against what the host gave, not against the engine's own count. */
static void finds_a_table_page_that_is_nowhere(void **state)
{
    Fixture *fixture = *state;
    open_with(fixture, REPLAY_ORACLES);
    MemVmapPort port = host_port(fixture->host);
    usize page = port.page_get(port.context, HOST_PAGE_SIZE);
    vmap_of(fixture)->tables++;
    apply(fixture, "batch begin\nbatch end");
    assert_true(fixture->mismatches > 0);
    assert_non_null(strstr(fixture->first.said, "table pages in trees and pools: 1"));
    assert_non_null(strstr(fixture->first.expected, "table pages in trees and pools: 2"));
    vmap_of(fixture)->tables--;
    port.page_put(port.context, page, HOST_PAGE_SIZE);
}

/* An engine that counts a table too many is found out only where its own account of the space is taken. */
static void takes_the_account_of_the_engine_as_often_as_it_is_told(void **state)
{
    Fixture *fixture = *state;
    fixture->options.thinning = 3;
    open_with(fixture, REPLAY_ORACLES);
    apply(fixture, "map 0x1000 0x40000000 4K rw");
    vmap_of(fixture)->tables++;
    apply(fixture, "map 0x2000 0x40001000 4K rw\nmap 0x3000 0x40002000 4K rw");
    assert_int_equal(fixture->mismatches, 0);
    apply(fixture, "map 0x4000 0x40003000 4K rw");
    assert_int_equal(fixture->mismatches, 1);
    assert_non_null(strstr(fixture->first.said, "MEM_ECORRUPT"));
    vmap_of(fixture)->tables--;
}

static usize pool_of(const Fixture *fixture)
{
    MemVmapStats stats = {0};
    assert_int_equal(mem_vmap_stats(vmap_of(fixture), &stats), MEM_OK);
    return stats.pool_free;
}

static void keeps_as_many_pages_as_it_is_told(void **state)
{
    static const usize cache_pages[] = {0, 2, MEM_VMAP_NO_CACHE};
    static const usize kept[] = {3, 2, 0};
    Fixture *fixture = *state;
    for (unsigned i = 0; i < 3; i++) {
        fixture->options.cache_pages = cache_pages[i];
        open_with(fixture, REPLAY_ORACLES);
        apply(fixture, "map 0x1000 0x40000000 4K rw\nunmap 0x40000000 4K");
        assert_int_equal(pool_of(fixture), kept[i]);
        close_now(fixture);
    }
    assert_int_equal(fixture->mismatches, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(finds_a_wrong_memory_type_that_reads_back_right),
        TEST(finds_it_in_tables_of_every_kind),
        TEST(finds_nothing_of_it_without_the_walker),
        TEST(finds_it_in_a_batch_and_at_the_edges_of_an_unmap),
        TEST(finds_at_the_end_what_no_change_came_near),
        TEST(finds_it_in_a_space_that_is_not_selected),
        TEST(finds_that_a_failed_call_changed_a_byte),
        TEST(lets_the_first_call_of_all_fail),
        TEST(lets_a_call_that_succeeds_change_bytes),
        TEST(finds_a_table_page_that_is_nowhere),
        TEST(takes_the_account_of_the_engine_as_often_as_it_is_told),
        TEST(keeps_as_many_pages_as_it_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
