/* SPDX-License-Identifier: MIT */
#ifndef BENCH_RANDOM_H
#define BENCH_RANDOM_H

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

/* Numbers that look random, cheap enough for a timed loop: a 64-bit linear congruence, upper bits. */
class Random
{
  public:
    explicit Random(uint64_t seed) : state_(seed)
    {
    }

    /* Below 2^bits. */
    uint64_t bits(unsigned bits)
    {
        state_ = state_ * 6364136223846793005u + 1442695040888963407u;
        return state_ >> (64 - bits);
    }

    /* Below `limit`, which is below 2^32. */
    size_t below(size_t limit)
    {
        return (bits(32) * limit) >> 32;
    }

    template <class T> void shuffle(std::vector<T> &items)
    {
        for (size_t i = items.size(); i > 1; i--)
            std::swap(items[i - 1], items[below(i)]);
    }

    /* A permutation of 0 .. count - 1 that is a single cycle (Sattolo 1986). */
    std::vector<uint32_t> cycle(size_t count)
    {
        std::vector<uint32_t> next(count);
        std::iota(next.begin(), next.end(), 0);
        for (size_t i = count - 1; i > 0; i--)
            std::swap(next[i], next[below(i)]);
        return next;
    }

  private:
    uint64_t state_;
};

#endif
