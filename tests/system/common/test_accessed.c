/* SPDX-License-Identifier: MIT */

/* Accessed and dirty bits that the MMU sets: they survive split, protect and collapse. */

#include "common/kernel.h"

#define VIRT ((usize)16 << 30)

static MemVmap space;

static usize page_size(void)
{
    return (usize)parameters->page_kib << 10;
}

static usize large_size(void)
{
    return page_size() * (page_size() / 8);
}

static bool fail(const char *what, usize virt, int flags)
{
    print("FAILED: %s at %lx: flags %lx\n", what, virt, (unsigned long)flags);
    return false;
}

static void map(usize virt, usize len, int flags)
{
    if (mem_vmap_map(&space, machine.arena.first + (virt - VIRT), virt, len, flags) != MEM_OK)
        panic("cannot map");
}

static void use(Access access, usize virt)
{
    if (machine_probe(KERNEL_MODE, access, virt, 1).outcome != REACHED)
        panic("an address cannot be used");
}

/* Whether the leaf at `virt` has exactly these of the two bits. */
static bool has(usize virt, int bits)
{
    MemVmapLeaf leaf;
    enum { BOTH = MEM_VMAP_ACCESSED | MEM_VMAP_DIRTY };
    if (mem_vmap_lookup(&space, virt, &leaf) != MEM_OK)
        return fail("nothing is mapped", virt, 0);
    return (leaf.flags & BOTH) == bits ||
           fail("accessed and dirty are not what the MMU did", virt, leaf.flags);
}

/* What map does not preset, and the MMU does. */
static bool the_mmu_sets_them(void)
{
    map(VIRT, page_size(), MEM_VMAP_WRITE);
    if (!has(VIRT, 0))
        return false;
    use(ACCESS_READ, VIRT);
    if (!has(VIRT, MEM_VMAP_ACCESSED))
        return false;
    use(ACCESS_WRITE, VIRT);
    return has(VIRT, MEM_VMAP_ACCESSED | MEM_VMAP_DIRTY);
}

/* A leaf that is split gives them to all its pages. */
static bool they_survive_a_split(Access access, int bits)
{
    map(VIRT, large_size(), MEM_VMAP_WRITE);
    use(access, VIRT + large_size() / 2);
    mem_vmap_unmap(&space, VIRT + 5 * page_size(), page_size());
    for (usize at = 0; at < large_size(); at += page_size())
        if (at != 5 * page_size() && !has(VIRT + at, bits))
            return false;
    return true;
}

static bool they_survive_protect(void)
{
    map(VIRT, large_size(), MEM_VMAP_WRITE);
    use(ACCESS_WRITE, VIRT);
    if (mem_vmap_protect(&space, VIRT, large_size() / 2, MEM_VMAP_USER) != MEM_OK)
        panic("cannot protect");
    return has(VIRT, MEM_VMAP_ACCESSED | MEM_VMAP_DIRTY) &&
           has(VIRT + large_size() - 1, MEM_VMAP_ACCESSED | MEM_VMAP_DIRTY);
}

static bool is_large(usize virt)
{
    MemVmapLeaf leaf;
    if (mem_vmap_lookup(&space, virt, &leaf) == MEM_OK && leaf.size == large_size())
        return true;
    return fail("collapse did not join the leaves", virt, 0);
}

/* Accessed only if all were, dirty if one was. */
static bool they_survive_collapse(Access access, usize used, int bits)
{
    map(VIRT, large_size(), MEM_VMAP_WRITE | MEM_VMAP_CAP_4K);
    for (usize at = 0; at < used; at += page_size())
        use(access, VIRT + at);
    if (mem_vmap_collapse(&space, VIRT, large_size()) != MEM_OK)
        panic("cannot collapse");
    MemVmapLeaf leaf;
    if (!is_large(VIRT) || mem_vmap_lookup(&space, VIRT, &leaf) != MEM_OK)
        return false;
    /* Where another CPU may write meanwhile, whatever is writable may be said to be dirty. */
    int flags = leaf.flags & (MEM_VMAP_ACCESSED | MEM_VMAP_DIRTY);
    return (flags & bits) == bits || fail("collapse has lost what the MMU did", VIRT, leaf.flags);
}

