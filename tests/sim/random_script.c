/* SPDX-License-Identifier: MIT */

/* Random scripts: the addresses that they are about, and what they do there. */

#include "tests/sim/random.h"

#define KIB4 ((usize)1 << 12)
#define MIB2 ((usize)1 << 21)
#define GIB1 ((usize)1 << 30)
#define LOW  (3 * GIB1)
#define HIGH ((usize)0xffff900000000000)
#define WIDE ((usize)1 << 50)            /* where there are so many bits */
#define KERN ((usize)0xffffc00000000000) /* mapped alike in all spaces, and global */
#define EDGE ((usize)1 << 39)            /* a boundary between entries of every level */

static const usize probes[] = {
    LOW,
    LOW + KIB4,
    LOW + 2 * KIB4,
    LOW + 7 * KIB4,
    LOW + MIB2 - KIB4,
    LOW + MIB2,
    LOW + MIB2 + 9 * KIB4,
    LOW + 2 * MIB2,
    LOW + 511 * MIB2,
    LOW + GIB1 - KIB4,
    LOW + GIB1,
    LOW + GIB1 + KIB4,
    LOW + GIB1 + 2 * MIB2,
    LOW + 2 * GIB1 - KIB4,
    EDGE - KIB4,
    EDGE,
    HIGH,
    HIGH + KIB4,
    HIGH + MIB2,
    HIGH + MIB2 + 5 * KIB4,
    (usize)0 - KIB4,
    WIDE,
    WIDE + KIB4,
    KERN,
    KERN + KIB4,
    KERN + MIB2,
    KERN + 2 * MIB2 - KIB4,
};

typedef struct area {
    usize virt, len;
} Area;

static const Area user_areas[] = {
    {LOW, KIB4},
    {LOW + KIB4, KIB4},
    {LOW, 3 * KIB4},
    {LOW, 8 * KIB4},
    {LOW + KIB4, 7 * KIB4},
    {LOW + MIB2 - KIB4, KIB4},
    {LOW + MIB2 - KIB4, 2 * KIB4},
    {LOW, MIB2},
    {LOW + MIB2, MIB2},
    {LOW + MIB2 + 9 * KIB4, KIB4},
    {LOW, 2 * MIB2},
    {LOW + KIB4, 2 * MIB2},
    {LOW, 3 * MIB2},
    {LOW + 511 * MIB2, MIB2},
    {LOW + GIB1, KIB4},
    {LOW + GIB1, 2 * KIB4},
    {LOW + GIB1 + 2 * MIB2, KIB4},
    {EDGE - KIB4, KIB4},
    {EDGE - KIB4, 2 * KIB4},
    {EDGE, KIB4},
    {HIGH, KIB4},
    {HIGH, 2 * KIB4},
    {HIGH + MIB2, MIB2},
    {HIGH + MIB2 + 5 * KIB4, KIB4},
    {HIGH, 2 * MIB2},
    {(usize)0 - KIB4, KIB4},
    {WIDE, KIB4},
    {WIDE, 2 * KIB4},
};

static const Area huge_areas[] = {
    {LOW, GIB1}, {LOW + GIB1, GIB1}, {LOW, 2 * GIB1}, {LOW + MIB2, GIB1}, {EDGE - GIB1, 2 * GIB1},
};

static const Area kernel_areas[] = {
    {KERN, KIB4}, {KERN, 2 * KIB4}, {KERN + MIB2, MIB2}, {KERN, 2 * MIB2}, {KERN + 2 * MIB2 - KIB4, KIB4},
};

/* A run is about a few areas: so its calls meet. */
static struct {
    Area area[8];
    unsigned count;
    bool kernel;
    usize probe[PROBES]; /* those in these areas */
    unsigned probe_count;
} theme;

static bool contains(const Area *area, usize virt)
{
    return virt - area->virt < area->len;
}

static Area area_of_a_theme(void)
{
    Area area;
    do
        area = below(12) == 0 ? huge_areas[below(sizeof huge_areas / sizeof *huge_areas)]
                              : user_areas[below(sizeof user_areas / sizeof *user_areas)];
    while (!sim_exists(sim.config.kind, area.virt));
    area.virt = sim_place(sim.config.kind, area.virt);
    return area;
}

static bool is_of_the_theme(usize virt)
{
    bool about = theme.kernel && virt - sim_place(sim.config.kind, KERN) < 2 * MIB2;
    for (unsigned i = 0; i < theme.count; i++)
        about |= contains(&theme.area[i], virt);
    return about;
}

void random_theme(void)
{
    theme.count = 1 + below(5);
    theme.kernel = below(2) == 0;
    for (unsigned i = 0; i < theme.count; i++)
        theme.area[i] = area_of_a_theme();
    theme.probe_count = 0;
    for (unsigned i = 0; i < sim.config.probes; i++)
        if (is_of_the_theme(sim.config.probe[i]))
            theme.probe[theme.probe_count++] = sim.config.probe[i];
}

