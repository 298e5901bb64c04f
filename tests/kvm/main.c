/* SPDX-License-Identifier: MIT */

/*
 * Snapshots of tables that the library made, checked by a real CPU:
 *
 *     kvm_snapshots 4|5 FILE...
 *
 * Applies the operations of the files (as tests/system writes them). Every so often a virtual machine is loaded with the
 * tables and uses addresses around everything that is mapped: it must reach the frame that the naive walker says, or
 * fault with the code that follows from its verdict; afterwards accessed and dirty bits are what the accesses were.
 */

#include <mem/vmap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/kvm/guest.h"
#include "tools/oracle/x86_walk.h"
#include "tools/replay/convert.h"

enum { SKIPPED = 77, SNAPSHOT_EVERY = 20, PAGE = 4096, WORD_OFFSET = 0x80, CODE_OFFSET = 0x40 };

/* Error codes of page faults: SDM vol. 3A, 4.7. */
enum { ERROR_PRESENT = 1, ERROR_WRITE = 2, ERROR_USER = 4, ERROR_FETCH = 16 };

static struct {
    uint8_t *memory;
    usize fresh;
    usize list[GUEST_TABLES_END / PAGE];
    size_t listed;
    unsigned levels;
    MemVmapOptions options;
    bool no_upper_half; /* this host lets user mode use no address of it, mapped or not */
    size_t snapshots, probes;
} world;

static usize page_get(void *context, usize size)
{
    (void)context;
    (void)size;
    if (world.listed > 0)
        return world.list[--world.listed];
    if (world.fresh + PAGE > GUEST_TABLES_END)
        return MEM_VMAP_NO_PAGE;
    world.fresh += PAGE;
    return world.fresh - PAGE;
}

static void page_put(void *context, usize phys, usize size)
{
    (void)context;
    memset(world.memory + phys, 0xa5, size);
    world.list[world.listed++] = phys;
}

static void map_system(MemVmap *vmap, usize offset, usize len, int flags)
{
    if (mem_vmap_map(vmap, GUEST_SYSTEM_PHYS + offset, GUEST_SYSTEM_VIRT + offset, len, flags) != MEM_OK)
        abort();
}

static void make_space(MemVmap *vmap, bool write_exec)
{
    MemVmapPort port = {.page_get = page_get, .page_put = page_put, .direct_map = (usize)world.memory};
    MemVmapOptions options = world.options;
    options.allow_write_exec = write_exec;
    const char *format = world.levels == 5 ? "x86_64_5level" : "x86_64_4level";
    options.type_index = convert_type_index(format);
    if (mem_vmap_init(vmap, &port, mem_vmap_format_find(format), &options) != MEM_OK)
        abort();
    map_system(vmap, GUEST_USER_CODE, PAGE, MEM_VMAP_USER | MEM_VMAP_EXEC);
    map_system(vmap, GUEST_CODE, PAGE, MEM_VMAP_EXEC);
    map_system(vmap, GUEST_DATA, GUEST_PROBES - GUEST_DATA, MEM_VMAP_WRITE);
    map_system(vmap, GUEST_PROBES, GUEST_PROBES_SIZE, MEM_VMAP_WRITE | MEM_VMAP_USER);
}

static X86Cpu cpu_of(const MemVmap *vmap)
{
    return (X86Cpu){.root = mem_vmap_root(vmap),
                    .levels = world.levels,
                    .phys_bits = 52,
                    .memory_base = (uintptr_t)world.memory};
}

/* What the CPU must make of a probe, by the naive walker. */
static uint64_t verdict(const X86Walk *walk, const Probe *probe)
{
    uint64_t code = ERROR_USER | (probe->kind == PROBE_WRITE ? ERROR_WRITE : 0) |
                    (probe->kind == PROBE_EXECUTE ? ERROR_FETCH : 0);
    if (walk->end != X86_MAPPED)
        return code;
    bool allowed = walk->user && (probe->kind != PROBE_WRITE || walk->write) &&
                   (probe->kind != PROBE_EXECUTE || walk->execute);
    return allowed ? PROBE_REACHED : code | ERROR_PRESENT;
}

/* The probes of a snapshot, and what is in the frames that they reach. */
typedef struct List {
    const MemVmap *vmap;
    Probe probes[PROBES_MAX];
    size_t count;
} List;

static uint64_t token_of(size_t index)
{
    return ((uint64_t)world.snapshots << 20 | (index + 1)) & 0x7fffffff;
}

static uint8_t *frame_of(const X86Walk *walk)
{
    return world.memory + (walk->phys & ~(uint64_t)(PAGE - 1));
}

