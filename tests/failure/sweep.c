/* SPDX-License-Identifier: MIT */

/*
 * The failure sweep: runs a workload again and again, and lets the k-th allocation fail, for every k that it
 * makes; and then all from the k-th on. Each time every oracle looks on (fuzz/run.h): a map that found no
 * memory has changed nothing, an unmap has done its job all the same, nothing leaks.
 *
 *     failure_sweep [--operations N] [--workloads N] [--seed N] [TRACE...]
 *
 * Workloads are the first N operations of each trace, and N random ones for each format and each area of the
 * fuzzers. Prints what fails as a trace that `vmap replay --check` reads, and exits with 1.
 */

#include <getopt.h>
#include <stdlib.h>

#include "fuzz/run.h"
#include "tests/failure/workload.h"

#define PAGES ((usize)1 << 19)

typedef struct Sweep {
    Host *host;
    unsigned long operations; /* of each trace */
    unsigned long workloads;  /* random ones */
    unsigned long seed;
    usize runs, applied, failures;
} Sweep;

/* With no cache each allocation that the library makes reaches the host. */
static bool run(Sweep *sweep, const Trace *workload, FuzzOutcome *outcome)
{
    FuzzOptions options = {.host = sweep->host, .cache_pages = 0};
    bool good = fuzz_run(workload, &options, outcome);
    if (!good)
        fuzz_print(stdout, workload, &options, outcome);
    sweep->runs++;
    sweep->applied += outcome->ops;
    sweep->failures += outcome->failures;
    return good;
}

/* For every k up to the first that is not reached any more: those after it are of the workload's end. */
static bool sweep_failing(Sweep *sweep, Trace *workload, TraceVerb verb, usize page_gets)
{
    FuzzOutcome outcome = {.failures = 1};
    for (usize k = 1; k <= page_gets && outcome.failures > 0; k++) {
        workload_fail(workload, verb, k);
        if (!run(sweep, workload, &outcome))
            return false;
    }
    return true;
}

static bool sweep_workload(Sweep *sweep, Trace *workload)
{
    FuzzOutcome whole;
    return run(sweep, workload, &whole) &&
           sweep_failing(sweep, workload, TRACE_FAIL_ONCE, whole.page_gets) &&
           sweep_failing(sweep, workload, TRACE_FAIL_FROM, whole.page_gets);
}

static bool sweep_random(Sweep *sweep, InputArea area, const char *format)
{
    bool good = true;
    for (unsigned long i = 0; i < sweep->workloads && good; i++) {
        Trace workload;
        workload_random(&workload, area, format, sweep->seed + i);
        good = sweep_workload(sweep, &workload);
        trace_free(&workload);
    }
    return good;
}

static bool sweep_file(Sweep *sweep, const char *path)
{
    Trace workload;
    if (!workload_of_file(&workload, path, sweep->operations))
        return false;
    bool good = sweep_workload(sweep, &workload);
    if (!good)
        printf("in a beginning of %s\n", path);
    trace_free(&workload);
    return good;
}

static bool sweep_all(Sweep *sweep, char **files)
{
    static const InputArea areas[] = {AREA_MAP, AREA_PROTECT, AREA_BATCH};
    bool good = true;
    for (; *files; files++)
        good &= sweep_file(sweep, *files);
    for (unsigned i = 0; mem_vmap_format_at(i) != NULL; i++)
        for (unsigned area = 0; area < 3; area++)
            good &= sweep_random(sweep, areas[area], mem_vmap_format_name(mem_vmap_format_at(i)));
    return good;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"operations", required_argument, NULL, 'o'},
        {"workloads", required_argument, NULL, 'w'},
        {"seed", required_argument, NULL, 's'},
        {0},
    };
    Sweep sweep = {.operations = 500, .workloads = 10, .seed = 1};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == '?') {
            fprintf(stderr,
                    "usage: failure_sweep [--operations N] [--workloads N] [--seed N] [TRACE...]\n");
            return 2;
        }
        unsigned long number = strtoul(optarg, NULL, 0);
        *(option == 'o' ? &sweep.operations : option == 'w' ? &sweep.workloads : &sweep.seed) = number;
    }
    sweep.host = host_new(PAGES);
    if (!sweep.host)
        return 1;
    bool good = sweep_all(&sweep, argv + optind);
    printf("%zu runs, %zu operations, %zu allocations failed\n", sweep.runs, sweep.applied, sweep.failures);
    host_free(sweep.host);
    return good && sweep.failures > 0 ? 0 : 1;
}
