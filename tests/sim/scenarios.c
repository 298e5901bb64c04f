/* SPDX-License-Identifier: MIT */

#include "tests/sim/scenario.h"

#define KIB4 ((usize)1 << 12)
#define MIB2 ((usize)1 << 21)
#define AT   ((usize)3 << 30)
#define NEXT (AT + KIB4)
#define FAR  (AT + MIB2) /* in another table of the lowest level */
#define KERN ((usize)0xffffc00000000000)

#define RW  MEM_VMAP_WRITE
#define RWG (MEM_VMAP_WRITE | MEM_VMAP_GLOBAL)

/* Acts, in space `s`. */
#define MAP(s, at, size, rights)                                                                           \
    ((Act){.kind = DO_MAP, .space = s, .virt = at, .len = size, .flags = rights})
#define SAME_MAP(s, at, size, rights)                                                                      \
    ((Act){.kind = DO_MAP, .space = s, .virt = at, .len = size, .flags = rights, .shared = true})
#define UNMAP(s, at, size) ((Act){.kind = DO_UNMAP, .space = s, .virt = at, .len = size})
#define MASKED_UNMAP(s, at, size)                                                                          \
    ((Act){.kind = DO_UNMAP, .space = s, .virt = at, .len = size, .masked = true})
#define PROTECT(s, at, size, rights)                                                                       \
    ((Act){.kind = DO_PROTECT, .space = s, .virt = at, .len = size, .flags = rights})
#define COLLAPSE(s, at, size) ((Act){.kind = DO_COLLAPSE, .space = s, .virt = at, .len = size})
#define BEGIN(s)              ((Act){.kind = DO_BATCH_BEGIN, .space = s})
#define BATCH_UNMAP(at, size) ((Act){.kind = DO_BATCH_UNMAP, .virt = at, .len = size})
#define END                   ((Act){.kind = DO_BATCH_END})
#define SWITCH(s)             ((Act){.kind = DO_SWITCH, .space = s})
#define IDLE                  ((Act){.kind = DO_IDLE})
#define WRITE(at)             ((Act){.kind = DO_ACCESS, .virt = at, .flags = MEM_VMAP_WRITE})
#define TRANSLATE(s, at)      ((Act){.kind = DO_TRANSLATE, .space = s, .virt = at})
#define LOOKUP(s, at)         ((Act){.kind = DO_LOOKUP, .space = s, .virt = at})
#define LEAVE                 ((Act){.kind = DO_LEAVE})
#define USE_UP                ((Act){.kind = DO_USE_ASIDS_UP})
#define JOIN                  ((Act){.kind = DO_JOIN})

/* Features: ASIDs, INVPCID, globals, ceiling. */
#define PLAIN ((MemVmapCpuFeatures){.asids = 0})
#define PCID  ((MemVmapCpuFeatures){.asids = 4096, .by_asid = true, .globals = true})
#define TIGHT ((MemVmapCpuFeatures){.asids = 3, .globals = true, .ceiling = 1})

