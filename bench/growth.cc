/* SPDX-License-Identifier: MIT */

/*
 * How cost grows: with the range, with where it begins in a table, with how full that table is, with the number of
 * spaces; and how many tables there are beside the least that could be.
 */

#include "bench/random.h"
#include "bench/reference.h"
#include "bench/registry.h"
#include "bench/scenario.h"
#include "bench/space.h"

#include <unistd.h>

#include <algorithm>
#include <memory>

namespace
{

constexpr usize PAGE = 4096;
constexpr usize TABLE = 512 * PAGE;
constexpr usize GIB = 512 * TABLE;
constexpr usize TIB = 1024 * GIB;
constexpr usize VIRT = (usize)1 << 45; /* a multiple of every size below, twice over */
constexpr usize PHYS = (usize)1 << 44;

/* What the tables of the greatest range take, once more for credits, and some. */
constexpr usize ARENA_PAGES = (usize)5 << 18;

struct Leaf {
    const char *name;
    usize size;
    int cap;
};

constexpr Leaf LEAVES[] = {{"4K", PAGE, MEM_VMAP_CAP_4K}, {"2M", TABLE, MEM_VMAP_CAP_2M}, {"1G", GIB, 0}};

/* Tables, or the pages owed to splits, take a 512th of what is mapped: no more than half of the memory that is free. */
usize largest_range()
{
    usize free = (usize)sysconf(_SC_AVPHYS_PAGES) * (usize)sysconf(_SC_PAGESIZE);
    usize largest = TIB;
    while (largest / 512 > free / 2)
        largest /= 4;
    return largest;
}

std::string size_name(usize size)
{
    const char *const units[] = {"K", "M", "G", "T"};
    unsigned unit = 0;
    for (size /= 1024; size >= 1024; size /= 1024)
        unit++;
    return std::to_string(size) + units[unit];
}

Range range_at(usize offset, usize len)
{
    return {VIRT + offset, PHYS + offset, len};
}

/* One space with what is to be mapped there, again and again. */
class Ground
{
  public:
    Ground(const std::vector<Range> &places, const std::vector<Range> &kept, int flags)
        : places_(places), flags_(flags)
    {
        for (const Range &range : kept)
            code_ |= space_.map(range.phys, range.virt, range.len, MEM_VMAP_WRITE);
        map();
        unmap();
    }

    void map()
    {
        for (const Range &range : places_)
            code_ |= space_.map(range.phys, range.virt, range.len, MEM_VMAP_WRITE | flags_);
    }

    void unmap()
    {
        for (const Range &range : places_)
            space_.unmap(range.virt, range.len);
    }

    Work work() const
    {
        usize total = 0;
        for (const Range &range : places_)
            total += range.len;
        return {static_cast<double>(places_.size()), static_cast<double>(total / PAGE)};
    }

    Engine &space()
    {
        return space_;
    }

    const char *verdict()
    {
        return code_ == 0 ? nullptr : "a call failed";
    }

