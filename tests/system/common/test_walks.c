/* SPDX-License-Identifier: MIT */

/*
 * Makes a space by the text's operations and stays in it, for the emulator's own walker (walks.py): says what is mapped
 * where, a line for each run of leaves, and waits.
 */

#include "common/text.h"

static MemVmap space;

static void apply(const Op *op)
{
    usize phys = machine.arena.first + op->phys;
    switch (op->verb) {
    case VERB_MAP:
        mem_vmap_map(&space, phys, op->virt, op->len, op->flags);
        return;
    case VERB_UNMAP:
        mem_vmap_unmap(&space, op->virt, op->len);
        return;
    case VERB_PROTECT:
        mem_vmap_protect(&space, op->virt, op->len, op->flags);
        return;
    case VERB_COLLAPSE:
        mem_vmap_collapse(&space, op->virt, op->len);
        return;
    default:
        return;
    }
}

/* Pages that lookup and translate find at both ends, and nothing beyond where walk says so. */
static int print_run(void *context, const MemVmapRun *run)
{
    usize last = run->virt + run->len - 1;
    (void)context;
    if (mem_vmap_translate(&space, last) != run->phys + run->len - 1)
        panic("walk and translate differ");
    print("run %lx %lx %lx %s\n", run->virt, run->phys, run->len,
          (run->flags & MEM_VMAP_USER) != 0 ? "user" : "kernel");
    return 0;
}

ExitCode test_main(void)
{
    const char *text = (const char *)parameters + PARAMETERS_TEXT, *end = text + parameters->text_len;
    Op op;
    space_make(&space, true);
    space_enter(&space);
    while ((text = text_parse(text, end, &op)) != NULL)
        apply(&op);
    mem_vmap_walk(&space, 0, (usize)-1, NULL, print_run, NULL);
    print("ready\n");
    for (;;)
        machine_sleep();
}

void test_cpu_main(unsigned cpu)
{
    (void)cpu;
}
