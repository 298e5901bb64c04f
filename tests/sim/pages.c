/* SPDX-License-Identifier: MIT */

/*
 * Table pages. The simulator follows every store to a page that is part of a tree, and so knows which pages are
 * linked there and which have been unlinked. A page that was unlinked may be walked until the call that unlinked
 * it returns, or the engine writes to the page or gives it back: then it has begun another life, and a walk cache
 * that knows it from its former life must not lead there.
 */

#include "tests/sim/sim.h"

#include <stdlib.h>

enum { PAGES = 12288, PAGE_SIZE = 4096, WORDS = PAGE_SIZE / 8 };

/* Where the page is physically, away from everything that is mapped; physical pages below are not there. */
static const uint64_t BASE = 0x10000000;

/* What a page holds that was given back: on the levels above the lowest, a link to nowhere. */
static const uint64_t POISON = 0x000badbadbad0027;

typedef enum { PAGE_FREE, PAGE_HELD, PAGE_LINKED, PAGE_UNLINKED } PageState;

typedef struct page {
    PageState state;
    uint32_t life;
    unsigned level;
    Space *space;
    uint64_t virt; /* the first address that it translates, linear */
    uint64_t call; /* that unlinked it */
} Page;

static Page pages[PAGES];
static uint64_t (*memory)[WORDS];
static unsigned free_list[PAGES], free_count, touched;
static unsigned unlinked[PAGES], unlinked_count;

void pages_begin(void)
{
    if (memory == NULL)
        memory = aligned_alloc(PAGE_SIZE, (usize)PAGES * PAGE_SIZE);
    if (memory == NULL)
        abort();
    touched = free_count = unlinked_count = 0;
}

usize pages_direct_map(void)
{
    return (usize)memory - BASE;
}

bool pages_exist(uint64_t phys)
{
    return phys >= BASE && phys - BASE < (uint64_t)touched * PAGE_SIZE;
}

static unsigned index_of(uint64_t phys)
{
    return (unsigned)((phys - BASE) / PAGE_SIZE);
}

static uint64_t phys_of(unsigned index)
{
    return BASE + (uint64_t)index * PAGE_SIZE;
}

uint64_t *pages_pointer(uint64_t phys)
{
    if (!pages_exist(phys))
        violation("the engine follows 0x%lx, which is no table page", (unsigned long)phys);
    return memory[index_of(phys)] + phys % PAGE_SIZE / 8;
}

/* The page given back last is the first to be used again. */
uint64_t pages_get(void)
{
    unsigned index = free_count > 0 ? free_list[--free_count] : touched;
    if (index == PAGES)
        return MEM_VMAP_NO_PAGE;
    if (index == touched)
        pages[touched++] = (Page){0};
    pages[index].state = PAGE_HELD;
    return phys_of(index);
}

usize pages_out(void)
{
    return touched - free_count;
}

static void end_life(unsigned index)
{
    pages[index].life++;
    mmu_check_page(phys_of(index));
}

static void forget_unlinked(unsigned index)
{
    unsigned i = 0;
    while (unlinked[i] != index)
        i++;
    unlinked[i] = unlinked[--unlinked_count];
}

/* The engine uses an unlinked page for something else. */
static void reuse(unsigned index)
{
    forget_unlinked(index);
    pages[index].state = PAGE_HELD;
    end_life(index);
}

/* The root of a space that ends. */
static bool is_root(const Page *page)
{
    return page->level == sim.config.kind->levels - 1 && (page->space == NULL || page->space->renewing);
}

void pages_put(uint64_t phys)
{
    if (!pages_exist(phys))
        violation("page_put of 0x%lx, which is no table page", (unsigned long)phys);
    unsigned index = index_of(phys);
    Page *page = &pages[index];
    if (page->state == PAGE_LINKED && !is_root(page))
        violation("page_put of a table that is linked, at 0x%lx", (unsigned long)page->virt);
    if (page->state == PAGE_FREE)
        violation("page_put of a page that the engine has not got");
    if (page->state == PAGE_UNLINKED)
        reuse(index);
    if (page->state == PAGE_LINKED)
        end_life(index);
    page->state = PAGE_FREE;
    for (unsigned i = 0; i < WORDS; i++)
        memory[index][i] = POISON;
    free_list[free_count++] = index;
}

bool pages_readable(uint64_t phys)
{
    if (!pages_exist(phys))
        return false;
    PageState state = pages[index_of(phys)].state;
    return state == PAGE_LINKED || state == PAGE_UNLINKED;
}

