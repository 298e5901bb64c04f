/* SPDX-License-Identifier: MIT */
#include "bench/random.h"
#include "bench/registry.h"
#include "bench/scenario.h"
#include "bench/smp.h"
#include "bench/space.h"

#include <algorithm>

/* A space with what the scenario keeps, and the calls on its places. */
template <class Space> class Stage
{
  public:
    explicit Stage(const Scenario &scenario)
        : scenario_(scenario), space_(machine_, scenario.format), places_(scenario.places),
          cuts_(scenario.cuts)
    {
        for (const Range &range : scenario.kept)
            code_ |= space_.map(range.phys, range.virt, range.len, scenario.flags);
        shuffle();
        map();
        unmap(); /* the pool and the caches are warm now */
    }

    void shuffle()
    {
        random_.shuffle(places_);
        random_.shuffle(cuts_);
    }

    void map()
    {
        for (const Range &range : places_)
            code_ |= space_.map(range.phys, range.virt, range.len, scenario_.flags);
    }

    void unmap()
    {
        for (const Range &range : places_)
            space_.unmap(range.virt, range.len);
    }

    void cut()
    {
        for (const Range &range : cuts_)
            space_.unmap(range.virt, range.len);
    }

    void protect(int flags)
    {
        for (const Range &range : places_)
            code_ |= space_.protect(range.virt, range.len, flags);
    }

    /* What is wrong with the answers of the calls and with what they left; null: nothing. */
    const char *verdict_unmapped();
    const char *verdict_mapped();
    const char *verdict_cut();

  private:
    enum class Expect { MAPPED, MISSING };

    bool translates(const Range &range, Expect expect);
    bool all_translate(const std::vector<Range> &ranges, Expect expect);

    const Scenario &scenario_;
    Machine machine_;
    Space space_;
    std::vector<Range> places_, cuts_;
    Random random_{2};
    int code_ = 0;
};

/* Tries the first, a middle and the last byte. */
template <class Space> bool Stage<Space>::translates(const Range &range, Expect expect)
{
    for (usize offset : {(usize)0, range.len / 2 - 1, range.len - 1}) {
        usize phys = expect == Expect::MAPPED ? range.phys + offset : 0;
        if (space_.translate(range.virt + offset) != phys)
            return false;
    }
    return true;
}

template <class Space> bool Stage<Space>::all_translate(const std::vector<Range> &ranges, Expect expect)
{
    return std::all_of(ranges.begin(), ranges.end(),
                       [&](const Range &range) { return translates(range, expect); });
}

template <class Space> const char *Stage<Space>::verdict_unmapped()
{
    if (code_ != 0)
        return "a call failed";
    if (!all_translate(scenario_.kept, Expect::MAPPED) || !all_translate(places_, Expect::MISSING))
        return "wrong translation after unmap";
    return space_.sound() ? nullptr : "the space does not verify";
}

template <class Space> const char *Stage<Space>::verdict_mapped()
{
    if (!all_translate(places_, Expect::MAPPED))
        return "wrong translation after map or protect";
    unmap();
    return verdict_unmapped();
}

template <class Space> const char *Stage<Space>::verdict_cut()
{
    for (const Range &cut : cuts_) {
        Range below = {cut.virt - cut.len, cut.phys - cut.len, cut.len};
        Range above = {cut.virt + cut.len, cut.phys + cut.len, cut.len};
        if (!translates(cut, Expect::MISSING) || !translates(below, Expect::MAPPED) ||
            !translates(above, Expect::MAPPED))
            return "wrong translation after a cut";
    }
    unmap();
    return verdict_unmapped();
}

static Work work_of(const Scenario &scenario, const std::vector<Range> &ranges)
{
    return {static_cast<double>(ranges.size()), pages_of(scenario, ranges)};
}

template <class Space> static const char *run_map(benchmark::State &state, const Scenario &scenario)
{
    Stage<Space> stage(scenario);
    auto prepare = [&] {
        stage.shuffle();
        stage.unmap();
        stage.shuffle();
    };
    timed(state, work_of(scenario, scenario.places), prepare, [&] { stage.map(); });
    return stage.verdict_mapped();
}

template <class Space> static const char *run_unmap(benchmark::State &state, const Scenario &scenario)
{
    Stage<Space> stage(scenario);
    auto prepare = [&] {
        stage.shuffle();
        stage.map();
        stage.shuffle();
    };
    timed(state, work_of(scenario, scenario.places), prepare, [&] { stage.unmap(); });
    return stage.verdict_unmapped();
}

