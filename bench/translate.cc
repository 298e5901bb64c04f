/* SPDX-License-Identifier: MIT */
#include "bench/random.h"
#include "bench/reference.h"
#include "bench/registry.h"
#include "bench/scenario.h"
#include "bench/smp.h"

static constexpr usize PAGE = 4096;
static constexpr usize VIRT = 0x100000000000;
static constexpr usize PHYS = 0x10000000000;

/* From a physical address to the virtual one that is looked up next, in the dependent benchmarks. */
static constexpr usize OFFSET = VIRT - PHYS;

/* Translations in one timed block. */
static constexpr usize STEPS = 4096;

static constexpr unsigned HOT_BITS = 4;  /* log2 of the pages: 64 KiB, */
static constexpr unsigned GIB_BITS = 18; /* 1 GiB, */
static constexpr unsigned BIG_BITS = 22; /* 16 GiB */

/*
 * A space whose pages lead from one to the next: page i has frame next[i], and following the frames as
 * if they were pages visits all of them in one random cycle.
 */
template <class Space> class Cycle
{
  public:
    explicit Cycle(unsigned bits) : next_(Random(3).cycle((usize)1 << bits)), space_(machine_)
    {
        for (usize i = 0; i < next_.size(); i++)
            code_ |= space_.map(phys(i), VIRT + i * PAGE, PAGE, MEM_VMAP_WRITE);
    }

    usize phys(usize page) const
    {
        return PHYS + next_[page] * PAGE;
    }

    /* Where following the frames from page 0 leads to. */
    usize after(usize steps) const
    {
        usize page = 0;
        for (steps %= next_.size(); steps > 0; steps--)
            page = next_[page];
        return VIRT + page * PAGE;
    }

    bool complete() const
    {
        return code_ == 0;
    }

    Space &space()
    {
        return space_;
    }

    RefTables tables() const
    {
        const Naive &naive = space_.raw();
        return {reinterpret_cast<const uint64_t *>(naive.port.direct_map + naive.root),
                naive.port.direct_map};
    }

  private:
    std::vector<uint32_t> next_;
    Machine machine_;
    Space space_;
    int code_ = 0;
};

/* The same with 2 MiB leaves, or as few leaves as the space can, one after the other. */
template <class Space> class Straight
{
  public:
    explicit Straight(unsigned bits) : space_(machine_)
    {
        code_ = space_.map(PHYS, VIRT, PAGE << bits, MEM_VMAP_WRITE | MEM_VMAP_CAP_2M);
    }

    usize phys(usize page) const
    {
        return PHYS + page * PAGE;
    }

    bool complete() const
    {
        return code_ == 0;
    }

    Space &space()
    {
        return space_;
    }

  private:
    Machine machine_;
    Space space_;
    int code_;
};

/* The order in which pages are looked up. */
class Ascending
{
  public:
    explicit Ascending(unsigned bits) : mask_(((usize)1 << bits) - 1)
    {
    }

    usize next()
    {
        return page_++ & mask_;
    }

  private:
    usize mask_, page_ = 0;
};

class Scattered
{
  public:
    explicit Scattered(unsigned bits) : bits_(bits)
    {
    }

    usize next()
    {
        return random_.bits(bits_);
    }

  private:
    unsigned bits_;
    Random random_{4};
};

static constexpr Work STEPS_WORK = {STEPS, STEPS};

static void nothing()
{
}

static const char *verdict(bool right)
{
    return right ? nullptr : "wrong translation";
}

template <class Space> static const char *run_chain(benchmark::State &state, unsigned bits)
{
    Cycle<Space> cycle(bits);
    usize virt = VIRT;
    auto block = [&] {
        for (usize i = 0; i < STEPS; i++)
            virt = cycle.space().translate(virt) + OFFSET;
    };
    block();
    timed(state, STEPS_WORK, nothing, block);
    return verdict(cycle.complete() && virt == cycle.after((state.iterations() + 1) * STEPS));
}

template <class Order, class Map> static usize expected_sum(const Map &map, Order order, usize steps)
{
    usize sum = 0;
    for (usize i = 0; i < steps; i++)
        sum += map.phys(order.next());
    return sum;
}

/* Lookups that do not depend on each other. */
template <class Map, class Order> static const char *run_lookups(benchmark::State &state, unsigned bits)
{
    Map map(bits);
    Order order(bits);
    usize sum = 0;
    auto block = [&] {
        Order here = order;
        for (usize i = 0; i < STEPS; i++)
            sum += map.space().translate(VIRT + here.next() * PAGE);
        order = here;
    };
    block();
    timed(state, STEPS_WORK, nothing, block);
    return verdict(map.complete() &&
                   sum == expected_sum(map, Order(bits), (state.iterations() + 1) * STEPS));
}

