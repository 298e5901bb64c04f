/* SPDX-License-Identifier: MIT */

/*
 * The fuzzer of operations on a space, for whatever area and format target.c names.
 *
 * When an input breaks something it prints the trace that `vmap replay --check` reads, and aborts. With
 * MEM_VMAP_FUZZ_TRACE=FILE in the environment it writes the trace of each input there before it is run: so a
 * crash and a hang, which leave no time for printing, can be turned into a trace as well.
 */

#include <stdlib.h>

#include "fuzz/mutate.h"
#include "fuzz/run.h"
#include "fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2,
                                 uint8_t *out, size_t max_size, unsigned seed);

/* One for all inputs: to make one costs more than to run an input. */
static Host *shared_host(void)
{
    static Host *host;
    if (!host)
        host = host_new((usize)1 << 19);
    if (!host)
        abort();
    return host;
}

static void write_trace(const Trace *trace, const FuzzOptions *options)
{
    const char *path = getenv("MEM_VMAP_FUZZ_TRACE");
    FILE *out = path ? fopen(path, "w") : NULL;
    if (!out)
        return;
    fuzz_print(out, trace, options, NULL);
    fclose(out);
}

/* So that a run's end says how many operations a second were checked. */
static usize operations;

static void print_operations(void)
{
    fprintf(stderr, "stat::operations: %zu\n", operations);
}

static void count_operations(usize count)
{
    if (operations == 0)
        atexit(print_operations);
    operations += count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Trace trace;
    FuzzOutcome outcome;
    FuzzOptions options = {.host = shared_host(), .cache_pages = input_header(data, size).cache_pages};
    if (!input_decode(&trace, fuzz_area, fuzz_format, data, size))
        abort();
    write_trace(&trace, &options);
    if (!fuzz_run(&trace, &options, &outcome)) {
        fuzz_print(stderr, &trace, &options, &outcome);
        abort();
    }
    count_operations(outcome.ops);
    trace_free(&trace);
    return 0;
}

static void begin(Mutation *mutation, const uint8_t *data, size_t size, unsigned seed)
{
    mutation->area = fuzz_area;
    mutation->random = seed;
    mutation->count = input_records(data, size, mutation->records);
}

static uint8_t mutate_header(Mutation *mutation, const uint8_t *data, size_t size)
{
    uint8_t header = size > 0 ? data[0] : 0;
    return mutation_random(mutation, 16) == 0 ? header ^ (uint8_t)(1 << mutation_random(mutation, 3))
                                              : header;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    Mutation mutation;
    begin(&mutation, data, size, seed);
    mutate(&mutation);
    uint8_t header = mutate_header(&mutation, data, size);
    return input_write(data, max_size, header, mutation.records, mutation.count);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2,
                                 uint8_t *out, size_t max_size, unsigned seed)
{
    Mutation first, second;
    begin(&first, data1, size1, seed);
    begin(&second, data2, size2, seed);
    splice(&first, &second);
    return input_write(out, max_size, size1 > 0 ? data1[0] : 0, first.records, first.count);
}
