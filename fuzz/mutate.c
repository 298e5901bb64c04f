/* SPDX-License-Identifier: MIT */
#include "fuzz/mutate.h"

#include <string.h>

#define PAGE      ((uint64_t)4096)
#define COUNT(of) (sizeof(of) / sizeof *(of))

/* What an entry covers, from the page to the fifth level. */
static const uint64_t spans[] = {PAGE, PAGE << 9, PAGE << 18, PAGE << 27, PAGE << 36};

/* The ends of the address spaces of all formats and of their holes, and places between. */
static const uint64_t places[] = {
    0,
    0x40000000,
    0x8000000000,
    0x7fffc0000000,
    0x800000000000,
    0xffff800000000000,
    0xffffff8000000000,
    0xffffffffc0000000,
    0xffffffffffe00000,
    0xfffffffffffff000,
    0x1000000000000,
    0x4000000000,
    0xffffffc000000000,
    0x10000000000000,
    0xffff000000000000,
    0xfff0000000000000,
    0xffffffc0000000,
    0x100000000000000,
    0xff00000000000000,
    0xffffffffc0000000,
};

/* Beyond the last frame of 52 bits, and nearer ones. */
static const uint64_t frames[] = {0, 0x200000, 0x40000000, 0x8000000000, 0xfffffffe00000, 0xfffffc0000000};

uint64_t mutation_random(Mutation *m, uint64_t limit)
{
    uint64_t z = m->random += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (z ^ z >> 31) % limit;
}

static bool one_in(Mutation *m, uint64_t n)
{
    return mutation_random(m, n) == 0;
}

static uint64_t any_span(Mutation *m)
{
    /* The upper levels are where little happens. */
    return spans[mutation_random(m, one_in(m, 8) ? COUNT(spans) : 3)];
}

static InputRecord *any_record(Mutation *m)
{
    return &m->records[mutation_random(m, m->count)];
}

/* -1, 0 or 1 page, mostly 0. */
static uint64_t nudge(Mutation *m)
{
    return one_in(m, 3) ? (mutation_random(m, 3) - 1) * PAGE : 0;
}

static uint64_t any_len(Mutation *m)
{
    uint64_t len = any_span(m) * (1 + mutation_random(m, 4)) + nudge(m);
    return one_in(m, 16) ? len - 1 - mutation_random(m, PAGE) : len;
}

static uint64_t any_place(Mutation *m)
{
    uint64_t at =
        m->count > 0 && !one_in(m, 4) ? any_record(m)->virt : places[mutation_random(m, COUNT(places))];
    return at + (mutation_random(m, 5) - 2) * any_span(m) + nudge(m);
}

/* A frame whose alignment goes with the address, up to some level. */
static uint64_t frame_for(Mutation *m, uint64_t virt)
{
    uint64_t span = any_span(m), frame = frames[mutation_random(m, COUNT(frames))];
    frame += mutation_random(m, 8) * spans[2];
    return (frame & ~(span - 1)) + (virt & (span - 1));
}

static InputRecord fresh(Mutation *m)
{
    InputRecord record = {.verb = (uint8_t)mutation_random(m, 256)};
    record.rights = (uint8_t)(one_in(m, 2) ? 0 : mutation_random(m, 256));
    record.more = (uint8_t)(one_in(m, 2) ? 0 : mutation_random(m, 8));
    record.number = (uint8_t)mutation_random(m, one_in(m, 4) ? 256 : 4);
    record.virt = any_place(m);
    record.phys = frame_for(m, record.virt);
    record.len = any_len(m);
    return record;
}

static void insert_at(Mutation *m, size_t at, const InputRecord *record)
{
    if (m->count == INPUT_RECORDS_MAX)
        return;
    memmove(&m->records[at + 1], &m->records[at], (m->count - at) * sizeof *record);
    m->records[at] = *record;
    m->count++;
}

static void insert(Mutation *m)
{
    InputRecord record = fresh(m);
    insert_at(m, mutation_random(m, m->count + 1), &record);
}

static void drop(Mutation *m)
{
    size_t at = mutation_random(m, m->count), most = one_in(m, 3) ? m->count - at : 1;
    size_t gone = 1 + mutation_random(m, most);
    memmove(&m->records[at], &m->records[at + gone], (m->count - at - gone) * sizeof *m->records);
    m->count -= gone;
}

static void repeat(Mutation *m)
{
    InputRecord record = *any_record(m);
    insert_at(m, mutation_random(m, m->count + 1), &record);
}

