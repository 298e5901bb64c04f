/* SPDX-License-Identifier: MIT */
#include "bench/stopwatch.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <numeric>
#include <vector>

using Clock = std::chrono::steady_clock;

static Clock::time_point settled_now()
{
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return Clock::now();
}

void Stopwatch::start()
{
    begin_ = settled_now();
}

double Stopwatch::elapsed() const
{
    return std::chrono::duration<double>(settled_now() - begin_).count();
}

/* About 100 ns that nothing can overlap: each step needs the one before, also across calls. */
__attribute__((noinline)) static uint64_t known_work(uint64_t value)
{
    for (unsigned i = 0; i < 100; i++)
        value = value * 6364136223846793005u + 1442695040888963407u;
    return value;
}

/* The mean without the slowest hundredth, which was interrupted. Not a median: clocks tick coarsely. */
static double mean_of_most(std::vector<double> &samples)
{
    std::sort(samples.begin(), samples.end());
    samples.resize(samples.size() - samples.size() / 100);
    return std::accumulate(samples.begin(), samples.end(), 0.0) / static_cast<double>(samples.size());
}

/*
 * What watching a block adds to it. An empty block would not tell: part of the watch's own work overlaps
 * with what a real block does.
 */
static double measure_overhead()
{
    constexpr unsigned SAMPLES = 2000, BLOCKS = 32;
    std::vector<double> watched, unwatched;
    volatile uint64_t value = 1;
    Stopwatch watch;
    for (unsigned i = 0; i < SAMPLES; i++) {
        uint64_t here = value;
        watch.start();
        for (unsigned j = 0; j < BLOCKS; j++)
            here = known_work(here);
        unwatched.push_back(watch.elapsed());
        watch.start();
        here = known_work(here);
        watched.push_back(watch.elapsed());
        value = here;
    }
    /* watched = work + overhead; unwatched = BLOCKS * work + overhead */
    double work = (mean_of_most(unwatched) - mean_of_most(watched)) / (BLOCKS - 1);
    return std::max(0.0, mean_of_most(watched) - work);
}

double Stopwatch::seconds() const
{
    static const double overhead = measure_overhead();
    return std::max(0.0, elapsed() - overhead);
}
