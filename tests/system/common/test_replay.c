/* SPDX-License-Identifier: MIT */

/*
 * Applies the text that the host has loaded. After each operation the MMU is held against lookup at every boundary
 * that the operation has, and now and then everywhere. Physical addresses in the text count from the arena's begin.
 */

#include "common/text.h"

enum { SPACES_MAX = 16, SWEEP_EVERY = 4096, VERIFY_EVERY = 512 };

typedef struct Space {
    bool made;
    usize number;
    MemVmap vmap;
    MemVmapBatch batch;
    bool in_batch;
} Space;

static struct {
    Space spaces[SPACES_MAX];
    Space *selected;
    const char *text, *end, *line;
    usize lines, ops, refused, out_before;
    uint64_t random;
} replay;

/* The trace as far as it came: the host can replay it. */
static ExitCode fail(const char *next)
{
    enum { SHOWN = 60000 };
    const char *first = next - replay.text > SHOWN ? next - SHOWN : replay.text;
    print("---- trace, up to the operation that failed (line %lu)%s\n", replay.lines,
          first > replay.text ? "; its end" : "");
    print("%.*s", (int)(next - first), first);
    print("---- end of trace\n");
    return EXIT_FAILED;
}

static Space *find_space(usize number)
{
    for (unsigned i = 0; i < SPACES_MAX; i++)
        if (replay.spaces[i].made && replay.spaces[i].number == number)
            return &replay.spaces[i];
    return NULL;
}

static Space *make_space(usize number, bool write_exec)
{
    unsigned i = 0;
    while (i < SPACES_MAX && replay.spaces[i].made)
        i++;
    if (i == SPACES_MAX)
        panic("too many spaces in this trace");
    Space *space = &replay.spaces[i];
    *space = (Space){.made = true, .number = number};
    space_make(&space->vmap, write_exec);
    return space;
}

static bool select_space(Space *space)
{
    if (space == NULL)
        panic("the trace selects a space that it did not make");
    replay.selected = space;
    space_enter(&space->vmap);
    return true;
}

static bool fits(const Op *op, int code)
{
    if (op->expect == EXPECT_RESULT && op->result != code) {
        print("FAILED: %s, expected: %s\n", text_result_name(code), text_result_name(op->result));
        return false;
    }
    replay.refused += code != MEM_OK;
    return true;
}

/* The addresses around one where something may begin or end. */
static bool check_around(MemVmap *space, usize virt)
{
    usize page = (usize)parameters->page_kib << 10;
    return check_page(space, virt) && check_page(space, virt - page) && check_page(space, virt + page);
}

/* Both ends of a range, of the leaf in its middle, and a few pages inside. */
static bool check_range(usize virt, usize len)
{
    MemVmap *space = &replay.selected->vmap;
    MemVmapLeaf leaf;
    usize middle = virt + len / 2;
    if (!check_around(space, virt) || !check_around(space, virt + len - 1))
        return false;
    if (len > 2 * MIB && mem_vmap_lookup(space, middle, &leaf) == MEM_OK && middle >= KERNEL_END) {
        usize first = middle & ~(leaf.size - 1);
        if (!check_around(space, first) || !check_around(space, first + leaf.size))
            return false;
    }
    for (unsigned i = 0; i < 4 && len > 4096; i++)
        if (!check_page(space, virt + random_next(&replay.random) % len))
            return false;
    return true;
}

/* Inside a batch CPUs may have the old translations still. */
static bool check_op(const Op *op)
{
    if (replay.selected->in_batch || op->virt < KERNEL_END)
        return true;
    usize len = op->len > (usize)-1 - op->virt ? (usize)-1 - op->virt : op->len;
    return len == 0 || check_range(op->virt, len);
}

static bool apply_protect(const Op *op)
{
    Space *space = replay.selected;
    int code = space->in_batch ? mem_vmap_batch_protect(&space->batch, op->virt, op->len, op->flags)
                               : mem_vmap_protect(&space->vmap, op->virt, op->len, op->flags);
    return fits(op, code) && check_op(op);
}

static bool apply_unmap(const Op *op)
{
    Space *space = replay.selected;
    if (op->len >= (usize)1 << 36 && !space->in_batch && !check_space(&space->vmap))
        return false;
    if (space->in_batch)
        mem_vmap_batch_unmap(&space->batch, op->virt, op->len);
    else
        mem_vmap_unmap(&space->vmap, op->virt, op->len);
    return check_op(op);
}

static bool apply_lookup(const Op *op)
{
    MemVmapLeaf leaf = {0};
    bool found = mem_vmap_lookup(&replay.selected->vmap, op->virt, &leaf) == MEM_OK;
    if (op->expect != EXPECT_NONE) {
        bool right = found == (op->expect != EXPECT_MISS);
        if (found && right)
            right = leaf.phys == machine.arena.first + op->expect_phys;
        if (found && right && op->expect == EXPECT_LEAF)
            right = leaf.size == op->expect_size &&
                    (leaf.flags & ~(MEM_VMAP_ACCESSED | MEM_VMAP_DIRTY)) == op->expect_flags;
        if (!right) {
            print("FAILED: lookup says %lx, %lx, flags %lx\n", leaf.phys, leaf.size,
                  (unsigned long)leaf.flags);
            return false;
        }
    }
    return replay.selected->in_batch || check_page(&replay.selected->vmap, op->virt);
}

