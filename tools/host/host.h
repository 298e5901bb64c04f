/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_HOST_H
#define TOOLS_HOST_H

/*
 * The host machine: what the tools, tests and benchmarks give to the library as its port.
 *
 * It hands out table pages from an arena of fake physical memory, counts what it is asked for, fails
 * allocations on command, and stops the program when a page comes back that is not out: that is always a
 * defect of the library. One CPU, no lock: a host belongs to one thread.
 */

#include <mem/vmap.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The arena is counted in pages of this size, in bytes. Formats with larger ones get aligned pages of 8K to 64K. */
#define HOST_PAGE_SIZE ((usize)4096)

/* Physical address of the arena's first page: neither 0 nor a pointer. */
#define HOST_PHYS_BASE ((usize)1 << 30)

typedef struct host Host;

/*
 * A machine with `pages` table pages of 4K (up to 2^32 - 1); memory is used only for those that are touched.
 * Null where there is no address space for it. To be freed with host_free.
 */
Host *host_new(usize pages);

/* Ends the machine; null is allowed. Pages that are still out become invalid. */
void host_free(Host *host);

/* The hooks for mem_vmap_init. Any number of spaces may share one host. */
MemVmapPort host_port(Host *host);

/* No more poison in the pages that are put back or new, for benchmarks. */
void host_quiet(Host *host);

/* The k-th page_get from here fails (1 = the next), or all from the k-th on; each replaces the other. */
void host_fail_once(Host *host, usize k);
void host_fail_from(Host *host, usize k);
void host_fail_never(Host *host);

usize host_failures(const Host *host);   /* page_gets that got no page so far, an empty arena included */
usize host_pages_out(const Host *host);  /* pages handed out and not returned, of whatever size */
usize host_pages_peak(const Host *host); /* the most that were out at one time */
usize host_page_gets(const Host *host);  /* page_gets so far, failed ones included */
usize host_shootdowns(const Host *host); /* plans executed so far */

/* The last plan that was executed; all zero before the first. */
const MemVmapPlan *host_last_plan(const Host *host);

#ifdef __cplusplus
}
#endif

#endif