void random_probes(Config *config)
{
    config->probes = 0;
    for (unsigned i = 0; i < sizeof probes / sizeof *probes; i++)
        if (sim_exists(config->kind, probes[i]))
            config->probe[config->probes++] = sim_place(config->kind, probes[i]);
}

usize random_probe(void)
{
    return theme.probe[below(theme.probe_count)];
}

static Area some_area(void)
{
    return theme.area[below(theme.count)];
}

/* For what may fall into holes. */
static Area any_area(void)
{
    return below(24) == 0 ? (Area){0, (usize)-1} : some_area();
}

static int some_rights(void)
{
    static const int rights[] = {0, MEM_VMAP_WRITE, MEM_VMAP_EXEC, MEM_VMAP_WRITE | MEM_VMAP_USER};
    return rights[below(4)];
}

/* Scripts. */

static Act act_in(DoKind kind, Area area)
{
    Act act = {.kind = kind, .space = below(sim.config.spaces), .virt = area.virt, .len = area.len};
    act.flags = some_rights();
    act.masked = below(8) == 0;
    return act;
}

static Act some_map(void)
{
    Act act = act_in(DO_MAP, some_area());
    if (act.len <= 4 * MIB2 && below(3) == 0)
        act.flags |= MEM_VMAP_CAP_4K;
    if (act.len > MIB2 && below(4) == 0)
        act.flags |= MEM_VMAP_CAP_2M;
    if (below(4) == 0)
        act.flags |= MEM_VMAP_NO_RESERVE;
    act.uneven = act.len <= 4 * MIB2 && below(8) == 0;
    return act;
}

static Act at_probe(DoKind kind)
{
    Act act = {.kind = kind, .space = below(sim.config.spaces)};
    act.virt = random_probe();
    act.flags = (int[]){0, MEM_VMAP_WRITE, MEM_VMAP_WRITE, MEM_VMAP_EXEC}[below(4)];
    return act;
}

/* The same in every space, one after the other. */
static unsigned kernel_acts(Act *acts)
{
    static const DoKind kinds[] = {DO_MAP, DO_MAP, DO_UNMAP, DO_UNMAP, DO_PROTECT};
    Area area = kernel_areas[below(sizeof kernel_areas / sizeof *kernel_areas)];
    Act act = act_in(kinds[below(5)], area);
    act.virt = sim_place(sim.config.kind, act.virt);
    act.flags |= MEM_VMAP_GLOBAL;
    for (unsigned i = 0; i < sim.config.spaces; i++) {
        acts[i] = act;
        acts[i].space = i;
        acts[i].shared = i > 0;
    }
    return sim.config.spaces;
}

static unsigned batch_acts(Act *acts)
{
    unsigned count = 0, calls = 1 + below(6);
    acts[count++] = act_in(DO_BATCH_BEGIN, some_area());
    for (unsigned i = 0; i < calls; i++)
        acts[count++] =
            below(4) == 0 ? act_in(DO_BATCH_PROTECT, some_area()) : act_in(DO_BATCH_UNMAP, any_area());
    if (below(4) != 0)
        acts[count++] = (Act){.kind = DO_BATCH_END};
    return count;
}

static Act single_act(void)
{
    switch (below(20)) {
    case 0:
    case 1:
    case 2:
    case 3:
        return some_map();
    case 4:
    case 5:
    case 6:
    case 7:
        return act_in(DO_UNMAP, any_area());
    case 8:
    case 9:
        return act_in(DO_PROTECT, some_area());
    case 10:
        return act_in(DO_COLLAPSE, some_area());
    case 11:
    case 12:
        return act_in(DO_SWITCH, some_area());
    case 13:
        return below(2) == 0 ? (Act){.kind = DO_IDLE} : (Act){.kind = DO_SERVE};
    case 14:
    case 15:
    case 16:
        return at_probe(DO_ACCESS);
    case 17:
        return at_probe(DO_TRANSLATE);
    case 18:
        return at_probe(DO_LOOKUP);
    default:
        return below(2) == 0 ? act_in(DO_RENEW, some_area()) : (Act){.kind = DO_LEAVE};
    }
}

unsigned random_script(Act *acts, unsigned length)
{
    unsigned count = 0;
    acts[count++] = act_in(DO_SWITCH, some_area());
    while (count < length) {
        unsigned what = below(12);
        if (what == 0 && theme.kernel)
            count += kernel_acts(acts + count);
        else if (what == 1)
            count += batch_acts(acts + count);
        else
            acts[count++] = single_act();
        if (acts[count - 1].kind == DO_LEAVE) {
            acts[count++] = (Act){.kind = DO_JOIN};
            acts[count++] = act_in(DO_SWITCH, some_area());
        }
    }
    return count;
}
