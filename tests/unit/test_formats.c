/* SPDX-License-Identifier: MIT */
/* What holds in every format of the build: accessed and dirty bits survive a collapse, a split and a protect. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include <mem/vmap.h>

#define LOWER ((usize)1 << 36)
#define UPPER (~(usize)0 << 36) /* for formats that have no lower half */
#define PHYS  ((usize)1 << 36)
#define NOTED (MEM_VMAP_ACCESSED | MEM_VMAP_DIRTY)

/* Writable: in some formats only such a leaf can be dirty. */
#define FLAGS (MEM_VMAP_WRITE | MEM_VMAP_NO_RESERVE)

/* Table pages have the size of the format's page; physical addresses are pointers. */
static usize page_get(void *context, usize size)
{
    usize *pages_out = context;
    void *page = aligned_alloc(size, size);
    if (!page)
        return MEM_VMAP_NO_PAGE;
    ++*pages_out;
    return (usize)page;
}

static void page_put(void *context, usize phys, usize size)
{
    usize *pages_out = context;
    (void)size;
    free((void *)phys);
    --*pages_out;
}

/* A space, and one block of the size of its second smallest leaf. */
typedef struct Block {
    const char *format;
    MemVmap vmap;
    usize virt;
    usize page, size;
} Block;

static MemVmapLeaf leaf_at(Block *block, usize offset)
{
    MemVmapLeaf leaf = {0};
    if (mem_vmap_lookup(&block->vmap, block->virt + offset, &leaf) != 0)
        fail_msg("%s: nothing is mapped at %zx", block->format, offset);
    return leaf;
}

static void must(const Block *block, const char *what, int result)
{
    if (result != 0)
        fail_msg("%s: %s: %s", block->format, what, mem_vmap_strerror(result));
}

/* Maps, and returns what is noted then: the bits in `noted`, and those that a format presets for its MMU. */
static int must_map(Block *block, usize offset, usize len, int noted, int cap)
{
    must(block, "map",
         mem_vmap_map(&block->vmap, PHYS + offset, block->virt + offset, len, FLAGS | noted | cap));
    int flags = leaf_at(block, offset).flags & NOTED;
    assert_int_equal(flags & noted, noted);
    return flags;
}

static void assert_noted(Block *block, usize offset, int noted, const char *what)
{
    int flags = leaf_at(block, offset).flags;
    if ((flags & NOTED) != noted)
        fail_msg("%s: %s: noted %x at %zx, not %x", block->format, what, (unsigned)(flags & NOTED), offset,
                 (unsigned)noted);
}

/* Finds out which half and which sizes the format has. */
static void measure(Block *block)
{
    int result = mem_vmap_map(&block->vmap, PHYS, LOWER, 1, FLAGS);
    block->virt = result == MEM_ERANGE ? UPPER : LOWER;
    if (result == MEM_ERANGE)
        result = mem_vmap_map(&block->vmap, PHYS, UPPER, 1, FLAGS);
    must(block, "map of one page", result);
    block->page = leaf_at(block, 0).size;
    block->size = block->page * (block->page / sizeof(uint64_t));
    mem_vmap_unmap(&block->vmap, block->virt, 1);
}

/* Runs `check` with a block in a fresh space of every format. */
static void in_every_format(void (*check)(Block *block))
{
    const MemVmapFormat *format;
    for (unsigned i = 0; (format = mem_vmap_format_at(i)) != NULL; i++) {
        usize pages_out = 0;
        const MemVmapPort port = {.page_get = page_get, .page_put = page_put, .context = &pages_out};
        Block block = {.format = mem_vmap_format_name(format)};
        must(&block, "init", mem_vmap_init(&block.vmap, &port, format, NULL));
        measure(&block);
        check(&block);
        must(&block, "verify", mem_vmap_verify(&block.vmap, NULL));
        mem_vmap_destroy(&block.vmap);
        assert_int_equal(pages_out, 0);
    }
}

/* Joins pages of which the first is noted so, and all others so. */
static void check_join(Block *block, int first, int others)
{
    first = must_map(block, 0, block->page, first, MEM_VMAP_CAP_4K);
    others = must_map(block, block->page, block->size - block->page, others, MEM_VMAP_CAP_4K);
    must(block, "collapse", mem_vmap_collapse(&block->vmap, block->virt, block->size));
    assert_int_equal(leaf_at(block, 0).size, block->size);
    assert_int_equal(leaf_at(block, 0).flags & ~NOTED, FLAGS);
    int expected = ((first | others) & MEM_VMAP_DIRTY) | (first & others & MEM_VMAP_ACCESSED);
    assert_noted(block, block->page, expected, "collapse");
    mem_vmap_unmap(&block->vmap, block->virt, block->size);
}

static void check_collapse(Block *block)
{
    check_join(block, 0, 0);
    check_join(block, NOTED, 0);
    check_join(block, MEM_VMAP_ACCESSED, NOTED);
    check_join(block, MEM_VMAP_ACCESSED, MEM_VMAP_ACCESSED);
}

static void collapse_is_dirty_if_one_was_and_accessed_if_all_were(void **state)
{
    (void)state;
    in_every_format(check_collapse);
}

static void check_split(Block *block)
{
    static const int noted[] = {0, MEM_VMAP_ACCESSED, NOTED};
    for (unsigned i = 0; i < sizeof noted / sizeof *noted; i++) {
        int before = must_map(block, 0, block->size, noted[i], 0);
        assert_int_equal(leaf_at(block, 0).size, block->size);
        mem_vmap_unmap(&block->vmap, block->virt + block->page, block->page);
        assert_int_equal(leaf_at(block, 0).size, block->page);
        assert_noted(block, 0, before, "split");
        assert_noted(block, block->size - block->page, before, "split");
        mem_vmap_unmap(&block->vmap, block->virt, block->size);
    }
}

static void split_keeps_what_was_noted(void **state)
{
    (void)state;
    in_every_format(check_split);
}

static void check_protect(Block *block)
{
    static const int noted[] = {0, MEM_VMAP_ACCESSED, NOTED};
    for (unsigned i = 0; i < sizeof noted / sizeof *noted; i++) {
        int before = must_map(block, 0, block->page, noted[i], 0);
        must(block, "protect", mem_vmap_protect(&block->vmap, block->virt, block->page, 0));
        assert_int_equal(leaf_at(block, 0).flags & MEM_VMAP_WRITE, 0);
        assert_noted(block, 0, before, "protect");
        must(block, "protect", mem_vmap_protect(&block->vmap, block->virt, block->page, MEM_VMAP_WRITE));
        assert_int_equal(leaf_at(block, 0).flags & MEM_VMAP_WRITE, MEM_VMAP_WRITE);
        assert_noted(block, 0, before, "protect back");
        mem_vmap_unmap(&block->vmap, block->virt, block->page);
    }
}

static void protect_keeps_what_was_noted(void **state)
{
    (void)state;
    in_every_format(check_protect);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(collapse_is_dirty_if_one_was_and_accessed_if_all_were),
        cmocka_unit_test(split_keeps_what_was_noted),
        cmocka_unit_test(protect_keeps_what_was_noted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
