/* SPDX-License-Identifier: MIT */
#include "bench/reference.h"
#include "bench/random.h"
#include "bench/registry.h"

#include <memory>

namespace
{

/* As many as the benchmarks of map fill in one timed block: small enough for a first-level cache. */
constexpr size_t TABLES = 4;

constexpr double PAGES = TABLES * REF_ENTRIES;

/* How often a block goes through them, where it can. */
constexpr size_t ROUNDS = 8;

struct alignas(4096) Table {
    uint64_t entry[REF_ENTRIES];
};

/* Entries count up, as those of contiguous pages do. */
uint64_t first_entry(size_t table)
{
    return (table << 21) + 1;
}

class Tables
{
  public:
    Tables() : tables_(new Table[TABLES]())
    {
    }

    void store()
    {
        for (size_t i = 0; i < TABLES; i++)
            ref_store_table(tables_[i].entry, first_entry(i));
    }

    bool check_store()
    {
        bool all = true;
        for (size_t i = 0; i < TABLES; i++)
            all &= ref_check_store_table(tables_[i].entry, first_entry(i));
        return all;
    }

    void zero()
    {
        for (size_t i = 0; i < TABLES; i++)
            ref_zero_table(tables_[i].entry);
    }

    bool filled() const
    {
        size_t right = 0;
        for (size_t i = 0; i < TABLES; i++) {
            for (size_t j = 0; j < REF_ENTRIES; j++)
                right += tables_[i].entry[j] == first_entry(i) + j * 4096;
        }
        return right == TABLES * REF_ENTRIES;
    }

    bool empty() const
    {
        uint64_t bits = 0;
        for (size_t i = 0; i < TABLES; i++) {
            for (uint64_t entry : tables_[i].entry)
                bits |= entry;
        }
        return bits == 0;
    }

  private:
    std::unique_ptr<Table[]> tables_;
};

const char *verdict(bool right)
{
    return right ? nullptr : "wrong contents";
}

const char *run_store(benchmark::State &state)
{
    Tables tables;
    auto block = [&] {
        for (size_t i = 0; i < ROUNDS; i++)
            tables.store();
    };
    timed(
        state, {ROUNDS * TABLES, ROUNDS * PAGES}, [] {}, block);
    return verdict(tables.filled());
}

const char *run_check_store(benchmark::State &state)
{
    Tables tables;
    bool all = true;
    timed(
        state, {TABLES, PAGES}, [&] { tables.zero(); }, [&] { all &= tables.check_store(); });
    return verdict(all && tables.filled());
}

const char *run_zero(benchmark::State &state)
{
    Tables tables;
    auto block = [&] {
        for (size_t i = 0; i < ROUNDS; i++)
            tables.zero();
    };
    timed(
        state, {ROUNDS * TABLES, ROUNDS * PAGES}, [&] { tables.store(); }, block);
    return verdict(tables.empty());
}

/* A chain through all words of one page, in random order. */
const char *run_loads(benchmark::State &state)
{
    constexpr size_t STEPS = 4096;
    std::vector<uint32_t> next = Random(5).cycle(REF_ENTRIES);
    std::vector<void *> chain(REF_ENTRIES);
    for (size_t i = 0; i < REF_ENTRIES; i++)
        chain[i] = &chain[next[i]];
    void *const *at = chain.data();
    timed(
        state, {STEPS, STEPS}, [] {}, [&] { at = ref_follow(at, STEPS); });
    /* 4 x 4096 loads go round the 512 words a whole number of times. */
    return verdict(at == chain.data());
}

const char *run_exchange(benchmark::State &state)
{
    constexpr size_t STEPS = 4096;
    uint64_t word = 0, sum = 0;
    timed(
        state, {STEPS, STEPS}, [&] { word = 0; }, [&] { sum = ref_exchange(&word, 1, STEPS); });
    /* Every value but the last came back. */
    return verdict(word == STEPS && sum == STEPS * (STEPS - 1) / 2);
}

} // namespace

void add_reference_benchmarks()
{
    add_benchmark("ref/store_512", run_store);
    add_benchmark("ref/check_store_512", run_check_store);
    add_benchmark("ref/zero_table", run_zero);
    add_benchmark("ref/loads_4_dependent", run_loads);
    add_benchmark("ref/atomic_rmw", run_exchange);
}