/* One page: three probes. Frames are filled before the guest runs: a page that two addresses share keeps the last. */
static void add_page(List *list, uint64_t virt)
{
    virt &= ~(uint64_t)(PAGE - 1);
    X86Cpu cpu = cpu_of(list->vmap);
    X86Walk walk = x86_walk(&cpu, virt);
    if (list->count + 3 > PROBES_MAX || walk.end == X86_NOT_CANONICAL || virt < (uint64_t)8 << 30)
        return;
    if (virt >> 63 && world.no_upper_half)
        return;
    for (uint64_t kind = PROBE_READ; kind <= PROBE_EXECUTE; kind++) {
        uint64_t token = token_of(list->count);
        uint64_t offset = kind == PROBE_EXECUTE ? CODE_OFFSET : WORD_OFFSET + 8 * kind;
        list->probes[list->count++] =
            (Probe){.virt = virt + offset, .kind = kind, .value = token, .result = PROBE_UNTRIED};
        if (walk.end != X86_MAPPED)
            continue;
        if (kind == PROBE_EXECUTE)
            guest_write_code(frame_of(&walk) + offset, (uint32_t)(walk.phys >> 12));
        else
            memcpy(frame_of(&walk) + offset, &walk.phys, sizeof walk.phys);
    }
}

static int add_run(void *context, const MemVmapRun *run)
{
    List *list = context;
    usize last = run->virt + (run->len - 1);
    const usize places[] = {run->virt, run->virt - PAGE,         last,
                            last + 1,  run->virt + run->len / 2, run->virt + run->len / 3};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        add_page(list, places[i]);
    return 0;
}

static bool complain(const Probe *probe, uint64_t wanted, const char *what)
{
    static const char *const kinds[] = {"read", "write", "execute"};
    fprintf(stderr, "FAILED: %s of 0x%llx: %s: result 0x%llx, value 0x%llx, expected 0x%llx\n",
            kinds[probe->kind], (unsigned long long)probe->virt, what, (unsigned long long)probe->result,
            (unsigned long long)probe->value, (unsigned long long)wanted);
    return false;
}

/* The library says of the page what the tables do. */
static bool lookup_agrees(MemVmap *vmap, const X86Walk *walk, uint64_t virt)
{
    MemVmapLeaf leaf;
    if (mem_vmap_lookup(vmap, virt, &leaf) != MEM_OK)
        return walk->end == X86_ABSENT;
    enum { RIGHTS = MEM_VMAP_WRITE | MEM_VMAP_EXEC | MEM_VMAP_USER };
    int rights = (walk->write ? MEM_VMAP_WRITE : 0) | (walk->execute ? MEM_VMAP_EXEC : 0) |
                 (walk->user ? MEM_VMAP_USER : 0);
    return walk->end == X86_MAPPED && leaf.phys == walk->phys && (leaf.flags & RIGHTS) == rights;
}

static bool check_probe(MemVmap *vmap, const Probe *probe, size_t index)
{
    X86Cpu cpu = cpu_of(vmap);
    X86Walk walk = x86_walk(&cpu, probe->virt & ~(uint64_t)(PAGE - 1));
    uint64_t wanted = verdict(&walk, probe), written;
    if (!lookup_agrees(vmap, &walk, probe->virt & ~(uint64_t)(PAGE - 1)))
        return complain(probe, wanted, "lookup says otherwise than the tables");
    if (probe->result != wanted)
        return complain(probe, wanted, "another outcome than the walker's");
    if (wanted != PROBE_REACHED)
        return probe->value == probe->virt || complain(probe, probe->virt, "a fault of another address");
    uint64_t there = probe->kind == PROBE_EXECUTE ? walk.phys >> 12 : walk.phys;
    if (probe->kind != PROBE_WRITE && probe->value != there)
        return complain(probe, there, "another frame");
    if (probe->kind == PROBE_WRITE) {
        /* Several addresses of one frame write here: the last of them is what stands there. */
        memcpy(&written, frame_of(&walk) + WORD_OFFSET + 8 * PROBE_WRITE, sizeof written);
        if (written < token_of(index) || written > token_of(PROBES_MAX))
            return complain(probe, token_of(index), "not written to the frame");
    }
    if (!walk.accessed || (probe->kind == PROBE_WRITE && !walk.dirty))
        return complain(probe, wanted, "accessed or dirty is not set");
    return true;
}

static bool snapshot(MemVmap *vmap)
{
    static List list;
    const char *reason;
    world.snapshots++;
    list.vmap = vmap;
    list.count = 0;
    mem_vmap_walk(vmap, 0, (usize)-1, NULL, add_run, &list);
    Guest *guest = guest_new(world.memory, world.levels, mem_vmap_root(vmap), &reason);
    bool right = guest != NULL && guest_run(guest, list.probes, list.count, &reason);
    if (!right)
        fprintf(stderr, "FAILED: %s\n", reason);
    if (guest != NULL)
        guest_free(guest);
    for (size_t i = 0; right && i < list.count; i++)
        right = check_probe(vmap, &list.probes[i], i);
    world.probes += list.count;
    return right;
}

