/* SPDX-License-Identifier: MIT */
#include "bench/scenario.h"
#include "bench/random.h"

static constexpr usize PAGE = 4096;
static constexpr usize TABLE = 512 * PAGE; /* what one table of pages spans */
static constexpr usize GIB = 512 * TABLE;

static constexpr usize VIRT = 0x100000000000;
static constexpr usize PHYS = 0x10000000000;

static constexpr int FLAGS = MEM_VMAP_WRITE;

/* `len` bytes at `offset` from the start of the scenario's range; virtual and physical go together. */
static Range range_at(usize offset, usize len)
{
    return {VIRT + offset, PHYS + offset, len};
}

double pages_of(const Scenario &scenario, const std::vector<Range> &ranges)
{
    usize total = 0;
    for (const Range &range : ranges)
        total += range.len;
    return static_cast<double>(total / scenario.page);
}

Shape shape_of(const char *format)
{
    constexpr usize AT = (usize)1 << 36;
    MemVmapFormatInfo info;
    mem_vmap_format_describe(mem_vmap_format_find(format), &info);
    usize virt = info.half == MEM_VMAP_UPPER ? ~(AT - 1) : AT;
    return {format, info.levels[0].size, virt, AT};
}

Scenario format_runs_of_256(const Shape &shape, usize places)
{
    usize page = shape.page, table = page / 8 * page;
    Scenario scenario = {FLAGS, {}, {}, {}, shape.format, page};
    for (usize i = 0; i < places; i++) {
        usize first = i * table + (1 + i * 31) * page; /* as in runs_of_256 */
        scenario.places.push_back({shape.virt + first, shape.phys + first, 256 * page});
        scenario.kept.push_back({shape.virt + first - page, shape.phys + first - page, page});
    }
    return scenario;
}

Scenario single_pages(usize places)
{
    constexpr usize TABLES = 4;
    Scenario scenario = {FLAGS, {}, {}, {}, nullptr, PAGE};
    Random random(1);
    for (usize table = 0; table < TABLES; table++) {
        /* A random order of the table's pages: the first are timed, half of them are kept. */
        std::vector<uint32_t> order = random.cycle(512);
        for (usize i = 0; i < 512; i++) {
            Range page = range_at(table * TABLE + order[i] * PAGE, PAGE);
            if (i < places / TABLES)
                scenario.places.push_back(page);
            else if (i >= 256)
                scenario.kept.push_back(page);
        }
    }
    return scenario;
}

Scenario runs_of_256(usize places)
{
    Scenario scenario = {FLAGS, {}, {}, {}, nullptr, PAGE};
    for (usize i = 0; i < places; i++) {
        /* Each starts somewhere else, or all would compete for the same sets of the cache. */
        usize first = i * TABLE + (1 + i * 31) * PAGE;
        scenario.places.push_back(range_at(first, 256 * PAGE));
        scenario.kept.push_back(range_at(first - PAGE, PAGE));
    }
    return scenario;
}

Scenario runs_of_512_kept(usize places)
{
    Scenario scenario = {FLAGS, {}, {}, {}, nullptr, PAGE};
    for (usize i = 0; i < places; i++) {
        usize first = 2 * i * TABLE + 256 * PAGE;
        scenario.places.push_back(range_at(first, TABLE));
        scenario.kept.push_back(range_at(first - PAGE, PAGE));
        scenario.kept.push_back(range_at(first + TABLE, PAGE));
    }
    return scenario;
}

/* Places of `len` bytes one after the other, and a page behind them that keeps the tables above theirs. */
static Scenario row_of(usize places, usize len, int flags)
{
    Scenario scenario = {flags, {}, {range_at(places * len, PAGE)}, {}, nullptr, PAGE};
    for (usize i = 0; i < places; i++)
        scenario.places.push_back(range_at(i * len, len));
    return scenario;
}

Scenario runs_of_512_new(usize places)
{
    return row_of(places, TABLE, FLAGS | MEM_VMAP_CAP_4K);
}

Scenario gib_of_pages(usize places)
{
    return row_of(places, GIB, FLAGS | MEM_VMAP_CAP_4K);
}

Scenario gib_of_2m(usize places)
{
    return row_of(places, GIB, FLAGS | MEM_VMAP_CAP_2M);
}

Scenario many_gib(usize places)
{
    return row_of(places, 64 * GIB, FLAGS);
}

static Scenario cuts_of(usize places, usize leaf)
{
    Scenario scenario = row_of(places, leaf, FLAGS);
    for (usize i = 0; i < places; i++)
        scenario.cuts.push_back(range_at(i * leaf + leaf / 2 + (i + 1) * 7 * PAGE, PAGE));
    return scenario;
}

Scenario cuts_of_2m(usize places)
{
    return cuts_of(places, TABLE);
}

Scenario cuts_of_1g(usize places)
{
    return cuts_of(places, GIB);
}