/* What the trace says of the MMU itself: of a kernel's access, as the text has no word for the mode. */
static bool apply_access(const Op *op)
{
    Probe probe = machine_probe(KERNEL_MODE, op->access, op->virt, 0);
    if ((op->expect == EXPECT_MISS) == (probe.outcome != REACHED))
        return true;
    print("FAILED: the access to %lx ended otherwise (cause %lx)\n", op->virt, probe.cause);
    return false;
}

static bool apply_batch_end(Space *space)
{
    mem_vmap_batch_end(&space->batch);
    space->in_batch = false;
    return check_space(&space->vmap);
}

static bool verify(MemVmap *space)
{
    MemVmapDefect defect;
    if (mem_vmap_verify(space, &defect) == MEM_OK)
        return true;
    print("FAILED: verify: %s, at %lx, level %lu, entry %lx\n", defect.rule, defect.virt,
          (unsigned long)defect.level, defect.entry);
    return false;
}

/* Everything is taken down, and no page is missing. */
static bool end_spaces(void)
{
    frames_fail(FAIL_ONCE, 0);
    space_enter(&kernel_space);
    for (unsigned i = 0; i < SPACES_MAX; i++) {
        Space *space = &replay.spaces[i];
        if (space->made && !verify(&space->vmap))
            return false;
        if (space->made)
            mem_vmap_destroy(&space->vmap);
        space->made = false;
    }
    if (frames_out() == replay.out_before)
        return true;
    print("FAILED: %lu table pages did not come back\n", frames_out() - replay.out_before);
    return false;
}

static bool begin(void)
{
    replay.out_before = frames_out();
    return select_space(make_space(0, false));
}

/* A text may have several traces, one after the other: one that makes a space which is there is the next. */
static bool begin_anew(void)
{
    if (!check_space(&replay.selected->vmap) || !end_spaces())
        return false;
    replay.text = replay.line;
    replay.lines = 1;
    return begin();
}

static bool apply(const Op *op)
{
    Space *space = replay.selected;
    switch (op->verb) {
    case VERB_NONE:
        return true;
    case VERB_SPACE:
        if (find_space(op->number) != NULL && !begin_anew())
            return false;
        return select_space(make_space(op->number, op->write_exec));
    case VERB_SELECT:
        return select_space(find_space(op->number));
    case VERB_MAP:
        return fits(op, mem_vmap_map(&space->vmap, machine.arena.first + op->phys, op->virt, op->len,
                                     op->flags)) &&
               check_op(op);
    case VERB_UNMAP:
        return apply_unmap(op);
    case VERB_PROTECT:
        return apply_protect(op);
    case VERB_COLLAPSE:
        return fits(op, mem_vmap_collapse(&space->vmap, op->virt, op->len)) && check_op(op);
    case VERB_TRANSLATE:
    case VERB_LOOKUP:
        return apply_lookup(op);
    case VERB_BATCH_BEGIN:
        space->in_batch = mem_vmap_batch_begin(&space->batch, &space->vmap) == MEM_OK;
        return space->in_batch;
    case VERB_BATCH_END:
        return apply_batch_end(space);
    case VERB_ACCESS:
        return apply_access(op);
    case VERB_FAIL_ONCE:
        frames_fail(FAIL_ONCE, op->number);
        return true;
    case VERB_FAIL_FROM:
        frames_fail(FAIL_FROM, op->number);
        return true;
    case VERB_FAIL_NEVER:
        frames_fail(FAIL_ONCE, 0);
        return true;
    case VERB_VERIFY:
        return verify(&space->vmap);
    case VERB_UNKNOWN:
        break;
    }
    print("FAILED: not understood\n");
    return false;
}

/* Between the operations: the whole space, and its invariants. */
static bool check_now_and_then(void)
{
    Space *space = replay.selected;
    if (space->in_batch)
        return true;
    if (replay.ops % SWEEP_EVERY == 0 && !check_space(&space->vmap))
        return false;
    return replay.ops % VERIFY_EVERY != 0 || verify(&space->vmap);
}

static ExitCode replay_text(void)
{
    begin();
    Op op;
    for (const char *at = replay.text, *next; (next = text_parse(at, replay.end, &op)) != NULL; at = next) {
        replay.lines++;
        replay.line = at;
        replay.ops += op.verb != VERB_NONE;
        if (!apply(&op) || (op.verb != VERB_NONE && !check_now_and_then()))
            return fail(next < replay.end ? next : replay.end);
    }
    if (!check_space(&replay.selected->vmap) || !end_spaces())
        return fail(replay.end);
    return EXIT_PASSED;
}

ExitCode test_main(void)
{
    replay.text = (const char *)parameters + PARAMETERS_TEXT;
    replay.end = replay.text + parameters->text_len;
    replay.random = 1;
    ExitCode code = replay_text();
    print("%lu operations, %lu refused, %lu accesses checked\n", replay.ops, replay.refused, checks_made);
    if (code == EXIT_PASSED && (replay.ops == 0 || checks_made == 0)) {
        print("FAILED: nothing was checked\n");
        return EXIT_FAILED;
    }
    return code;
}

void test_cpu_main(unsigned cpu)
{
    (void)cpu;
}
