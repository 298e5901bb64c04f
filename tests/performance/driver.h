/* SPDX-License-Identifier: MIT */
#ifndef TESTS_PERFORMANCE_DRIVER_H
#define TESTS_PERFORMANCE_DRIVER_H

/*
 * What the gate measures. There is one of everything: a space, the pages that its tables are made of, and the
 * places that an operation works on.
 */

#include <mem/vmap.h>

#define PAGE  ((usize)4096)
#define TABLE (512 * PAGE) /* what a table of pages spans */
#define GIB   (512 * TABLE)

#define VIRT ((usize)1 << 44)
#define PHYS ((usize)1 << 40)

enum { PLACES_MAX = 64 };

typedef struct place {
    usize virt, phys, len;
} Place;

typedef struct scene {
    MemVmap vmap;
    Place places[PLACES_MAX];
    unsigned count;
    int flags;
    int failed; /* the codes of all calls, ORed */
    usize sum;  /* of translations, so that they are needed */
} Scene;

extern Scene scene;

/* Makes the space anew: alone on its CPU; or run by one of two CPUs, with a lock. */
void scene_open(void);
void scene_open_smp(void);
void scene_close(void);

/* The places of an operation, and what is mapped throughout. */
void singles(void);     /* 64 pages scattered over 4 tables that stay half full */
void sparse(void);      /* 8, each in a table that a page at its end keeps */
void runs_of_256(void); /* 8, each in a table of its own that stays */
void runs_kept(void);   /* 4 of 512 pages, each across two tables that stay */
void runs_new(void);    /* 4 of 512 pages, each all of a table that comes and goes */
void gib_of_pages(void);
void gib_of_2m(void);
void many_gib(void); /* 64 GiB */
void leaf_of_2m(void);
void leaf_of_1g(void);

/* The calls, on all places. */
void map_all(void);
void unmap_all(void);
void protect_all(int flags);

/* One operation. `before` and `after` are not counted. */
typedef struct operation {
    const char *name;
    void (*open)(void);
    void (*arrange)(void);
    void (*before)(void);
    void (*run)(void);
    void (*after)(void);
    unsigned calls; /* that `run` makes; 0: as many as there are places */
} Operation;

extern const Operation operations[];
extern const unsigned operation_count;

/* Prints how many bytes of stack each call takes at most, over what is tried of it. 0, or 1: it could not. */
int print_stacks(void);

#endif
