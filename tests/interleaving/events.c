/* SPDX-License-Identifier: MIT */
/* What a tracer is told (MEM_VMAP_TRACE): each event once, with what belongs to it, and when. */
#include "tests/interleaving/watch.h"
#include "tests/support/scene.h"

#include <stdio.h>
#include <string.h>

static char told[256];
static const void *subject_told;

void hook_event(const char *name, const void *subject, uint64_t first, uint64_t second)
{
    size_t used = strlen(told);
    snprintf(told + used, sizeof told - used, "%s %llx %llx; ", name, (unsigned long long)first,
             (unsigned long long)second);
    subject_told = subject;
}

/* What was told since the last look, each event as "name first second; " in hexadecimal, and of whom the last one. */
#define assert_told(subject, text)                                                                         \
    do {                                                                                                   \
        assert_string_equal(told, text);                                                                   \
        assert_ptr_equal(subject_told, subject);                                                           \
        listen();                                                                                          \
    } while (0)

static void listen(void)
{
    told[0] = 0;
    subject_told = NULL;
}

static void what_only_adds_tells_nothing(void **state)
{
    Space *space = *state;
    listen();
    must_map(space, PHYS, VIRT, G1 + M2 + PAGE, 0);
    assert_int_equal(mem_vmap_translate(&space->vmap, VIRT + 5), PHYS + 5);
    assert_told(NULL, "");
}

static void a_split_is_told_with_its_address_and_level(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, G1, 0);
    listen();
    mem_vmap_unmap(&space->vmap, VIRT + 5 * M2 + PAGE, PAGE);
    assert_told(&space->vmap, "split c0000000 2; split c0a00000 1; shoot_down 3 0; ");
}

static void addresses_of_the_upper_half_are_told_as_they_are_used(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, HIGH, 2 * M2, 0);
    listen();
    must_protect(space, HIGH, PAGE, MEM_VMAP_WRITE);
    mem_vmap_unmap(&space->vmap, HIGH, M2);
    assert_told(&space->vmap, "split ffff900000000000 1; shoot_down 1 0; "
                              "drop ffff900000000000 1; shoot_down 1 0; ");
}

static void a_table_that_goes_is_told_with_those_under_it(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT - M2, PAGE, 0);
    must_map(space, PHYS + PAGE, VIRT, G1, 0);
    listen();
    mem_vmap_unmap(&space->vmap, VIRT, G1);
    assert_told(&space->vmap, "drop c0000000 201; shoot_down 1 0; ");
}

static void a_plan_of_everything_is_told_as_that(void **state)
{
    Space *space = *state;
    MemVmapBatch batch;
    must_map(space, PHYS, VIRT, M2 - PAGE, 0);
    listen();
    assert_int_equal(mem_vmap_batch_begin(&batch, &space->vmap), 0);
    for (usize i = 0; i <= MEM_VMAP_BATCH_RANGES; i++)
        mem_vmap_batch_unmap(&batch, VIRT + 2 * i * PAGE, PAGE);
    assert_told(NULL, "");
    mem_vmap_batch_end(&batch);
    assert_told(&space->vmap, "shoot_down 0 1; ");
}

static void free_the_neighbour(Space *space)
{
    mem_vmap_unmap(&space->vmap, VIRT + 2 * G512, PAGE);
    listen();
}

static void a_walk_that_met_a_freed_table_is_told(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, PAGE, 0);
    must_map(space, PHYS, VIRT + 2 * G512, PAGE, 0);
    interrupt_load(1, free_the_neighbour, space);
    assert_int_equal(mem_vmap_translate(&space->vmap, VIRT + 7), PHYS + 7);
    assert_true(interrupt_happened());
    assert_told(&space->vmap, "walk_again c0000007 0; ");
}

static void waiting_for_a_cpu_is_told_with_its_number(void **state)
{
    Scene *s = *state;
    char expected[64];
    s->machine->answer = MACHINE_LATE;
    listen();
    mem_vmap_unmap(&s->space->vmap, VIRT, PAGE);
    snprintf(expected, sizeof expected, "shoot_down 1 0; wait %x 2; waited %x 2; ", machine_number(1),
             machine_number(1));
    assert_told(&s->machine->cpus, expected);
}

static void nobody_waits_for_a_cpu_that_has_served(void **state)
{
    Scene *s = *state;
    listen();
    mem_vmap_unmap(&s->space->vmap, VIRT, PAGE);
    assert_told(&s->space->vmap, "shoot_down 1 0; ");
}

const struct CMUnitTest event_tests[] = {
    TEST(what_only_adds_tells_nothing),
    TEST(a_split_is_told_with_its_address_and_level),
    TEST(addresses_of_the_upper_half_are_told_as_they_are_used),
    TEST(a_table_that_goes_is_told_with_those_under_it),
    TEST(a_plan_of_everything_is_told_as_that),
    TEST(a_walk_that_met_a_freed_table_is_told),
    TEST_ALL(waiting_for_a_cpu_is_told_with_its_number),
    TEST_ALL(nobody_waits_for_a_cpu_that_has_served),
};
const unsigned event_test_count = sizeof event_tests / sizeof *event_tests;
