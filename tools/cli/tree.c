/* SPDX-License-Identifier: MIT */
#include "tools/cli/dump.h"

#include <inttypes.h>
#include <stdio.h>

/*
 * The tree follows from the runs: a block of a level's entry size that is not one leaf, and not empty, is
 * a table. No table of the library is read for it.
 */

typedef struct Block {
    uint64_t first, last;
} Block;

/* One entry of a table, or several that are leaves of one run. */
typedef struct Piece {
    Block block;
    const MemVmapRun *run; /* what the first of them maps, or has below it */
    usize next;            /* the run to go on with */
} Piece;

typedef struct Tree {
    const Runs *runs;
    const Layout *layout;
} Tree;

static uint64_t last_of(const MemVmapRun *run)
{
    return run->virt + (run->len - 1);
}

/* The first run from index `at` on that reaches `virt`. */
static usize run_from(const Tree *tree, usize at, uint64_t virt)
{
    while (at < tree->runs->count && last_of(&tree->runs->list[at]) < virt)
        at++;
    return at;
}

/* Finds the next piece of a table of `level` in `rest`; `at` is a run that is not behind it. */
static bool next_piece(const Tree *tree, unsigned level, Block rest, usize at, Piece *piece)
{
    at = run_from(tree, at, rest.first);
    if (at == tree->runs->count || tree->runs->list[at].virt > rest.last)
        return false;
    const MemVmapRun *run = &tree->runs->list[at];
    uint64_t first = run->virt > rest.first ? run->virt : rest.first;
    uint64_t last = last_of(run) < rest.last ? last_of(run) : rest.last;
    if (run->level < level) {
        uint64_t mask = layout_entry_size(tree->layout, level) - 1;
        first &= ~mask;
        last = first | mask;
    }
    *piece = (Piece){.block = {first, last}, .run = run, .next = at};
    return true;
}

/* Where a table goes on after a piece. False: the piece was its last. */
static bool go_on(const Piece *piece, Block *rest)
{
    if (piece->block.last >= rest->last)
        return false;
    rest->first = piece->block.last + 1;
    return true;
}

static void print_indent(Block block, unsigned depth)
{
    printf("0x%016" PRIx64 "  %*s", block.first, (int)(2 * depth), "");
}

static void print_table(const Tree *tree, unsigned level, unsigned depth, Block block, usize at)
{
    uint64_t leaves = 0, tables = 0, size = layout_entry_size(tree->layout, level);
    char size_name[TRACE_NAME_MAX];
    Piece piece;
    Block rest = block;
    for (bool more = true; more && next_piece(tree, level, rest, at, &piece); more = go_on(&piece, &rest)) {
        at = piece.next;
        if (piece.run->level < level)
            tables++;
        else
            leaves += (piece.block.last - piece.block.first) / size + 1;
    }
    print_indent(block, depth);
    printf("%s of %s entries:", depth == 0 ? "root" : "table", size_text(size, size_name));
    if (tables > 0)
        printf(" %" PRIu64 " table%s", tables, tables == 1 ? "" : "s");
    if (leaves > 0)
        printf("%s %" PRIu64 " lea%s", tables > 0 ? "," : "", leaves, leaves == 1 ? "f" : "ves");
    printf("%s\n", tables + leaves == 0 ? " empty" : "");
}

/* Lines of all leaves begin their columns where those of the deepest ones do. */
static void print_leaves(const Tree *tree, unsigned depth, const Piece *piece)
{
    MemVmapRun run = *piece->run;
    char leaves[2 * TRACE_NAME_MAX], rights[TRACE_NAME_MAX];
    run.phys += piece->block.first - run.virt;
    run.len = piece->block.last - piece->block.first + 1;
    print_indent(piece->block, depth);
    printf("%-*s  0x%013zx  %s  %s\n", (int)(2 * (tree->layout->levels - depth) + 13),
           leaves_text(tree->layout, &run, leaves), run.phys, rights_text(run.flags, rights),
           type_text(run.flags));
}

/* Recursion is bounded by the levels of the format. */
static void print_subtree(const Tree *tree, unsigned level, unsigned depth, Block block, usize at)
{
    Piece piece;
    Block rest = block;
    print_table(tree, level, depth, block, at);
    for (bool more = true; more && next_piece(tree, level, rest, at, &piece); more = go_on(&piece, &rest)) {
        at = piece.next;
        if (piece.run->level < level)
            print_subtree(tree, level - 1, depth + 1, piece.block, at);
        else
            print_leaves(tree, depth + 1, &piece);
    }
}

void print_tree(const Runs *runs, const Layout *layout)
{
    const Tree tree = {runs, layout};
    const Block everything = {0, UINT64_MAX};
    print_subtree(&tree, layout->levels - 1, 0, everything, 0);
}
