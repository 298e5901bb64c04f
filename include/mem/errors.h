/* SPDX-License-Identifier: MIT */
#ifndef MEM_ERRORS_H
#define MEM_ERRORS_H

/*
 * Error codes of the mem module. A call that can fail returns 0 or one of these, and a call that
 * returned one of these has changed nothing: the tables are byte for byte what they were.
 *
 * When several apply, the one that is nearest to the caller's own mistake is reported, in this order:
 * EINVAL, EFLAGS, ENOTSUP, EALIGN, ERANGE, EMISS or EOVERLAP, ENOMEM.
 */
enum mem_error {
    MEM_OK = 0,
    MEM_EINVAL = -1,   /* nothing to do, or a bad call: a null pointer, len 0, a space never made */
    MEM_EALIGN = -2,   /* virt and phys differ in their offset within a page */
    MEM_ERANGE = -3,   /* the range wraps, leaves the virtual space, crosses its hole, or exceeds
                        * the physical width */
    MEM_EOVERLAP = -4, /* a page of the range is mapped already */
    MEM_ENOMEM = -5,   /* the port has no table page left */
    MEM_EFLAGS = -6,   /* unknown, contradictory or refused flags, such as write and execute */
    MEM_ENOTSUP = -7,  /* the format or the CPU lacks what was asked for */
    MEM_EMISS = -8,    /* a page of the range is not mapped */
    MEM_ECORRUPT = -9, /* mem_vmap_verify found a broken invariant */
};

#endif