const Scenario scenarios[] = {
    {
        .name = "unmap_and_use",
        .cpus = 2,
        .spaces = 1,
        .features = PLAIN,
        .preemptions = 3,
        .probes = {AT, NEXT},
        .setup = {MAP(0, AT, 2 * KIB4, RW)},
        .loaded = {0, 0},
        .script = {{UNMAP(0, AT, KIB4)}, {WRITE(AT), WRITE(NEXT)}},
    },
    {
        .name = "two_unmap_the_same",
        .cpus = 2,
        .spaces = 1,
        .features = PCID,
        .preemptions = 2,
        .probes = {AT, NEXT},
        .setup = {MAP(0, AT, 2 * KIB4, RW)},
        .loaded = {0, 0},
        .script = {{UNMAP(0, AT, KIB4)}, {UNMAP(0, AT, KIB4)}},
    },
    {
        .name = "two_wait_with_interrupts_off",
        .cpus = 2,
        .spaces = 1,
        .features = PLAIN,
        .preemptions = 2,
        .probes = {AT, NEXT},
        .setup = {MAP(0, AT, 2 * KIB4, RW)},
        .loaded = {0, 0},
        .script = {{MASKED_UNMAP(0, AT, KIB4)}, {MASKED_UNMAP(0, NEXT, KIB4)}},
    },
    {
        .name = "two_unmap_neighbours",
        .cpus = 2,
        .spaces = 1,
        .features = PCID,
        .preemptions = 2,
        .probes = {AT, NEXT},
        .setup = {MAP(0, AT, 2 * KIB4, RW)},
        .loaded = {0, 0},
        .script = {{UNMAP(0, AT, KIB4)}, {UNMAP(0, NEXT, KIB4)}},
    },
    {
        .name = "three_cpus_unmap",
        .cpus = 3,
        .spaces = 1,
        .features = PCID,
        .preemptions = 1,
        .probes = {AT, NEXT},
        .setup = {MAP(0, AT, 2 * KIB4, RW)},
        .loaded = {0, 0, 0},
        .script = {{UNMAP(0, AT, KIB4)}, {UNMAP(0, NEXT, KIB4)}, {WRITE(AT)}},
    },
    {
        .name = "a_batch_and_an_unmap",
        .cpus = 2,
        .spaces = 1,
        .features = TIGHT,
        .preemptions = 2,
        .probes = {AT, NEXT, FAR},
        .setup = {MAP(0, AT, 2 * KIB4, RW), MAP(0, FAR, KIB4, RW)},
        .loaded = {0, 0},
        .script = {{BEGIN(0), BATCH_UNMAP(AT, KIB4), BATCH_UNMAP(FAR, KIB4), END},
                   {UNMAP(0, AT, KIB4), WRITE(FAR)}},
    },
    {
        .name = "a_batch_overflows",
        .cpus = 2,
        .spaces = 1,
        .features = PCID,
        .preemptions = 2,
        .probes = {AT, AT + 2 * KIB4, AT + 4 * KIB4, AT + 6 * KIB4, AT + 8 * KIB4},
        .setup = {MAP(0, AT, 9 * KIB4, RW)},
        .loaded = {0, 0},
        .script = {{BEGIN(0), BATCH_UNMAP(AT, KIB4), BATCH_UNMAP(AT + 2 * KIB4, KIB4),
                    BATCH_UNMAP(AT + 4 * KIB4, KIB4), BATCH_UNMAP(AT + 6 * KIB4, KIB4), END},
                   {WRITE(AT)}},
    },
    {
        .name = "switch_while_another_unmaps",
        .cpus = 2,
        .spaces = 2,
        .features = PCID,
        .preemptions = 2,
        .probes = {AT, NEXT},
        .setup = {MAP(0, AT, 3 * KIB4, RW), MAP(1, AT, KIB4, 0)},
        .loaded = {0, 0},
        .script = {{UNMAP(0, AT, KIB4), UNMAP(0, NEXT, KIB4)}, {SWITCH(1), SWITCH(0)}},
    },
    {
        .name = "switch_from_a_space_with_a_higher_number",
        .cpus = 2,
        .spaces = 2,
        .features = PCID,
        .preemptions = 2,
        .probes = {AT},
        .setup = {MAP(0, AT, KIB4, RW), MAP(1, NEXT, KIB4, 0), UNMAP(1, NEXT, KIB4)},
        .loaded = {0, 0},
        .script = {{UNMAP(0, AT, KIB4)}, {SWITCH(1), SWITCH(0)}},
    },
    {
        .name = "switch_without_asids",
        .cpus = 2,
        .spaces = 2,
        .features = PLAIN,
        .preemptions = 3,
        .probes = {AT},
        .setup = {MAP(0, AT, KIB4, RW), MAP(1, AT, KIB4, 0)},
        .loaded = {1, 1},
        .script = {{UNMAP(0, AT, KIB4)}, {SWITCH(0), SWITCH(1)}},
    },
    {
        .name = "asids_run_out",
        .cpus = 2,
        .spaces = 3,
        .features = TIGHT,
        .preemptions = 2,
        .probes = {AT, NEXT},
        .setup = {MAP(0, AT, 2 * KIB4, RW), MAP(1, AT, KIB4, 0), MAP(2, AT, KIB4, 0)},
        .loaded = {0, 0},
        .script = {{UNMAP(0, AT, KIB4)}, {SWITCH(1), SWITCH(2), SWITCH(0)}},
    },
    {
        .name = "asids_begin_anew_while_another_unmaps",
        .cpus = 2,
        .spaces = 3,
        .features = TIGHT,
        .asids_gone = true,
        .preemptions = 2,
        .probes = {AT, NEXT},
        .setup = {MAP(0, AT, 2 * KIB4, RW), MAP(1, AT, KIB4, 0)},
        .loaded = {0, 0},
        .script = {{UNMAP(0, AT, KIB4), UNMAP(0, NEXT, KIB4)}, {SWITCH(1), SWITCH(0)}},
    },
    {
        .name = "asids_begin_anew_while_another_switches",
        .cpus = 2,
        .spaces = 3,
        .features = TIGHT,
        .asids_gone = true,
        .preemptions = 2,
        .probes = {AT},
        .setup = {MAP(0, AT, KIB4, RW), MAP(1, AT, KIB4, 0), MAP(2, AT, KIB4, RW)},
        .loaded = {0, 1},
        .script = {{SWITCH(2), UNMAP(1, AT, KIB4)}, {SWITCH(0), SWITCH(1)}},
    },
    {
        .name = "asids_begin_anew_while_a_space_is_left",
        .cpus = 2,
        .spaces = 3,
        .features = TIGHT,
        .asids_gone = true,
        .preemptions = 2,
        .probes = {AT},
        .setup = {MAP(0, AT, KIB4, RW), MAP(1, AT, KIB4, 0)},
        .loaded = {1, 0},
        .script = {{SWITCH(2), SWITCH(0), UNMAP(0, AT, KIB4)}, {SWITCH(1)}},
    },
    {
        .name = "asids_begin_anew_while_a_number_is_read",
        .cpus = 2,
        .spaces = 3,
        .features = TIGHT,
        .preemptions = 2,
        .probes = {AT},
        .setup = {MAP(0, AT, KIB4, RW), MAP(1, AT, KIB4, 0)},
        .loaded = {1, 0},
        .script = {{USE_UP, SWITCH(2), SWITCH(0), UNMAP(0, AT, KIB4)}, {SWITCH(1), SWITCH(0)}},
    },
    {
        .name = "an_asid_lags_behind_a_table",
        .cpus = 2,
        .spaces = 2,
        .features = PCID,
        .preemptions = 2,
        .probes = {AT, FAR},
        .setup = {MAP(0, AT, KIB4, RW), MAP(0, FAR, KIB4, RW)},
        .loaded = {0, 0},
        .script = {{UNMAP(0, AT, KIB4), MAP(0, FAR + MIB2, KIB4, 0)}, {SWITCH(1), SWITCH(0)}},
    },
    {
        .name = "idle_while_another_unmaps",
        .cpus = 2,
        .spaces = 1,
        .features = PCID,
        .preemptions = 2,
        .probes = {AT, NEXT, FAR},
        .setup = {MAP(0, AT, 2 * KIB4, RW), MAP(0, FAR, KIB4, RW)},
        .loaded = {0, 0},
        .script = {{UNMAP(0, AT, KIB4), UNMAP(0, FAR, KIB4)}, {IDLE, SWITCH(0)}},
    },
    {
        .name = "leave_and_join_while_another_unmaps",
        .cpus = 2,
        .spaces = 1,
        .features = PCID,
        .preemptions = 2,
        .probes = {KERN, AT},
        .setup = {MAP(0, KERN, KIB4, RWG), MAP(0, AT, KIB4, RW)},
        .loaded = {0, 0},
        .script = {{UNMAP(0, KERN, KIB4), UNMAP(0, AT, KIB4)}, {LEAVE, JOIN, SWITCH(0)}},
    },
    {
        .name = "unmap_of_something_global",
        .cpus = 2,
        .spaces = 2,
        .features = PCID,
        .preemptions = 2,
        .probes = {KERN, KERN + KIB4},
        .setup = {MAP(0, KERN, KIB4, RWG), SAME_MAP(1, KERN, KIB4, RWG)},
        .loaded = {0, 1},
        .script = {{UNMAP(0, KERN, KIB4), UNMAP(1, KERN, KIB4)}, {SWITCH(0)}},
    },
    {
        .name = "map_where_a_table_went",
        .cpus = 2,
        .spaces = 1,
        .features = PLAIN,
        .preemptions = 2,
        .probes = {AT, NEXT},
        .setup = {MAP(0, AT, KIB4, RW)},
        .loaded = {0, 0},
        .script = {{UNMAP(0, AT, KIB4)}, {MAP(0, NEXT, KIB4, RW), WRITE(NEXT)}},
    },
    {
        .name = "read_while_a_table_goes",
        .cpus = 2,
        .spaces = 1,
        .features = PLAIN,
        .preemptions = 3,
        .probes = {AT, FAR},
        .setup = {MAP(0, AT, KIB4, RW)},
        .loaded = {0, NOWHERE},
        .script = {{UNMAP(0, AT, KIB4), MAP(0, FAR, KIB4, 0)}, {TRANSLATE(0, AT), LOOKUP(0, AT)}},
    },
    {
        .name = "read_while_a_table_is_used_again",
        .cpus = 2,
        .spaces = 2,
        .features = PLAIN,
        .preemptions = 3,
        .probes = {AT},
        .setup = {MAP(0, AT, KIB4, RW)},
        .loaded = {NOWHERE, NOWHERE},
        .script = {{UNMAP(0, AT, KIB4), MAP(1, AT, KIB4, 0)}, {LOOKUP(0, AT), LOOKUP(0, AT)}},
    },
    {
        .name = "protect_what_another_writes",
        .cpus = 2,
        .spaces = 1,
        .features = PCID,
        .preemptions = 2,
        .probes = {AT, NEXT, FAR - KIB4},
        .setup = {MAP(0, AT, MIB2, RW)},
        .loaded = {0, 0},
        .script = {{PROTECT(0, AT, KIB4, 0)}, {WRITE(AT), WRITE(NEXT), LOOKUP(0, NEXT)}},
    },
    {
        .name = "two_protect_the_same",
        .cpus = 2,
        .spaces = 1,
        .features = PCID,
        .preemptions = 2,
        .probes = {AT, NEXT},
        .setup = {MAP(0, AT, 2 * KIB4, RW)},
        .loaded = {0, 0},
        .script = {{PROTECT(0, AT, KIB4, 0)}, {PROTECT(0, AT, 2 * KIB4, MEM_VMAP_EXEC), WRITE(AT)}},
    },
    {
        .name = "collapse_what_another_writes",
        .cpus = 2,
        .spaces = 1,
        .features = TIGHT,
        .preemptions = 2,
        .probes = {AT, NEXT, FAR - KIB4},
        .setup = {MAP(0, AT, MIB2, RW | MEM_VMAP_CAP_4K)},
        .loaded = {0, 0},
        .script = {{COLLAPSE(0, AT, MIB2)}, {WRITE(NEXT), LOOKUP(0, NEXT), UNMAP(0, AT, KIB4)}},
    },
    {
        .name = "unmap_of_a_subtree",
        .cpus = 2,
        .spaces = 1,
        .features = PCID,
        .preemptions = 2,
        .probes = {AT, NEXT, FAR, FAR + KIB4},
        .setup = {MAP(0, AT, 2 * KIB4, RW), MAP(0, FAR, 2 * KIB4, RW)},
        .loaded = {0, 0},
        .script = {{UNMAP(0, AT, 2 * MIB2)}, {UNMAP(0, FAR, KIB4), TRANSLATE(0, NEXT)}},
    },
};
const unsigned scenario_count = sizeof scenarios / sizeof scenarios[0];
