/* SPDX-License-Identifier: MIT */
#include "tools/replay/internal.h"

/*
 * An unmap that finds no memory to split a NO_RESERVE leaf removes it whole and tells the port: at once,
 * or at the end of a batch. The model learns of it from the tree, and the port must have been told the same.
 */

static bool mapped_in_engine(Space *space, uint64_t virt)
{
    return mem_vmap_lookup(&space->vmap, virt, NULL) == MEM_OK;
}

static bool mapped_in_model(const Space *space, uint64_t virt)
{
    ModelLeaf leaf;
    return model_lookup(space->model, virt, &leaf) == TRACE_OK;
}

static bool contains(Span span, uint64_t virt)
{
    return virt >= span.first && virt <= span.last;
}

static void lose(Space *space, Span gone)
{
    uint64_t len = gone.last - gone.first + 1;
    losses_add(&space->seen, gone.first, len);
    model_unmap(space->model, gone.first, len);
}

static bool went(Space *space, uint64_t virt)
{
    return mapped_in_model(space, virt) && !mapped_in_engine(space, virt);
}

/*
 * The part of a cut leaf that lies below the span, or above it, was to stay. What is gone of it begins, or ends,
 * where the largest block does whose far end is gone: a 1G leaf may have been split before memory ran out.
 */
static void find_loss_below(Space *space, Span span, Span leaf)
{
    for (unsigned i = space->geometry.size_count; i-- > 1;) {
        uint64_t first = span.first & ~(space->geometry.sizes[i] - 1);
        if (first >= leaf.first && first < span.first && went(space, first)) {
            lose(space, (Span){first, span.first - 1});
            return;
        }
    }
}

static void find_loss_above(Space *space, Span span, Span leaf)
{
    for (unsigned i = space->geometry.size_count; i-- > 1;) {
        uint64_t last = span.last | (space->geometry.sizes[i] - 1);
        if (last <= leaf.last && last > span.last && went(space, last)) {
            lose(space, (Span){span.last + 1, last});
            return;
        }
    }
}

void find_losses(Space *space, Span span, const Cuts *cuts)
{
    for (usize i = 0; i < cuts->count; i++) {
        if (contains(cuts->leaves[i], span.first))
            find_loss_below(space, span, cuts->leaves[i]);
        if (contains(cuts->leaves[i], span.last))
            find_loss_above(space, span, cuts->leaves[i]);
    }
}

/*
 * Takes what lies in the leaf that the port was told of out of what was seen: a part below the span, above it, or
 * both. False: nothing of it is gone.
 */
static bool take_seen(Losses *seen, const Loss *told)
{
    Span leaf = {told->virt, told->virt + (told->len - 1)};
    usize count = seen->count;
    for (usize i = seen->count; i-- > 0;) {
        const Loss *loss = &seen->list[i];
        if (contains(leaf, loss->virt) && contains(leaf, loss->virt + (loss->len - 1)))
            seen->list[i] = seen->list[--seen->count];
    }
    return seen->count < count;
}

static bool report_loss(Replay *replay, const Loss *loss, const char *said, const char *expected)
{
    Text said_text, expected_text;
    text_loss(said_text, said, loss->virt, loss->len);
    text_loss(expected_text, expected, loss->virt, loss->len);
    replay_mismatch(replay, said_text, expected_text);
    return false;
}

bool check_told(Replay *replay, Space *space)
{
    for (usize i = 0; i < space->told.count; i++) {
        const Loss *told = &space->told.list[i];
        if (!take_seen(&space->seen, told))
            return report_loss(replay, told, "told the port that this was lost", "nothing lost");
    }
    space->told.count = 0;
    if (space->batch_open || space->seen.count == 0)
        return true;
    const Loss *untold = &space->seen.list[--space->seen.count];
    return report_loss(replay, untold, "removed this without telling the port", "port.lost called for");
}
