/* SPDX-License-Identifier: MIT */
#ifndef MEM_VMAP_PORT_H
#define MEM_VMAP_PORT_H

/*
 * The port: what a kernel gives to MemVmap. A space copies the struct at mem_vmap_init, so one
 * kernel, its guests and a test can each have their own in one binary.
 *
 * Two members are enough to begin with: `page_get` and `direct_map`. Every other one may be left
 * null (zero); what that means is said beside it.
 */

#include <mem/vmap_plan.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mem_vmap_cpus;

/* What page_get returns when there is no page. Physical address 0 is a page like any other. */
#define MEM_VMAP_NO_PAGE ((usize)-1)

typedef struct mem_vmap_port {
    /*
     * Gives one table page: `size` bytes, aligned to `size`, reachable at direct_map + phys; its
     * contents do not matter. Returns its physical address, or MEM_VMAP_NO_PAGE.
     * Called by init, map, protect, unmap (only for NO_RESERVE mappings), collapse and reserve, in
     * the caller's context, never with the space's lock held: it may sleep if the caller may, and it
     * may itself map and unmap in this space. Required.
     */
    usize (*page_get)(void *context, usize size);

    /*
     * Takes back a page that page_get gave. No CPU translates through it any more. A lookup, translate or
     * walk that runs beside may still load a word of it, and forget it: the page must stay readable at
     * direct_map + phys, whatever it holds.
     * Called by any call that changes mappings, by reserve and destroy, never with the lock held.
     * Null: pages stay in the space's pool for ever.
     */
    void (*page_put)(void *context, usize phys, usize size);

    /*
     * The CPUs that run this space (mem/vmap_cpu.h): the library then knows which of them must forget what, and
     * tells them. Null: the three hooks below do so; with `cpus` they must be null.
     */
    struct mem_vmap_cpus *cpus;

    /*
     * Executes `plan` on the calling CPU. When it returns, this CPU uses nothing that the plan names.
     * Called in the context of the unmap, protect, collapse or batch call; without the lock where there is an
     * invalidate_there, and perhaps with it where there is none. Where a leaf is broken before it is made anew
     * (break_level of MemVmapOptions) both are called with it: CPUs that need that are told by broadcast, and
     * nobody waits for one that waits for the lock.
     * Null: this space is never loaded into a CPU (a host test, a space being built).
     */
    void (*invalidate_here)(void *context, const MemVmapPlan *plan);

    /*
     * Executes `plan` on every other CPU that may use this space, and returns when all of them have
     * acknowledged. The caller of the library stays on his CPU until invalidate_here has been called as
     * well. Called without the lock, but where a leaf is broken (above), after a full fence: a CPU that is not seen
     * to use this space now, and loads its root later, finds the new entries. It must serve shootdowns sent to this
     * CPU while it waits.
     * Null: there is one CPU. The engine then also updates entries with plain loads and stores, so
     * nothing else may set their accessed and dirty bits during a call: a kernel whose interrupt
     * handlers write through mappings that a call changes masks interrupts in `lock`, or gives a hook
     * here that does nothing. A device that walks these tables counts as a CPU.
     */
    void (*invalidate_there)(void *context, const MemVmapPlan *plan);

    /* Loads `root` into the calling CPU. Used by mem_vmap_switch_to alone. Null: it does nothing. */
    void (*root_load)(void *context, usize root);

    /*
     * Serialise the writers of one space. The engine holds the lock for the time of one tree update, and what the
     * calling CPU alone must forget of it; it calls no hook under it but invalidate_*, as said there, and those that
     * MemVmapCpuPort names; and it never takes it twice. Null, both: the caller serialises.
     */
    void (*lock)(void *context);
    void (*unlock)(void *context);

    /*
     * Told, after the fact, that the whole leaf [virt, virt + len) of a NO_RESERVE mapping went
     * because a partial unmap found no page to split it with. Called without the lock, after the
     * flush. Null: nobody is told.
     */
    void (*lost)(void *context, usize virt, usize len);

    /* Table pages are reached at direct_map + their physical address (mod 2^64). */
    usize direct_map;

    /* Handed to every hook. */
    void *context;
} MemVmapPort;

#ifdef __cplusplus
}
#endif

#endif