static const char *run_reference_chain(benchmark::State &state, unsigned bits)
{
    Cycle<NaiveSpace> cycle(bits);
    RefTables tables = cycle.tables();
    usize virt = VIRT;
    auto block = [&] { virt = ref_walk_chain(&tables, virt, OFFSET, STEPS); };
    block();
    timed(state, STEPS_WORK, nothing, block);
    return verdict(cycle.complete() && virt == cycle.after((state.iterations() + 1) * STEPS));
}

static const char *run_reference_leaves(benchmark::State &state, unsigned bits)
{
    Cycle<NaiveSpace> cycle(bits);
    RefTables tables = cycle.tables();
    std::vector<const uint64_t *> last;
    for (usize at = 0; at < PAGE << bits; at += REF_ENTRIES * PAGE)
        last.push_back(ref_last_table(&tables, VIRT + at));
    usize virt = VIRT;
    auto block = [&] { virt = ref_leaf_chain(last.data(), VIRT, virt, OFFSET, STEPS); };
    block();
    timed(state, STEPS_WORK, nothing, block);
    return verdict(cycle.complete() && virt == cycle.after((state.iterations() + 1) * STEPS));
}

static const char *run_reference_ascending(benchmark::State &state, unsigned bits)
{
    Cycle<NaiveSpace> cycle(bits);
    RefTables tables = cycle.tables();
    usize page = 0, sum = 0;
    auto block = [&] {
        sum += ref_walk_pages(&tables, VIRT + page * PAGE, STEPS);
        page = (page + STEPS) % ((usize)1 << bits);
    };
    block();
    timed(state, STEPS_WORK, nothing, block);
    usize steps = (state.iterations() + 1) * STEPS;
    return verdict(cycle.complete() && sum == expected_sum(cycle, Ascending(bits), steps));
}

template <const char *Function(benchmark::State &, unsigned)>
static void add(const std::string &name, unsigned bits)
{
    add_benchmark(name, [bits](benchmark::State &state) { return Function(state, bits); });
}

template <class Space> static void add_all(const std::string &prefix)
{
    add<run_chain<Space>>(prefix + "translate_hot", HOT_BITS);
    add<run_lookups<Cycle<Space>, Ascending>>(prefix + "translate_sequential", GIB_BITS);
    add<run_lookups<Cycle<Space>, Scattered>>(prefix + "translate_random", GIB_BITS);
    add<run_chain<Space>>(prefix + "translate_random_dependent", GIB_BITS);
    add<run_lookups<Straight<Space>, Scattered>>(prefix + "translate_2M_random", BIG_BITS);
}

/* As run_chain, in a format's own pages and addresses: what is hot is as many pages. */
static const char *run_format_chain(benchmark::State &state, const char *format)
{
    const Shape shape = shape_of(format);
    const usize offset = shape.virt - shape.phys;
    std::vector<uint32_t> next = Random(3).cycle((usize)1 << HOT_BITS);
    Machine machine;
    Engine space(machine, format);
    int code = 0;
    for (usize i = 0; i < next.size(); i++)
        code |= space.map(shape.phys + next[i] * shape.page, shape.virt + i * shape.page, shape.page,
                          MEM_VMAP_WRITE);
    usize virt = shape.virt;
    auto block = [&] {
        for (usize i = 0; i < STEPS; i++)
            virt = space.translate(virt) + offset;
    };
    block();
    timed(state, STEPS_WORK, nothing, block);
    return verdict(code == 0 && virt == shape.virt); /* STEPS go round the cycle a whole number of times */
}

void add_format_translate_benchmarks()
{
    for (unsigned i = 0; const MemVmapFormat *format = mem_vmap_format_at(i); i++) {
        const char *name = mem_vmap_format_name(format);
        add_benchmark("format/" + std::string(name) + "/translate_hot",
                      [name](benchmark::State &state) { return run_format_chain(state, name); });
    }
}

void add_translate_benchmarks()
{
    add_all<LoneEngine>("");
    add_all<Engine>("walk/"); /* the port names no CPU: there is no software TLB */
    add_all<NaiveSpace>(NaiveSpace::prefix);
    add<run_reference_chain>("ref/walk_hot_dependent", HOT_BITS);
    add<run_reference_ascending>("ref/walk_sequential", GIB_BITS);
    add<run_reference_chain>("ref/walk_random_dependent", GIB_BITS);
    add<run_reference_leaves>("ref/leaf_random_dependent", GIB_BITS);
}
