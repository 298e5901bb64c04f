/* SPDX-License-Identifier: MIT */
/* Contiguous runs: when they are made, unmade and made again, and what lookup and verify say of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tools/host/host.h"

#define K    ((usize)1 << 10)
#define M    ((usize)1 << 20)
#define VIRT ((usize)3 << 30)
#define PHYS ((usize)9 << 30)

#define A64_VALID      ((uint64_t)1)
#define A64_CONTIGUOUS ((uint64_t)1 << 52)
#define A64_ACCESSED   ((uint64_t)1 << 10)

typedef struct Runs {
    Host *host;
    MemVmap vmap;
} Runs;

static int make(void **state, const char *format, usize leaf_sizes)
{
    static Runs runs;
    runs = (Runs){.host = host_new(64)};
    if (!runs.host)
        return -1;
    MemVmapPort port = host_port(runs.host);
    const MemVmapOptions options = {.leaf_sizes = leaf_sizes, .hardware_updates = true};
    *state = &runs;
    return mem_vmap_init(&runs.vmap, &port, mem_vmap_format_find(format), &options);
}

static int setup_aarch64(void **state)
{
    return make(state, "aarch64_4k", 0);
}

static int setup_riscv(void **state)
{
    return make(state, "riscv_sv39", 4 * K + 64 * K + 2 * M + 1024 * M);
}

static int setup_riscv_without(void **state)
{
    return make(state, "riscv_sv39", 0);
}

static int teardown(void **state)
{
    Runs *runs = *state;
    int result = mem_vmap_verify(&runs->vmap, NULL);
    mem_vmap_destroy(&runs->vmap);
    host_free(runs->host);
    return result;
}

static usize size_at(Runs *runs, usize offset)
{
    MemVmapLeaf leaf;
    assert_int_equal(mem_vmap_lookup(&runs->vmap, VIRT + offset, &leaf), 0);
    assert_int_equal(leaf.phys, PHYS + offset);
    return leaf.size;
}

static void must_map(Runs *runs, usize offset, usize len, int flags)
{
    assert_int_equal(mem_vmap_map(&runs->vmap, PHYS + offset, VIRT + offset, len, flags), 0);
}

static void whole_aligned_parts_of_a_map_are_runs(void **state)
{
    Runs *runs = *state;
    must_map(runs, 60 * K, 72 * K, 0);
    assert_int_equal(size_at(runs, 60 * K), 4 * K);
    assert_int_equal(size_at(runs, 64 * K), 64 * K);
    assert_int_equal(size_at(runs, 127 * K), 64 * K);
    assert_int_equal(size_at(runs, 128 * K), 4 * K);
}

static void both_addresses_must_be_aligned(void **state)
{
    Runs *runs = *state;
    assert_int_equal(mem_vmap_map(&runs->vmap, PHYS + 4 * K, VIRT, 64 * K, 0), 0);
    MemVmapLeaf leaf;
    assert_int_equal(mem_vmap_lookup(&runs->vmap, VIRT, &leaf), 0);
    assert_int_equal(leaf.size, 4 * K);
}

static void a_cap_of_4k_makes_none(void **state)
{
    Runs *runs = *state;
    must_map(runs, 0, 64 * K, MEM_VMAP_CAP_4K);
    assert_int_equal(size_at(runs, 0), 4 * K);
}

static void a_run_that_is_cut_is_pages(void **state)
{
    Runs *runs = *state;
    must_map(runs, 0, 128 * K, MEM_VMAP_WRITE);
    mem_vmap_unmap(&runs->vmap, VIRT + 12 * K, 4 * K);
    assert_int_equal(size_at(runs, 0), 4 * K);
    assert_int_equal(size_at(runs, 60 * K), 4 * K);
    assert_int_equal(size_at(runs, 64 * K), 64 * K);
}

static void new_rights_leave_a_whole_run_one(void **state)
{
    Runs *runs = *state;
    MemVmapLeaf leaf;
    must_map(runs, 0, 128 * K, MEM_VMAP_WRITE);
    assert_int_equal(mem_vmap_protect(&runs->vmap, VIRT, 68 * K, 0), 0);
    assert_int_equal(size_at(runs, 0), 64 * K);
    assert_int_equal(size_at(runs, 64 * K), 4 * K);
    assert_int_equal(mem_vmap_lookup(&runs->vmap, VIRT + 60 * K, &leaf), 0);
    assert_int_equal(leaf.flags & MEM_VMAP_WRITE, 0);
    assert_int_equal(mem_vmap_lookup(&runs->vmap, VIRT + 68 * K, &leaf), 0);
    assert_int_equal(leaf.flags & MEM_VMAP_WRITE, MEM_VMAP_WRITE);
}

static void collapse_makes_runs_of_pages(void **state)
{
    Runs *runs = *state;
    must_map(runs, 0, 128 * K, MEM_VMAP_CAP_4K);
    assert_int_equal(mem_vmap_collapse(&runs->vmap, VIRT, 100 * K), 0);
    assert_int_equal(size_at(runs, 0), 64 * K);
    assert_int_equal(size_at(runs, 64 * K), 4 * K);
}

/* A 2 MiB leaf, of which one page goes, becomes runs but for the one around that page. */
static void a_split_leaves_runs(void **state)
{
    Runs *runs = *state;
    must_map(runs, 0, 2 * M, 0);
    mem_vmap_unmap(&runs->vmap, VIRT + M + 8 * K, 4 * K);
    assert_int_equal(size_at(runs, 0), 64 * K);
    assert_int_equal(size_at(runs, M), 4 * K);
    assert_int_equal(size_at(runs, M + 64 * K), 64 * K);
}