uint32_t pages_life(uint64_t phys)
{
    return pages[index_of(phys)].life;
}

/* The table that an entry links; 0: none. */
static uint64_t linked_by(uint64_t raw, unsigned level)
{
    if (raw == 0 || level == 0)
        return 0;
    Entry entry = sim.config.kind->parse(raw, level);
    return entry.present && !entry.leaf ? entry.phys : 0;
}

static void link_page(uint64_t phys, Space *space, unsigned level, uint64_t virt);

static void link_below(unsigned index)
{
    const Kind *kind = sim.config.kind;
    const Page *page = &pages[index];
    for (unsigned i = 0; page->level > 0 && i < 1u << kind->bits[page->level]; i++) {
        uint64_t below = linked_by(memory[index][i], page->level);
        if (below != 0)
            link_page(below, page->space, page->level - 1,
                      page->virt + ((uint64_t)i << kind->shift[page->level]));
    }
}

/* Levels fall from page to page, so the nesting ends. */
static void link_page(uint64_t phys, Space *space, unsigned level, uint64_t virt)
{
    if (!pages_exist(phys))
        violation("0x%lx is linked as a table at 0x%lx, level %u: there is no such page",
                  (unsigned long)phys, (unsigned long)virt, level);
    unsigned index = index_of(phys);
    if (pages[index].state != PAGE_HELD)
        violation("page 0x%lx is linked as a table at 0x%lx, level %u, but is not the engine's to link",
                  (unsigned long)phys, (unsigned long)virt, level);
    pages[index].state = PAGE_LINKED;
    pages[index].level = level;
    pages[index].space = space;
    pages[index].virt = virt;
    link_below(index);
}

static void unlink_page(uint64_t phys)
{
    unsigned index = index_of(phys);
    Page *page = &pages[index];
    const Kind *kind = sim.config.kind;
    const Call *call = sim_call();
    if (page->state != PAGE_LINKED)
        violation("page 0x%lx is unlinked twice", (unsigned long)phys);
    page->state = PAGE_UNLINKED;
    page->call = call != NULL ? call->id : 0;
    unlinked[unlinked_count++] = index;
    for (unsigned i = 0; page->level > 0 && i < 1u << kind->bits[page->level]; i++) {
        uint64_t below = linked_by(memory[index][i], page->level);
        if (below != 0)
            unlink_page(below);
    }
}

void pages_root(uint64_t phys, Space *space, unsigned level)
{
    link_page(phys, space, level, 0);
}

static void stored_in_tree(const Page *page, const uint64_t *slot, uint64_t before, uint64_t now)
{
    const Kind *kind = sim.config.kind;
    uint64_t old = linked_by(before, page->level), new = linked_by(now, page->level);
    uint64_t entry = (uint64_t)(slot - memory[page - pages]);
    uint64_t virt = page->virt + (entry << kind->shift[page->level]);
    if (old == new &&new != 0)
        return; /* the engine counts there */
    if (old != 0)
        unlink_page(old);
    if (new != 0)
        link_page(new, page->space, page->level - 1, virt);
    sim_log("level %lu of 0x%lx: entry 0x%lx", page->level, virt, now);
    if (page->space == NULL)
        violation("the engine writes into a root that is not its own");
    truth_refresh(page->space, virt, (uint64_t)1 << kind->shift[page->level]);
    mmu_fill_space(page->space);
}

static unsigned index_of_slot(const uint64_t *slot)
{
    usize offset = (usize)((const char *)slot - (const char *)memory);
    if (offset >= (usize)touched * PAGE_SIZE)
        violation("the engine reads or writes an entry that is in no table page");
    return (unsigned)(offset / PAGE_SIZE);
}

bool pages_shared(const uint64_t *slot)
{
    return pages[index_of_slot(slot)].state != PAGE_HELD;
}

void pages_stored(const uint64_t *slot, uint64_t before, uint64_t now)
{
    unsigned index = index_of_slot(slot);
    switch (pages[index].state) {
    case PAGE_FREE:
        violation("the engine writes to a page that it has given back");
    case PAGE_HELD:
        return;
    case PAGE_UNLINKED:
        reuse(index);
        return;
    case PAGE_LINKED:
        if (before != now)
            stored_in_tree(&pages[index], slot, before, now);
        return;
    }
}

void pages_settle(uint64_t call)
{
    for (unsigned i = unlinked_count; i-- > 0;)
        if (pages[unlinked[i]].call == call)
            reuse(unlinked[i]);
}
