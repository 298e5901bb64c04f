/* SPDX-License-Identifier: MIT */

/*
 * Runs traces with every oracle, with as many pages kept by the space as the fuzzers do:
 *
 *     fuzz_regressions TRACE...
 */

#include <stdlib.h>

#include "fuzz/run.h"
#include "tools/replay/replay.h"

#define PAGES ((usize)1 << 19)

static const usize cache_pages[] = {MEM_VMAP_CACHE_PAGES, 3, 0};

static bool run(Host *host, const Trace *trace, usize kept)
{
    FuzzOptions options = {.host = host, .cache_pages = kept};
    FuzzOutcome outcome;
    bool good = fuzz_run(trace, &options, &outcome);
    if (!good)
        fuzz_print(stdout, trace, &options, &outcome);
    return good;
}

static bool run_file(Host *host, const char *path)
{
    const ReplayOptions defaults = {0};
    Trace trace;
    TraceError error;
    if (trace_parse_file(&trace, path, &error) != 0 || replay_validate(&trace, &defaults, &error) != 0) {
        trace_print_error(stderr, &error);
        return false;
    }
    printf("%s\n", path);
    bool good = true;
    for (usize i = 0; i < sizeof cache_pages / sizeof *cache_pages && good; i++)
        good = run(host, &trace, cache_pages[i]);
    trace_free(&trace);
    return good;
}

int main(int argc, char **argv)
{
    Host *host = host_new(PAGES);
    bool good = host != NULL && argc > 1;
    for (int i = 1; i < argc && host; i++)
        good &= run_file(host, argv[i]);
    host_free(host);
    return good ? 0 : 1;
}