  private:
    Machine machine_{ARENA_PAGES};
    Engine space_{machine_};
    std::vector<Range> places_;
    int flags_;
    int code_ = 0;
};

struct Ranges {
    std::vector<Range> places, kept;
    int flags = 0;
};

const char *run_map(benchmark::State &state, const Ranges &ranges)
{
    Ground ground(ranges.places, ranges.kept, ranges.flags);
    timed(
        state, ground.work(), [&] { ground.unmap(); }, [&] { ground.map(); });
    return ground.verdict();
}

const char *run_unmap(benchmark::State &state, const Ranges &ranges)
{
    Ground ground(ranges.places, ranges.kept, ranges.flags);
    timed(
        state, ground.work(), [&] { ground.map(); }, [&] { ground.unmap(); });
    return ground.verdict();
}

/* Iterations for about ten milliseconds, by a rough guess of what one takes. */
Effort effort_for(const Ranges &ranges, usize leaf)
{
    usize leaves = 0;
    for (const Range &range : ranges.places)
        leaves += range.len / leaf + 8;
    usize iterations = 8000000 / leaves;
    return {static_cast<int64_t>(std::min<usize>(std::max<usize>(iterations, 1), 5000))};
}

void add_both(const std::string &name, const Ranges &ranges, usize leaf)
{
    Effort effort = effort_for(ranges, leaf);
    add_benchmark(
        "growth/map/" + name, [=](benchmark::State &state) { return run_map(state, ranges); }, effort);
    add_benchmark(
        "growth/unmap/" + name, [=](benchmark::State &state) { return run_unmap(state, ranges); }, effort);
}

/* Ranges of one size: several where they are small, each beside a page that keeps its table. */
void add_size(const Leaf &leaf, usize size)
{
    usize count = std::min<usize>(std::max<usize>(16 * TABLE / size, 1), 16);
    usize stride = std::max(2 * size, TABLE);
    Ranges ranges;
    ranges.flags = leaf.cap;
    for (usize i = 0; i < count; i++) {
        ranges.places.push_back(range_at(i * stride, size));
        ranges.kept.push_back(range_at(i * stride + size, PAGE));
    }
    add_both(std::string(leaf.name) + "/" + size_name(size), ranges, leaf.size);
}

/* What no map of pages can do without: storing as many entries, into as many tables, in a plain loop. */
const char *run_store(benchmark::State &state, usize size)
{
    usize tables = size / TABLE;
    std::unique_ptr<uint64_t[]> entries(new uint64_t[tables * REF_ENTRIES]());
    auto block = [&] {
        for (usize i = 0; i < tables; i++)
            ref_store_table(&entries[i * REF_ENTRIES], 1);
    };
    block();
    timed(
        state, {1, static_cast<double>(size / PAGE)}, [] {}, block);
    return entries[tables * REF_ENTRIES - 1] == 1 + 511 * PAGE ? nullptr : "wrong contents";
}

void add_store(usize size)
{
    Effort effort = {
        static_cast<int64_t>(std::min<usize>(std::max<usize>(8000000 / (size / PAGE), 1), 5000))};
    add_benchmark(
        "growth/store/4K/" + size_name(size),
        [=](benchmark::State &state) { return run_store(state, size); }, effort);
}

/* Lookups each of which needs the answer of the one before, over all pages in an order like chance. */
const char *run_translate(benchmark::State &state, const Leaf &leaf, usize size)
{
    constexpr usize STEPS = 8192;
    Ground ground({range_at(0, size)}, {}, leaf.cap);
    ground.map();
    usize mask = size / PAGE - 1, page = 0;
    auto block = [&] {
        for (usize i = 0; i < STEPS; i++) {
            usize phys = ground.space().translate(VIRT + page * PAGE);
            page = ((phys - PHYS) / PAGE * 6364136223846793005u + 1442695040888963407u) & mask;
        }
    };
    block();
    timed(
        state, {STEPS, STEPS}, [] {}, block);
    return page <= mask ? ground.verdict() : "wrong translation";
}

void add_translate(const Leaf &leaf, usize size)
{
    add_benchmark("growth/translate/" + std::string(leaf.name) + "/" + size_name(size),
                  [=](benchmark::State &state) { return run_translate(state, leaf, size); }, {40});
}

/* 256 pages from each of these entries of a table on; what follows the last table keeps it. */
void add_offset(usize first)
{
    Ranges ranges;
    ranges.flags = MEM_VMAP_CAP_4K;
    for (usize i = 0; i < 8; i++) {
        usize table = 2 * i * TABLE;
        ranges.places.push_back(range_at(table + first * PAGE, 256 * PAGE));
        ranges.kept.push_back(range_at(table + (first + 256) * PAGE, PAGE));
        ranges.kept.push_back(range_at(first > 0 ? table + (first - 1) * PAGE : table + 511 * PAGE, PAGE));
    }
    add_both("offset/" + std::to_string(first), ranges, PAGE);
}

/* One page in each of 16 tables where so many of the other entries are in use. */
void add_fill(usize used)
{
    Ranges ranges;
    for (usize i = 0; i < 16; i++) {
        std::vector<uint32_t> order = Random(i + 1).cycle(512);
        ranges.places.push_back(range_at(i * TABLE + order[0] * PAGE, PAGE));
        for (usize j = 1; j <= used; j++)
            ranges.kept.push_back(range_at(i * TABLE + order[j] * PAGE, PAGE));
    }
    add_both("fill/" + std::to_string(used), ranges, PAGE);
}

/* A page is mapped in one space after the other, and unmapped in the same order. */
const char *run_spaces(benchmark::State &state, usize count)
{
    Machine machine;
    std::vector<std::unique_ptr<Engine>> spaces;
    int code = 0;
    for (usize i = 0; i < count; i++) {
        spaces.push_back(std::make_unique<Engine>(machine));
        code |= spaces[i]->map(PHYS, VIRT, PAGE, MEM_VMAP_WRITE);
    }
    const usize rounds = std::max<usize>(64 / count, 1);
    auto block = [&] {
        for (usize i = 0; i < rounds; i++) {
            for (auto &space : spaces)
                code |= space->map(PHYS + PAGE, VIRT + PAGE, PAGE, MEM_VMAP_WRITE);
            for (auto &space : spaces)
                space->unmap(VIRT + PAGE, PAGE);
        }
    };
    block();
    double calls = 2 * static_cast<double>(rounds * count);
    timed(
        state, {calls, calls}, [] {}, block);
    return code == 0 ? nullptr : "a call failed";
}

void add_spaces(usize count)
{
    Effort effort = {static_cast<int64_t>(std::min<usize>(100000 / count, 1500))};
    add_benchmark(
        "growth/spaces/" + std::to_string(count),
        [=](benchmark::State &state) { return run_spaces(state, count); }, effort);
}

/* What is mapped there, for the comparison of tables. */
struct Pattern {
    const char *name;
    usize count, len, stride,
        shift; /* ranges; physical addresses are shifted so far against the virtual ones */
};

/* Whether [at, at + size) can be one leaf: it lies in a range that is as aligned there as here. */
bool is_one_leaf(const Pattern &pattern, usize at, usize size)
{
    usize index = at / pattern.stride, begin = index * pattern.stride;
    return size <= GIB && index < pattern.count && at + size <= begin + pattern.len &&
           pattern.shift % size == 0;
}

bool holds_anything(const Pattern &pattern, usize at, usize size)
{
    usize first = at / pattern.stride;
    bool here = first < pattern.count && at < first * pattern.stride + pattern.len;
    return here || (first + 1 < pattern.count && (first + 1) * pattern.stride < at + size);
}

/* The tables that any walker of four levels needs for the pattern, whatever engine made them. */
usize least_tables(const Pattern &pattern, usize at, usize size)
{
    if (!holds_anything(pattern, at, size) || size == PAGE || is_one_leaf(pattern, at, size))
        return 0;
    usize tables = 1;
    for (usize below = at; below < at + size && below < pattern.count * pattern.stride; below += size / 512)
        tables += least_tables(pattern, below, size / 512);
    return tables;
}

const char *run_memory(benchmark::State &state, const Pattern &pattern)
{
    std::vector<Range> places;
    for (usize i = 0; i < pattern.count; i++)
        places.push_back(
            {VIRT + i * pattern.stride, PHYS + pattern.shift + i * pattern.stride, pattern.len});
    Ground ground(places, {}, 0);
    timed(
        state, ground.work(), [&] { ground.unmap(); }, [&] { ground.map(); });
    MemVmapStats stats = ground.space().stats();
    state.counters["tables"] = static_cast<double>(stats.tables);
    state.counters["least"] = static_cast<double>(least_tables(pattern, 0, 512 * 512 * GIB));
    state.counters["credits"] = static_cast<double>(stats.credits);
    return ground.verdict();
}

void add_memory(const Pattern &pattern)
{
    add_benchmark("growth/memory/" + std::string(pattern.name),
                  [=](benchmark::State &state) { return run_memory(state, pattern); }, {1, 1});
}

void add_sizes(const Leaf &leaf, usize largest)
{
    for (usize size = leaf.size; size <= largest; size *= 4) {
        add_size(leaf, size);
        add_translate(leaf, size);
        if (size < largest && size > largest / 4) {
            add_size(leaf, largest);
            add_translate(leaf, largest);
        }
    }
}

void add_patterns()
{
    static const Pattern patterns[] = {{"one page", 1, PAGE, GIB, 0},
                                       {"1 GiB, aligned as 1 GiB", 1, GIB, GIB, 0},
                                       {"1 GiB, aligned as 2 MiB", 1, GIB, GIB, TABLE},
                                       {"1 GiB, aligned as 4 KiB", 1, GIB, GIB, PAGE},
                                       {"1 GiB less a page", 1, GIB - PAGE, GIB, 0},
                                       {"64 GiB less a page", 1, 64 * GIB - PAGE, 64 * GIB, 0},
                                       {"512 pages, 2 MiB apart", 512, PAGE, TABLE, 0},
                                       {"512 pages, 1 GiB apart", 512, PAGE, GIB, 0},
                                       {"4096 runs of 16 KiB, 64 KiB apart", 4096, 4 * PAGE, 16 * PAGE, 0},
                                       {"64 runs of 3 MiB, 4 MiB apart", 64, 3 * TABLE / 2, 2 * TABLE, 0}};
    for (const Pattern &pattern : patterns)
        add_memory(pattern);
}

} // namespace

void add_growth_benchmarks()
{
    const usize largest = largest_range();
    for (const Leaf &leaf : LEAVES)
        add_sizes(leaf, largest);
    for (usize size = PAGE << 10; size <= largest; size *= 4)
        add_store(size);
    for (usize first : {0, 1, 7, 8, 63, 128, 255, 256, 300, 400, 511})
        add_offset(first);
    for (usize used : {1, 4, 16, 64, 128, 256, 384, 510})
        add_fill(used);
    for (usize count = 1; count <= 4096; count *= 4)
        add_spaces(count);
    add_patterns();
}
