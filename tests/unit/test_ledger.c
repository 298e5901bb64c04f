/* SPDX-License-Identifier: MIT */
/*
 * Ledgers: plans get numbers, the latest can be read, and who reads while others write gets all of a plan
 * or nothing. White box: lib/ledger.c, compiled here so that every access to a shared word lets the test
 * go first.
 */
#define MEM_VMAP_SHARED_ACCESS() before_access()
static void before_access(void);

#include "lib/ledger.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* What happens before the `at`-th access from now on, once; nothing where `act` is null. */
static struct {
    void (*act)(void);
    unsigned at;
} other;

static void before_access(void)
{
    if (other.act == NULL || --other.at > 0)
        return;
    void (*act)(void) = other.act;
    other.act = NULL;
    act();
}

static void before(unsigned at, void (*act)(void))
{
    other.act = act;
    other.at = at;
}

static MemVmapLedger ledger;

static int setup(void **state)
{
    (void)state;
    other.act = NULL;
    ledger = (MemVmapLedger){.generation = 1};
    return 0;
}

/* A plan of `count` ranges in which every word says which one it is. */
static MemVmapPlan plan_of(unsigned number, unsigned count)
{
    MemVmapPlan plan = {.root = (usize)number << 12, .count = count};
    for (unsigned i = 0; i < count; i++)
        plan.ranges[i] =
            (MemVmapRange){(usize)number << 40 | i, (usize)number << 44 | i, (usize)number << 48 | i};
    return plan;
}

static uint64_t post(unsigned number)
{
    MemVmapPlan plan = plan_of(number, MEM_VMAP_BATCH_RANGES);
    return mem_vmap_ledger_post(&ledger, &plan, 100 + number, 200 + number);
}

static void assert_plan(const MemVmapPlan *plan, const MemVmapPlan *expected)
{
    assert_int_equal(plan->root, expected->root);
    assert_int_equal(plan->everything, expected->everything);
    assert_int_equal(plan->tables, expected->tables);
    assert_int_equal(plan->global, expected->global);
    assert_int_equal(plan->count, expected->count);
    assert_memory_equal(plan->ranges, expected->ranges, plan->count * sizeof plan->ranges[0]);
}

/* The plan of number `generation` is kept, and is that of post(number). */
static void assert_kept(uint64_t generation, unsigned number)
{
    Posted posted;
    MemVmapPlan expected = plan_of(number, MEM_VMAP_BATCH_RANGES);
    assert_true(mem_vmap_ledger_read(&ledger, generation, &posted));
    assert_plan(&posted.plan, &expected);
    assert_int_equal(posted.space, 100 + number);
    assert_int_equal(posted.space_generation, 200 + number);
}

static void assert_not_kept(uint64_t generation)
{
    Posted posted;
    assert_false(mem_vmap_ledger_read(&ledger, generation, &posted));
}

static void nothing_is_kept_before_the_first_plan(void **state)
{
    (void)state;
    assert_not_kept(1);
    assert_not_kept(2);
}

static void plans_are_numbered_one_by_one(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(post(i), 2 + i);
        assert_int_equal(ledger.generation, 2 + i);
    }
}

static void the_latest_plan_is_kept_and_no_other(void **state)
{
    (void)state;
    assert_int_equal(post(7), 2);
    assert_kept(2, 7);
    assert_int_equal(post(8), 3);
    assert_kept(3, 8);
    assert_not_kept(1);
    assert_not_kept(2);
    assert_not_kept(4);
}

static void a_plan_is_read_as_it_was_posted(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 8; bits++) {
        MemVmapPlan plan = plan_of(bits, bits % (MEM_VMAP_BATCH_RANGES + 1));
        Posted posted;
        plan.everything = (bits & 1) != 0;
        plan.tables = (bits & 2) != 0;
        plan.global = (bits & 4) != 0;
        memset(&posted, 0xcc, sizeof posted);
        uint64_t generation = mem_vmap_ledger_post(&ledger, &plan, UINT64_MAX - bits, (uint64_t)1 << 63);
        assert_true(mem_vmap_ledger_read(&ledger, generation, &posted));
        assert_plan(&posted.plan, &plan);
        assert_int_equal(posted.space, UINT64_MAX - bits);
        assert_int_equal(posted.space_generation, (uint64_t)1 << 63);
    }
}

/* Extreme addresses: nothing is cut on the way through the ledger's words. */
static void a_plan_keeps_every_bit(void **state)
{
    (void)state;
    MemVmapPlan plan = {.root = 0x000ffffffffff000, .count = 2};
    Posted posted;
    plan.ranges[0] = (MemVmapRange){0, SIZE_MAX, 0x1000};
    plan.ranges[1] = (MemVmapRange){0xfffffffffffff000, SIZE_MAX, (usize)1 << 63};
    assert_true(mem_vmap_ledger_read(&ledger, mem_vmap_ledger_post(&ledger, &plan, 1, 2), &posted));
    assert_plan(&posted.plan, &plan);
}