/* A leaf that the MMU writes to while it is split, protected and joined: whoever finds other contents finds it dirty. */
static struct {
    uint64_t round, seen, over;
} writer;

void test_cpu_main(unsigned cpu)
{
    uint64_t random = cpu;
    while (__atomic_load_n(&writer.round, __ATOMIC_ACQUIRE) == 0)
        machine_pause();
    space_enter(&space);
    while (__atomic_load_n(&writer.over, __ATOMIC_ACQUIRE) == 0) {
        uint64_t round = __atomic_load_n(&writer.round, __ATOMIC_ACQUIRE);
        usize at = random_next(&random) % 16 * page_size();
        machine_probe(KERNEL_MODE, ACCESS_WRITE, VIRT + at + 64 * cpu, round);
        __atomic_store_n(&writer.seen, round, __ATOMIC_RELEASE);
        machine_pause();
    }
    space_enter(&kernel_space);
    __atomic_store_n(&writer.over, 2, __ATOMIC_RELEASE);
}

static bool written_pages_are_dirty(uint64_t round)
{
    for (usize at = 0; at < 16 * page_size(); at += page_size()) {
        MemVmapLeaf leaf;
        bool written = *(volatile uint64_t *)(machine.arena.first + at + 64) == round;
        if (mem_vmap_lookup(&space, VIRT + at, &leaf) != MEM_OK)
            return fail("nothing is mapped", VIRT + at, 0);
        if (written && (leaf.flags & MEM_VMAP_DIRTY) == 0)
            return fail("a write is lost", VIRT + at, leaf.flags);
    }
    return true;
}

static bool no_write_is_lost(void)
{
    for (uint64_t round = 1; round <= parameters->rounds; round++) {
        map(VIRT, large_size(), MEM_VMAP_WRITE | (round % 2 ? MEM_VMAP_CAP_4K : 0));
        __atomic_store_n(&writer.round, round, __ATOMIC_RELEASE);
        while (__atomic_load_n(&writer.seen, __ATOMIC_ACQUIRE) != round)
            machine_pause();
        int code = round % 2
                       ? mem_vmap_collapse(&space, VIRT, large_size())
                       : mem_vmap_protect(&space, VIRT, 3 * page_size(), MEM_VMAP_WRITE | MEM_VMAP_USER);
        if (code == MEM_OK)
            code = mem_vmap_protect(&space, VIRT, large_size(), 0);
        if (code != MEM_OK)
            panic("cannot collapse or protect");
        if (!written_pages_are_dirty(round))
            return false;
        mem_vmap_unmap(&space, VIRT, large_size());
    }
    __atomic_store_n(&writer.over, 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(&writer.over, __ATOMIC_ACQUIRE) != 2)
        machine_pause();
    return true;
}

static bool step(bool right)
{
    mem_vmap_unmap(&space, VIRT, 4 * large_size());
    return right;
}

ExitCode test_main(void)
{
    enum { ACCESSED = MEM_VMAP_ACCESSED, BOTH = MEM_VMAP_ACCESSED | MEM_VMAP_DIRTY };
    space_make(&space, false);
    space_enter(&space);
    bool right = step(the_mmu_sets_them()) && step(they_survive_a_split(ACCESS_READ, ACCESSED)) &&
                 step(they_survive_a_split(ACCESS_WRITE, BOTH)) && step(they_survive_protect()) &&
                 step(they_survive_collapse(ACCESS_READ, large_size(), ACCESSED)) &&
                 step(they_survive_collapse(ACCESS_WRITE, page_size(), MEM_VMAP_DIRTY)) &&
                 step(they_survive_collapse(ACCESS_WRITE, large_size(), BOTH));
    if (right && parameters->cpus > 1)
        right = no_write_is_lost();
    print("%s\n", right ? "nothing that the MMU has set was lost" : "FAILED");
    return right ? EXIT_PASSED : EXIT_FAILED;
}