/* The same range again, with another verb, some time after. */
static void follow(Mutation *m)
{
    size_t at = mutation_random(m, m->count);
    InputRecord record = m->records[at];
    record.verb = (uint8_t)mutation_random(m, 256);
    insert_at(m, at + 1 + mutation_random(m, m->count - at), &record);
}

static void shuffle(Mutation *m)
{
    InputRecord *a = any_record(m), *b = any_record(m), swap = *a;
    *a = *b;
    *b = swap;
}

/* Moves an address, or the end, to the nearest boundary of some level. */
static void snap(Mutation *m)
{
    InputRecord *record = any_record(m);
    uint64_t span = any_span(m), half = span / 2;
    switch (mutation_random(m, 4)) {
    case 0:
        record->virt = (record->virt + half) & ~(span - 1);
        break;
    case 1:
        record->phys = (record->phys + half) & ~(span - 1);
        break;
    case 2:
        record->len = ((record->virt + record->len + half) & ~(span - 1)) - record->virt;
        break;
    default:
        record->phys = (record->phys & ~(span - 1)) + (record->virt & (span - 1));
    }
}

/* Makes two ranges touch, or overlap or miss each other by a page. */
static void touch(Mutation *m)
{
    InputRecord *record = any_record(m);
    const InputRecord *other = any_record(m);
    if (one_in(m, 2))
        record->virt = other->virt + other->len + nudge(m);
    else
        record->virt = other->virt - record->len + nudge(m);
    if (one_in(m, 2)) /* and go on in the frames as well, so that leaves could join */
        record->phys = other->phys + (record->virt - other->virt);
}

/* Makes one range a part of another. */
static void nest(Mutation *m)
{
    InputRecord *record = any_record(m);
    const InputRecord *outer = any_record(m);
    uint64_t skip = any_span(m);
    record->virt = outer->virt + (one_in(m, 3) ? 0 : skip * mutation_random(m, 3));
    record->len = one_in(m, 3) ? outer->len - (record->virt - outer->virt) : any_len(m);
}

static void resize(Mutation *m)
{
    InputRecord *record = any_record(m);
    record->len = one_in(m, 2) ? any_len(m) : record->len + (mutation_random(m, 3) - 1) * any_span(m);
}

static void reflag(Mutation *m)
{
    InputRecord *record = any_record(m);
    record->rights ^= (uint8_t)(1 << mutation_random(m, 8));
    if (one_in(m, 2))
        record->more ^= (uint8_t)(1 << mutation_random(m, 3));
    if (one_in(m, 8))
        record->more ^= INPUT_RAW;
}

/* The k-th allocation from here on fails. */
static void starve(Mutation *m)
{
    TraceVerb verb = one_in(m, 2) ? TRACE_FAIL_ONCE : TRACE_FAIL_FROM;
    InputRecord record = {.verb = input_verb_byte(m->area, verb)};
    record.number = (uint8_t)mutation_random(m, one_in(m, 8) ? 256 : 5);
    insert_at(m, mutation_random(m, m->count + 1), &record);
}

/* Any bit anywhere: offsets in a page, absurd lengths, addresses that are not canonical. */
static void flip(Mutation *m)
{
    InputRecord *record = any_record(m);
    uint64_t bit = (uint64_t)1 << mutation_random(m, 64);
    switch (mutation_random(m, 4)) {
    case 0:
        record->virt ^= bit;
        break;
    case 1:
        record->phys ^= bit;
        break;
    case 2:
        record->len ^= bit;
        break;
    default:
        record->verb ^= (uint8_t)bit;
    }
}

void mutate(Mutation *m)
{
    static void (*const changes[])(Mutation *) = {
        drop,  repeat, follow, follow, shuffle, snap,   snap, touch,
        touch, nest,   nest,   resize, reflag,  starve, flip,
    };
    for (uint64_t times = 1 + mutation_random(m, 4); times > 0; times--) {
        if (m->count == 0 || one_in(m, 4))
            insert(m);
        else
            changes[mutation_random(m, COUNT(changes))](m);
    }
}

void splice(Mutation *m, const Mutation *other)
{
    m->count = mutation_random(m, m->count + 1);
    size_t from = mutation_random(m, other->count + 1);
    for (; from < other->count && m->count < INPUT_RECORDS_MAX; from++)
        m->records[m->count++] = other->records[from];
}