/* Somebody began to write and was interrupted: his plan is not there yet, and the old one not any more. */
static void a_plan_that_is_being_written_is_not_kept(void **state)
{
    (void)state;
    uint64_t generation = post(3);
    ledger.stamp |= 1;
    assert_not_kept(generation);
    assert_not_kept(generation + 1);
}

static uint64_t second;

static void post_second(void)
{
    second = post(9);
}

static void post_two(void)
{
    post(8);
    post(9);
}

/*
 * A reader looks at the stamp twice; whatever is posted before the first or the second look, it believes
 * nothing.
 */
static void a_plan_that_is_overwritten_while_it_is_read_is_not_believed(void **state)
{
    (void)state;
    static void (*const posts[])(void) = {post_second, post_two};
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned at = 1; at <= 2; at++) {
            uint64_t generation = post(3);
            Posted posted;
            before(at, posts[i]);
            assert_false(mem_vmap_ledger_read(&ledger, generation, &posted));
            assert_null(other.act);
        }
    }
}

static void begin_to_write(void)
{
    ledger.stamp |= 1;
}

static void a_plan_that_begins_to_be_overwritten_while_it_is_read_is_not_believed(void **state)
{
    (void)state;
    uint64_t generation = post(3);
    Posted posted;
    before(2, begin_to_write);
    assert_false(mem_vmap_ledger_read(&ledger, generation, &posted));
}

/*
 * Two post at a time: at any moment of the first one's post (three or four accesses to shared words) the
 * second comes and goes. Both get a number, each its own; what is kept under a number is the plan that
 * got it.
 */
static void two_that_post_at_a_time_both_count(void **state)
{
    (void)state;
    for (unsigned at = 1;; at++) {
        uint64_t generation = ledger.generation;
        before(at, post_second);
        uint64_t first = post(3);
        if (other.act != NULL)
            break; /* there is no such moment: the post was over */
        assert_int_equal(first + second, 2 * generation + 3);
        assert_int_not_equal(first, second);
        assert_int_equal(ledger.generation, generation + 2);
        Posted posted;
        if (mem_vmap_ledger_read(&ledger, first, &posted))
            assert_kept(first, 3);
        if (mem_vmap_ledger_read(&ledger, second, &posted))
            assert_kept(second, 9);
        assert_int_equal(post(4), generation + 3);
        assert_kept(generation + 3, 4); /* nobody has blocked it for those to come */
        assert_true(at < 10);
    }
}

/* While its plan is numbered and not yet complete, a reader is told that it is not there. */
static bool found;

static void read_in_between(void)
{
    Posted posted;
    MemVmapPlan expected = plan_of(3, MEM_VMAP_BATCH_RANGES);
    uint64_t latest = ledger.generation;
    if (!mem_vmap_ledger_read(&ledger, latest, &posted))
        return;
    found = true;
    if (latest == second)
        expected = plan_of(9, MEM_VMAP_BATCH_RANGES);
    assert_plan(&posted.plan, &expected);
}

static void whoever_reads_during_a_post_gets_a_whole_plan_or_none(void **state)
{
    (void)state;
    unsigned reads = 0;
    for (unsigned at = 1;; at++) {
        post_second();
        found = false;
        before(at, read_in_between);
        post(3);
        if (other.act != NULL)
            break;
        reads += found;
        assert_true(at < 10);
    }
    assert_true(reads > 0); /* before the writer has begun the old plan is there */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_is_kept_before_the_first_plan, setup),
        cmocka_unit_test_setup(plans_are_numbered_one_by_one, setup),
        cmocka_unit_test_setup(the_latest_plan_is_kept_and_no_other, setup),
        cmocka_unit_test_setup(a_plan_is_read_as_it_was_posted, setup),
        cmocka_unit_test_setup(a_plan_keeps_every_bit, setup),
        cmocka_unit_test_setup(a_plan_that_is_being_written_is_not_kept, setup),
        cmocka_unit_test_setup(a_plan_that_is_overwritten_while_it_is_read_is_not_believed, setup),
        cmocka_unit_test_setup(a_plan_that_begins_to_be_overwritten_while_it_is_read_is_not_believed,
                               setup),
        cmocka_unit_test_setup(two_that_post_at_a_time_both_count, setup),
        cmocka_unit_test_setup(whoever_reads_during_a_post_gets_a_whole_plan_or_none, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
