/* SPDX-License-Identifier: MIT */
#ifndef BENCH_STOPWATCH_H
#define BENCH_STOPWATCH_H

#include <chrono>

/*
 * Times a block of calls. It waits for the stores of the block to leave the store buffer, so that a block
 * of stores does not look shorter than it is, and takes off what it costs itself, so that blocks may be
 * small enough to stay in the first-level cache.
 */
class Stopwatch
{
  public:
    void start();
    double seconds() const; /* since start, without the watch's own cost; never negative */
    double elapsed() const; /* since start, all in all */

  private:
    std::chrono::steady_clock::time_point begin_;
};

#endif
