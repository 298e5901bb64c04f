/* SPDX-License-Identifier: MIT */
#ifndef BENCH_REGISTRY_H
#define BENCH_REGISTRY_H

#include "bench/stopwatch.h"

#include <benchmark/benchmark.h>

#include <functional>
#include <string>

/* What an iteration of the benchmark, which is one timed block, does. */
struct Work {
    double calls; /* of the function that is measured */
    double pages; /* that these calls concern: of 4 KiB, or of the format's size */
};

/*
 * A benchmark: `run` prepares, calls `timed` (below) and checks. Returns null, or what was found wrong.
 * It is run several times, with more and more iterations and then once for each repetition.
 */
using Run = std::function<const char *(benchmark::State &)>;

struct Effort {
    int64_t iterations = 0; /* 0: as many as the minimum time takes */
    int repetitions = 0;    /* 0: as many as the command line says */
};

void add_benchmark(const std::string &name, const Run &run, Effort effort = {});

/*
 * For each iteration runs `prepare`, not timed, and then `block`, timed. Reports the time per call and per
 * page. The library chooses the number of iterations by the time of `block` alone: where `prepare` takes
 * much longer, the benchmark must name a number.
 */
template <class Prepare, class Block>
void timed(benchmark::State &state, Work work, const Prepare &prepare, const Block &block)
{
    using benchmark::Counter;
    Stopwatch watch;
    for (auto iteration : state) {
        (void)iteration;
        prepare();
        watch.start();
        block();
        state.SetIterationTime(watch.seconds());
    }
    double iterations = static_cast<double>(state.iterations());
    state.counters["calls"] = work.calls;
    state.counters["pages"] = work.pages;
    state.counters["call"] = Counter(iterations * work.calls, Counter::kIsRate | Counter::kInvert);
    state.counters["page"] = Counter(iterations * work.pages, Counter::kIsRate | Counter::kInvert);
}

/* Each group of benchmarks; called once by main. */
void add_range_benchmarks();
void add_format_range_benchmarks();
void add_growth_benchmarks();
void add_translate_benchmarks();
void add_format_translate_benchmarks();
void add_reference_benchmarks();
void add_trace_benchmarks(const char *directory);

/*
 * Hands the benchmarks whose names match the extended regular expression (empty: all) to the library.
 * Returns how many repetitions that makes, with `repetitions` of each that sets no number of its own.
 * Throws std::invalid_argument where the expression is not one.
 */
unsigned register_benchmarks(const std::string &filter, unsigned repetitions);

/* Prints their names instead. */
void list_benchmarks(const std::string &filter);

/* Shows on stderr which of so many repetitions is running, and at the end wipes that line. */
void show_progress(unsigned repetitions);
void end_progress();

#endif