template <class Space> static const char *run_cut(benchmark::State &state, const Scenario &scenario)
{
    Stage<Space> stage(scenario);
    auto prepare = [&] {
        stage.unmap();
        stage.map();
        stage.shuffle();
    };
    timed(state, work_of(scenario, scenario.cuts), prepare, [&] { stage.cut(); });
    return stage.verdict_cut();
}

/* Takes the right to write from every place and gives it back. */
template <class Space> static const char *run_protect(benchmark::State &state, const Scenario &scenario)
{
    Stage<Space> stage(scenario);
    stage.map();
    Work once = work_of(scenario, scenario.places);
    auto block = [&] {
        stage.protect(MEM_VMAP_READ);
        stage.protect(MEM_VMAP_WRITE);
    };
    timed(
        state, {2 * once.calls, 2 * once.pages}, [&] { stage.shuffle(); }, block);
    return stage.verdict_mapped();
}

enum Kind { MAP, UNMAP, CUT, PROTECT };

/* Iterations are given where what is not timed takes much longer: those take about 0.1 s in all. */
struct Load {
    usize places;
    Effort effort = {};
};

struct Row {
    const char *name;
    Kind kind;
    MakeScenario *make;
    Load engine, naive;
    Load smp = {0}; /* no places: not measured */
};

static const Row rows[] = {
    {"map_1x4K", MAP, single_pages, {256}, {256}, {256}},
    {"unmap_1x4K", UNMAP, single_pages, {256}, {256}, {256}},
    {"map_256x4K", MAP, runs_of_256, {8}, {8, {500}}, {8}},
    {"unmap_256x4K", UNMAP, runs_of_256, {8}, {8, {500}}, {8}},
    {"map_512x4K_kept", MAP, runs_of_512_kept, {4}, {4, {250}}},
    {"unmap_512x4K_kept", UNMAP, runs_of_512_kept, {4}, {4, {250}}},
    {"map_512x4K_new", MAP, runs_of_512_new, {4}, {4, {250}}},
    {"unmap_512x4K_new", UNMAP, runs_of_512_new, {16, {10000}}, {4, {250}}},
    {"map_1G_as_4K", MAP, gib_of_pages, {1}, {1, {2}}},
    {"unmap_1G_as_4K", UNMAP, gib_of_pages, {1, {500}}, {1, {2}}},
    {"map_1G_as_2M", MAP, gib_of_2m, {4, {20000}}, {1, {2}}},
    {"unmap_1G_as_2M", UNMAP, gib_of_2m, {4}, {1, {2}}},
    {"map_64G_as_1G", MAP, many_gib, {2, {100000}}, {1, {1, 1}}},
    {"unmap_64G_as_1G", UNMAP, many_gib, {2, {100000}}, {1, {1, 1}}},
    {"unmap_4K_of_2M", CUT, cuts_of_2m, {4}, {4, {250}}},
    {"unmap_4K_of_1G", CUT, cuts_of_1g, {2}, {2, {2}}},
    {"protect_256x4K", PROTECT, runs_of_256, {8}, {8}},
};

template <class Space>
static const char *run_kind(benchmark::State &state, Kind kind, const Scenario &scenario)
{
    switch (kind) {
    case MAP:
        return run_map<Space>(state, scenario);
    case UNMAP:
        return run_unmap<Space>(state, scenario);
    case CUT:
        return run_cut<Space>(state, scenario);
    case PROTECT:
        return run_protect<Space>(state, scenario);
    }
    return "unknown kind";
}

template <class Space> static void add(const Row &row, const Load &load)
{
    auto run = [&row, &load](benchmark::State &state) {
        return run_kind<Space>(state, row.kind, row.make(load.places));
    };
    add_benchmark(Space::prefix + std::string(row.name), run, load.effort);
}

/* What every format does, in pages of its own size. */
static void add_format(const char *format)
{
    static const struct {
        const char *name;
        Kind kind;
    } format_rows[] = {{"map_256", MAP}, {"unmap_256", UNMAP}, {"protect_256", PROTECT}};
    for (const auto &row : format_rows) {
        auto run = [kind = row.kind, format](benchmark::State &state) {
            return run_kind<Engine>(state, kind, format_runs_of_256(shape_of(format), 8));
        };
        add_benchmark("format/" + std::string(format) + "/" + row.name, run);
    }
}

void add_format_range_benchmarks()
{
    for (unsigned i = 0; const MemVmapFormat *format = mem_vmap_format_at(i); i++)
        add_format(mem_vmap_format_name(format));
}

void add_range_benchmarks()
{
    for (const Row &row : rows) {
        add<Engine>(row, row.engine);
        add<NaiveSpace>(row, row.naive);
        if (row.smp.places > 0)
            add<SmpEngine>(row, row.smp);
    }
}
