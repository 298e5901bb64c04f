/* SPDX-License-Identifier: MIT */

/* What the MMU does, held against what the library says. */

#include "common/kernel.h"

usize checks_made;

/* Where in a page the checks look. */
enum { WORD_OFFSET = 0x80, CODE_OFFSET = 0x40 };

static const char *const outcome_names[] = {"reached", "fault: absent", "fault: no right",
                                            "fault: absent or no right", "strange fault"};
static const char *const mode_names[] = {"kernel", "user"};
static const char *const access_names[] = {"read", "write", "execute"};

/* A page as lookup sees it. */
typedef struct Page {
    usize virt;
    bool mapped;
    MemVmapLeaf leaf;
} Page;

static bool find_page(MemVmap *space, usize virt, Page *page)
{
    int code = mem_vmap_lookup(space, virt, &page->leaf);
    page->virt = virt;
    page->mapped = code == MEM_OK;
    usize phys = mem_vmap_translate(space, virt);
    if (page->mapped ? phys != page->leaf.phys || mem_vmap_missed(space) : !mem_vmap_missed(space)) {
        print("FAILED: translate and lookup differ at %lx\n", virt);
        return false;
    }
    if (page->mapped && (phys < machine.arena.first || phys >= machine.arena.end)) {
        print("FAILED: %lx leads to %lx, which no test has mapped\n", virt, phys);
        return false;
    }
    return true;
}

static Outcome expected(const Page *page, Mode mode, Access access)
{
    if (!page->mapped)
        return FAULT_ABSENT;
    return machine_permits(mode, access, page->leaf.flags) ? REACHED : FAULT_RIGHT;
}

static bool outcome_fits(Outcome outcome, Outcome wanted)
{
    return outcome == wanted || (outcome == FAULT_EITHER && wanted != REACHED);
}

static bool complain(const Page *page, Mode mode, Access access, Outcome wanted, const Probe *probe)
{
    print("FAILED: %s %s of %lx: %s (cause %lx, address %lx, value %lx), expected: %s\n", mode_names[mode],
          access_names[access], page->virt, outcome_names[probe->outcome], probe->cause, probe->address,
          probe->value, outcome_names[wanted]);
    print("lookup: %s, %lx, flags %lx, size %lx\n", page->mapped ? "mapped" : "absent", page->leaf.phys,
          (unsigned long)page->leaf.flags, page->leaf.size);
    return false;
}

/* A number that no other check of this run has had. */
static uint32_t new_token(void)
{
    return (uint32_t)(++checks_made * 2654435761u) >> 1;
}

/*
 * An emulator may find code that it has translated by the virtual address alone. QEMU 7.2 does, and where one page of a
 * larger leaf is invalidated it forgets the code of that page only. Other code in the frame makes it look again.
 */
static void forget_translated_code(void *where)
{
    machine_write_code(where, new_token());
}

/* Before the access the frame holds something that only this check has written there, by another way. */
static bool check_access(const Page *page, Mode mode, Access access)
{
    uint32_t token = new_token();
    Outcome wanted = expected(page, mode, access);
    uint64_t *word = (uint64_t *)((page->leaf.phys & ~(usize)0xfff) + WORD_OFFSET);
    if (page->mapped && access == ACCESS_EXECUTE)
        machine_write_code((char *)word - WORD_OFFSET + CODE_OFFSET, token);
    else if (page->mapped)
        *(volatile uint64_t *)word = access == ACCESS_READ ? token : ~(uint64_t)token;

    usize offset = access == ACCESS_EXECUTE ? CODE_OFFSET : WORD_OFFSET;
    Probe probe = machine_probe(mode, access, page->virt + offset, token);
    if (page->mapped && access == ACCESS_EXECUTE)
        forget_translated_code((char *)word - WORD_OFFSET + CODE_OFFSET);
    if (!outcome_fits(probe.outcome, wanted))
        return complain(page, mode, access, wanted, &probe);
    if (!page->mapped)
        return true;
    if (access == ACCESS_WRITE)
        probe.value = *(volatile uint64_t *)word;
    else if (wanted != REACHED)
        return true;
    uint64_t right = access == ACCESS_WRITE && wanted != REACHED ? ~(uint64_t)token : token;
    return probe.value == right || complain(page, mode, access, wanted, &probe);
}

bool check_page(MemVmap *space, usize virt)
{
    Page page = {.mapped = false};
    if (virt < KERNEL_END)
        return true;
    if (!find_page(space, virt & ~(usize)0xfff, &page))
        return false;
    for (int mode = 0; mode < MODES; mode++)
        for (int access = 0; access < ACCESSES; access++)
            if (machine_is_exact((Mode)mode, (Access)access, page.leaf.flags) &&
                !check_access(&page, (Mode)mode, (Access)access))
                return false;
    return true;
}

bool check_read(MemVmap *space, usize virt)
{
    Page page = {.mapped = false};
    return find_page(space, virt & ~(usize)0xfff, &page) && check_access(&page, KERNEL_MODE, ACCESS_READ);
}

/* A run of more pages than this is looked at here and there. */
enum { PAGES_MAX = 64 };

static int visit_run(void *context, const MemVmapRun *run)
{
    MemVmap *space = context;
    if (run->virt < KERNEL_END)
        return 0;
    usize page = (usize)parameters->page_kib << 10, pages = run->len / page;
    usize step = pages > PAGES_MAX ? pages / PAGES_MAX * page : page;
    for (usize at = 0; at < run->len; at += step)
        if (!check_read(space, run->virt + at))
            return 1;
    bool right = check_page(space, run->virt) && check_page(space, run->virt + run->len - 1) &&
                 check_page(space, run->virt - page) && check_page(space, run->virt + run->len);
    return right ? 0 : 1;
}

bool check_space(MemVmap *space)
{
    return mem_vmap_walk(space, 0, (usize)-1, NULL, visit_run, space) == 0;
}