/* A run of operations on one space: that which the text has selected. Their answers are others' business. */
typedef struct Run {
    MemVmap vmap;
    MemVmapBatch batch;
    bool in_batch;
} Run;

static void apply(Run *run, const TraceOp *op)
{
    int flags = convert_flags(&op->flags);
    switch (op->verb) {
    case TRACE_MAP:
        mem_vmap_map(&run->vmap, GUEST_FRAMES_PHYS + op->phys, op->virt, op->len, flags);
        return;
    case TRACE_UNMAP:
        mem_vmap_unmap(&run->vmap, op->virt, op->len);
        return;
    case TRACE_PROTECT:
        mem_vmap_protect(&run->vmap, op->virt, op->len, flags);
        return;
    case TRACE_COLLAPSE:
        mem_vmap_collapse(&run->vmap, op->virt, op->len);
        return;
    default: /* what is left changes no mapping */
        return;
    }
}

/* The trace up to an operation, for `vmap replay`. */
static void print_trace(const Trace *trace, size_t first, size_t last)
{
    for (size_t i = first; i <= last && i < trace->count; i++)
        trace_print_op(stderr, &trace->ops[i]);
}

static bool is_change(TraceVerb verb)
{
    return verb == TRACE_MAP || verb == TRACE_UNMAP || verb == TRACE_PROTECT || verb == TRACE_COLLAPSE;
}

static bool run_trace(const Trace *trace)
{
    Run run;
    size_t first = 0, changes = 0;
    make_space(&run.vmap, false);
    for (size_t i = 0; i < trace->count; i++) {
        const TraceOp *op = &trace->ops[i];
        if (op->verb == TRACE_SPACE) {
            mem_vmap_destroy(&run.vmap);
            make_space(&run.vmap, op->write_exec);
            first = i;
        }
        apply(&run, op);
        changes += is_change(op->verb);
        if (is_change(op->verb) && changes % SNAPSHOT_EVERY == 0 && !snapshot(&run.vmap)) {
            print_trace(trace, first, i);
            return false;
        }
    }
    mem_vmap_destroy(&run.vmap);
    return true;
}

/* What a guest makes of one leaf; PROBE_UNTRIED with `*reason` where there is no guest, or it does not end. */
static uint64_t try_leaf(usize virt, usize size, const char **reason)
{
    MemVmap vmap;
    Probe probe = {.virt = virt, .kind = PROBE_READ, .result = PROBE_UNTRIED};
    make_space(&vmap, false);
    if (mem_vmap_map(&vmap, GUEST_FRAMES_PHYS, virt, size, MEM_VMAP_USER) != MEM_OK)
        abort();
    Guest *guest = guest_new(world.memory, world.levels, mem_vmap_root(&vmap), reason);
    if (guest != NULL) {
        if (!guest_run(guest, &probe, 1, reason))
            probe.result = PROBE_UNTRIED;
        guest_free(guest);
    }
    mem_vmap_destroy(&vmap);
    if (*reason == NULL)
        *reason = "a guest does not reach them";
    return probe.result;
}

/* What this host has, which may not be what it claims. Without a guest nothing can be tested here. */
static int find_out(void)
{
    const char *reason;
    Guest *guest = guest_new(world.memory, world.levels, GUEST_TABLES_PHYS, &reason);
    if (guest == NULL) {
        printf("skipped: %u levels: %s\n", world.levels, reason);
        return SKIPPED;
    }
    guest_free(guest);
    if (try_leaf((usize)64 << 30, PAGE, &reason) != PROBE_REACHED) {
        printf("FAILED: pages: %s\n", reason);
        return 1;
    }
    if (try_leaf((usize)64 << 30, (usize)1 << 30, &reason) != PROBE_REACHED) {
        printf("without 1 GiB leaves: %s\n", reason);
        world.options.leaf_sizes = PAGE | (usize)2 << 20;
    }
    world.no_upper_half = try_leaf((usize)-1 << 47, PAGE, &reason) != PROBE_REACHED;
    if (world.no_upper_half)
        printf("without the upper half: user mode does not reach it\n");
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: kvm_snapshots 4|5 FILE...\n");
        return 1;
    }
    world.levels = (unsigned)atoi(argv[1]);
    world.memory = guest_memory_new();
    world.fresh = GUEST_TABLES_PHYS;
    if (!world.memory)
        return 1;
    int found_out = find_out();
    if (found_out != 0)
        return found_out;
    for (int i = 2; i < argc; i++) {
        Trace trace;
        TraceError error;
        if (trace_parse_file(&trace, argv[i], &error) != 0) {
            trace_print_error(stderr, &error);
            return 1;
        }
        bool right = run_trace(&trace);
        trace_free(&trace);
        if (!right)
            return 1;
    }
    printf("%zu snapshots, %zu probes\n", world.snapshots, world.probes);
    return world.probes > 0 ? 0 : 1;
}
