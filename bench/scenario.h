/* SPDX-License-Identifier: MIT */
#ifndef BENCH_SCENARIO_H
#define BENCH_SCENARIO_H

#include <mem/vmap.h>

#include <vector>

struct Range {
    usize virt, phys, len;
};

/*
 * What a benchmark maps and unmaps. The places of one scenario are timed together, in random order, one
 * call each. There should be enough of them for half a microsecond, and no more than the tables' share of a
 * small first-level cache allows.
 */
struct Scenario {
    int flags;
    std::vector<Range> places;
    std::vector<Range> kept;      /* mapped throughout, so that the tables that they are in stay */
    std::vector<Range> cuts;      /* one for each place: what is unmapped of it, where that is not all */
    const char *format = nullptr; /* of the space; null: the default */
    usize page = 4096;
};

/* Total of the ranges, in pages. */
double pages_of(const Scenario &scenario, const std::vector<Range> &ranges);

/* A format's page, and where it has 64 GiB of addresses. */
struct Shape {
    const char *format;
    usize page, virt, phys;
};

Shape shape_of(const char *format);

/* Runs of 256 pages of the format, each within a table of its own that stays; up to 8. */
Scenario format_runs_of_256(const Shape &shape, usize places);

/* Each of these makes a scenario with so many places. */
using MakeScenario = Scenario(usize places);

/* Single pages scattered over 4 tables (up to 128 in each) that stay half full. */
MakeScenario single_pages;

/* Runs of 256 pages, each within a table of its own that stays; up to 8. */
MakeScenario runs_of_256;

/* Runs of 512 pages, each across two tables that stay. */
MakeScenario runs_of_512_kept;

/* Runs of 512 pages, each all of a table that comes and goes. */
MakeScenario runs_of_512_new;

/* 1 GiB as pages and as 2 MiB leaves: the tables below its one upper entry come and go. */
MakeScenario gib_of_pages;
MakeScenario gib_of_2m;

/* 64 GiB as 1 GiB leaves, with credits, in a table that stays. */
MakeScenario many_gib;

/* Single pages to cut out of the middle of 2 MiB and 1 GiB leaves. */
MakeScenario cuts_of_2m;
MakeScenario cuts_of_1g;

#endif
