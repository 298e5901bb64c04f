/* SPDX-License-Identifier: MIT */
/* Which leaf sizes map chooses, and where. */
#include "tests/support/space.h"

typedef struct choice {
    usize virt, phys, len;
    int flags;
} Choice;

/* The largest size that both alignments, what is left and `largest` allow. */
static usize expected_size(usize virt, usize phys, usize left, usize largest)
{
    for (usize size = largest; size > PAGE; size /= 512)
        if (virt % size == 0 && phys % size == 0 && left >= size)
            return size;
    return PAGE;
}

/* Maps, then steps from leaf to leaf as the rule says. */
static void assert_choice(Space *space, const Choice *choice, usize largest)
{
    int caps = MEM_VMAP_CAP_4K | MEM_VMAP_CAP_2M;
    must_map(space, choice->phys, choice->virt, choice->len, choice->flags);
    for (usize at = 0; at < choice->len;) {
        usize virt = choice->virt + at, phys = choice->phys + at;
        usize size = expected_size(virt, phys, choice->len - at, largest);
        assert_leaf(space, virt, phys, size, choice->flags & ~caps);
        assert_leaf(space, virt + size - 1, phys + size - 1, size, choice->flags & ~caps);
        at += size;
    }
    assert_hole(space, choice->virt + choice->len);
    space_check(space);
    mem_vmap_unmap(&space->vmap, choice->virt, choice->len);
    assert_int_equal(space_stats(space).tables, 1);
}

static const Choice choices[] = {
    {M2, M2, M2, 0},
    {M2, 0, M2, 0},
    {M2, M2, M2 - PAGE, 0},                       /* too short */
    {M2, M2 + PAGE, M2, 0},                       /* phys misaligned */
    {M2 + PAGE, M2, M2, 0},                       /* virt misaligned */
    {M2 + PAGE, M2 + PAGE, 3 * M2, 0},            /* a head and a tail of pages */
    {M2 - PAGE, 3 * M2 - PAGE, M2 + 2 * PAGE, 0}, /* both of one page */
    {M2 + PAGE, M2 + 2 * PAGE, 3 * M2, 0},        /* never aligned together */
    {G1, G1, G1, 0},
    {G1, 2 * G1, G1 - PAGE, 0},
    {G1, 2 * G1, G1 - M2, 0},
    {G1, 2 * G1 + M2, G1, 0},                                        /* 2M at most */
    {G1, 2 * G1 + PAGE, 4 * M2, 0},                                  /* 4K at most */
    {G1 - M2 - PAGE, 3 * G1 - M2 - PAGE, G1 + 2 * M2 + 2 * PAGE, 0}, /* 4K 2M 1G 2M 4K */
    {G1 - PAGE, 3 * G1 - PAGE, 2 * G1 + 2 * PAGE, 0},
    {G512 - M2, G512 - M2, G1 + 2 * M2, 0},
    {G512 - G1, 0, 2 * G1 + PAGE, 0},
    {0, 0, 2 * G1 + 3 * M2 + 5 * PAGE, 0},
};
#define CHOICES (sizeof choices / sizeof *choices)

static void map_takes_the_largest_leaf_that_fits(void **state)
{
    for (unsigned i = 0; i < CHOICES; i++)
        assert_choice(*state, &choices[i], G1);
}

static void cap_2m_excludes_1g(void **state)
{
    for (unsigned i = 0; i < CHOICES; i++) {
        Choice choice = choices[i];
        choice.flags = MEM_VMAP_CAP_2M | MEM_VMAP_WRITE;
        assert_choice(*state, &choice, M2);
    }
}

static void cap_4k_excludes_all_but_pages(void **state)
{
    static const Choice capped[] = {
        {M2, M2, M2, MEM_VMAP_CAP_4K},
        {G1, G1, 5 * M2, MEM_VMAP_CAP_4K},
        {M2 - PAGE, M2 - PAGE, M2 + 2 * PAGE, MEM_VMAP_CAP_4K},
        {G1, G1, 3 * M2, MEM_VMAP_CAP_4K | MEM_VMAP_CAP_2M}, /* the smaller counts */
    };
    for (unsigned i = 0; i < 4; i++)
        assert_choice(*state, &capped[i], PAGE);
}

static void map_obeys_the_leaf_sizes_of_the_cpu(void **state)
{
    (void)state;
    static const struct {
        usize sizes, largest;
    } cpus[] = {{PAGE | M2 | G1, G1}, {PAGE | M2, M2}, {0, G1}};
    for (unsigned cpu = 0; cpu < 3; cpu++) {
        MemVmapOptions options = {.leaf_sizes = cpus[cpu].sizes};
        Space *space = space_new("x86_64_4level", SPACE_ONE_CPU, &options);
        for (unsigned i = 0; i < CHOICES; i++)
            assert_choice(space, &choices[i], cpus[cpu].largest);
        space_end(space);
    }
}

static void map_on_a_cpu_with_pages_only(void **state)
{
    (void)state;
    static const Choice small[] = {{M2, M2, 3 * M2, 0}, {G1 - M2, G1 - M2, 2 * M2, MEM_VMAP_CAP_2M}};
    MemVmapOptions options = {.leaf_sizes = PAGE};
    Space *space = space_new("x86_64_5level", SPACE_ONE_CPU, &options);
    assert_choice(space, &small[0], PAGE);
    assert_choice(space, &small[1], PAGE);
    space_end(space);
}

/* An unaligned start that is widened counts as the page's address. */
static void bug_31_misaligned_ranges_still_get_large_leaves(void **state)
{
    Space *space = *state;
    must_map(space, 7 * M2 + 0x123, M2 + 0x123, M2 - 0x123, 0);
    assert_leaf(space, M2, 7 * M2, M2, 0);
    must_map(space, 9 * M2, 2 * M2, M2 - PAGE + 1, 0);
    assert_leaf(space, 2 * M2, 9 * M2, M2, 0);
}

static void bug_32_a_large_leaf_needs_both_addresses_aligned(void **state)
{
    Space *space = *state;
    must_map(space, M2 + 0x100000, 4 * G1, M2, 0);
    assert_leaves(space, 4 * G1, M2 + 0x100000, M2, PAGE, 0);
    must_map(space, G1 + 256 * M2, 8 * G1, G1, 0);
    assert_leaf(space, 8 * G1, G1 + 256 * M2, M2, 0);
}

/* Sizes beyond 4 GiB are not cut to 32 bits. */
static void bug_34_large_ranges_keep_their_length(void **state)
{
    Space *space = *state;
    must_map(space, 0, 0x100000000, 0x100001000, 0);
    assert_leaf(space, 0x1ffffffff, 0xffffffff, G1, 0);
    assert_leaf(space, 0x200000000, 0x100000000, PAGE, 0);
    assert_hole(space, 0x200001000);
    mem_vmap_unmap(&space->vmap, 0x100000000, 0x100000000);
    assert_hole(space, 0x1ffffffff);
    assert_leaf(space, 0x200000000, 0x100000000, PAGE, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(map_takes_the_largest_leaf_that_fits),
        TEST(cap_2m_excludes_1g),
        TEST(cap_4k_excludes_all_but_pages),
        cmocka_unit_test(map_obeys_the_leaf_sizes_of_the_cpu),
        cmocka_unit_test(map_on_a_cpu_with_pages_only),
        TEST(bug_31_misaligned_ranges_still_get_large_leaves),
        TEST(bug_32_a_large_leaf_needs_both_addresses_aligned),
        TEST(bug_34_large_ranges_keep_their_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