/* Rights that it has already break nothing: nobody is told. */
static void the_same_rights_tell_nobody(void **state)
{
    Runs *runs = *state;
    must_map(runs, 0, 64 * K, MEM_VMAP_WRITE);
    usize before = host_shootdowns(runs->host);
    assert_int_equal(mem_vmap_protect(&runs->vmap, VIRT, 64 * K, MEM_VMAP_WRITE), 0);
    assert_int_equal(host_shootdowns(runs->host), before);
    assert_int_equal(size_at(runs, 0), 64 * K);
}

static void svnapot_must_be_asked_for(void **state)
{
    Runs *runs = *state;
    must_map(runs, 0, 64 * K, 0);
    assert_int_equal(size_at(runs, 0), 4 * K);
}

static void only_run_sizes_are_no_leaf_sizes(void **state)
{
    Runs *runs = *state;
    MemVmap other;
    MemVmapPort port = host_port(runs->host);
    static const usize sizes[] = {64 * K, 64 * K + 2 * M, 4 * K + 32 * M, 4 * K + 64 * K + 32 * M};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const MemVmapOptions options = {.leaf_sizes = sizes[i]};
        int result = mem_vmap_init(&other, &port, mem_vmap_format_find("aarch64_4k"), &options);
        assert_int_equal(result, MEM_ENOTSUP);
    }
}

/* The entry of the page at `offset`, in tables of 4 levels. */
static uint64_t *entry_of(Runs *runs, usize offset)
{
    usize direct_map = host_port(runs->host).direct_map, table = mem_vmap_root(&runs->vmap);
    for (unsigned shift = 39; shift > 12; shift -= 9) {
        const uint64_t *entries = (const uint64_t *)(direct_map + table);
        table = entries[(VIRT + offset) >> shift & 511] & 0xfffffffff000;
    }
    return (uint64_t *)(direct_map + table) + ((VIRT + offset) >> 12 & 511);
}

/* The MMU notes an access in any entry of a run: it is one of them all, and of the leaf that they are joined to. */
static void what_one_entry_of_each_run_notes_is_noted_of_the_joint(void **state)
{
    Runs *runs = *state;
    MemVmapLeaf leaf;
    for (usize at = 0; at < 2 * M; at += 64 * K)
        must_map(runs, at, 64 * K, 0);
    for (usize at = 0; at < 2 * M; at += 64 * K)
        *entry_of(runs, at + at / 16 % (64 * K)) |= A64_ACCESSED;
    assert_int_equal(mem_vmap_collapse(&runs->vmap, VIRT, 2 * M), 0);
    assert_int_equal(mem_vmap_lookup(&runs->vmap, VIRT, &leaf), 0);
    assert_int_equal(leaf.size, 2 * M);
    assert_true(leaf.flags & MEM_VMAP_ACCESSED);
}

