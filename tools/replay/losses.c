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

/*
 * `end` is the first or last byte of the unmapped span. What was lost is the largest block around it whose
 * far end, which was to stay, is gone. A 1G leaf may have been split before memory ran out.
 */
static void find_loss(Space *space, Span span, Span leaf, uint64_t end)
{
    for (unsigned i = space->geometry.size_count; i-- > 1;) {
        uint64_t mask = space->geometry.sizes[i] - 1;
        Span block = {end & ~mask, end | mask};
        uint64_t kept = end == span.first ? block.first : block.last;
        bool inside = contains(leaf, block.first) && contains(leaf, block.last);
        if (!inside || contains(span, kept) || !mapped_in_model(space, kept) ||
            mapped_in_engine(space, kept))
            continue;
        losses_add(&space->seen, block.first, block.last - block.first + 1);
        model_unmap(space->model, block.first, block.last - block.first + 1);
        return;
    }
}

void find_losses(Space *space, Span span, const Cuts *cuts)
{
    for (usize i = 0; i < cuts->count; i++) {
        if (contains(cuts->leaves[i], span.first))
            find_loss(space, span, cuts->leaves[i], span.first);
        if (contains(cuts->leaves[i], span.last))
            find_loss(space, span, cuts->leaves[i], span.last);
    }
}

/* Takes one loss out of what was seen; false where it was not. */
static bool take_seen(Losses *seen, const Loss *told)
{
    for (usize i = 0; i < seen->count; i++) {
        if (seen->list[i].virt != told->virt || seen->list[i].len != told->len)
            continue;
        seen->list[i] = seen->list[--seen->count];
        return true;
    }
    return false;
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