static void a_run_that_was_not_accessed_leaves_the_joint_so(void **state)
{
    Runs *runs = *state;
    MemVmapLeaf leaf;
    for (usize at = 0; at < 2 * M; at += 64 * K)
        must_map(runs, at, 64 * K, 0);
    for (usize at = 64 * K; at < 2 * M; at += 4 * K)
        *entry_of(runs, at) |= A64_ACCESSED;
    assert_int_equal(mem_vmap_collapse(&runs->vmap, VIRT, 2 * M), 0);
    assert_int_equal(mem_vmap_lookup(&runs->vmap, VIRT, &leaf), 0);
    assert_int_equal(leaf.size, 2 * M);
    assert_false(leaf.flags & MEM_VMAP_ACCESSED);
}

/* Changes one entry, and back. */
static void assert_defect(Runs *runs, usize offset, uint64_t change, const char *rule)
{
    MemVmapDefect defect = {0};
    uint64_t *entry = entry_of(runs, offset);
    *entry ^= change;
    assert_int_equal(mem_vmap_verify(&runs->vmap, &defect), MEM_ECORRUPT);
    assert_string_equal(defect.rule, rule);
    *entry ^= change;
    assert_int_equal(mem_vmap_verify(&runs->vmap, NULL), 0);
}

static void verify_finds_runs_that_are_not_whole(void **state)
{
    static const char rule[] = "a contiguous run is whole, and its leaves agree";
    Runs *runs = *state;
    must_map(runs, 0, 64 * K, 0);
    must_map(runs, 68 * K, 4 * K, 0);
    assert_defect(runs, 0, A64_CONTIGUOUS, rule);
    assert_defect(runs, 12 * K, A64_CONTIGUOUS, rule);
    assert_defect(runs, 68 * K, A64_CONTIGUOUS, rule);
    assert_defect(runs, 12 * K, (uint64_t)1 << 40, rule);
    assert_defect(runs, 12 * K, (uint64_t)1 << 6, rule);
    assert_defect(runs, 68 * K, A64_VALID, "a leaf is not broken");
}

static void verify_finds_a_way_that_leads_elsewhere(void **state)
{
    Runs *runs = *state;
    MemVmapDefect defect;
    must_map(runs, 0, 4 * K, 0);
    must_map(runs, 4 * K, 4 * K, 0);
    MemVmapWay *way = &runs->vmap.ways[(VIRT >> 21) % MEM_VMAP_WAYS], before = *way;
    assert_int_equal(before.region, (VIRT >> 21) + 1);
    way->table++;
    assert_int_equal(mem_vmap_verify(&runs->vmap, &defect), MEM_ECORRUPT);
    assert_string_equal(defect.rule, "a way that is remembered leads to its table");
    *way = before;
    way->region += MEM_VMAP_WAYS;
    assert_int_equal(mem_vmap_verify(&runs->vmap, NULL), MEM_ECORRUPT);
    *way = before;
}

#define ON_BOTH(test)                                                                                      \
    cmocka_unit_test_setup_teardown(test, setup_aarch64, teardown),                                        \
        cmocka_unit_test_setup_teardown(test, setup_riscv, teardown)
#define ON_AARCH64(test) cmocka_unit_test_setup_teardown(test, setup_aarch64, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(whole_aligned_parts_of_a_map_are_runs),
        ON_BOTH(both_addresses_must_be_aligned),
        ON_BOTH(a_cap_of_4k_makes_none),
        ON_BOTH(a_run_that_is_cut_is_pages),
        ON_BOTH(new_rights_leave_a_whole_run_one),
        ON_BOTH(collapse_makes_runs_of_pages),
        ON_BOTH(a_split_leaves_runs),
        ON_BOTH(the_same_rights_tell_nobody),
        ON_AARCH64(only_run_sizes_are_no_leaf_sizes),
        ON_AARCH64(what_one_entry_of_each_run_notes_is_noted_of_the_joint),
        ON_AARCH64(a_run_that_was_not_accessed_leaves_the_joint_so),
        ON_AARCH64(verify_finds_runs_that_are_not_whole),
        ON_AARCH64(verify_finds_a_way_that_leads_elsewhere),
        cmocka_unit_test_setup_teardown(svnapot_must_be_asked_for, setup_riscv_without, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
