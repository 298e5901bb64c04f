/* SPDX-License-Identifier: MIT */

/*
 * What addresses may translate to: what the tables say, and what they said before, until a call returns that
 * promises that it is forgotten. Every map brings frames that no other had, so a frame tells one mapping from
 * another.
 *
 * A value that went is dead once a call has returned that removed it itself, or that began when it was there and
 * covers its address. Between two calls that run beside each other, either may have been first.
 */

#include "tests/sim/sim.h"

static uint64_t page_size(void)
{
    return (uint64_t)1 << sim.config.kind->shift[0];
}

static uint64_t linear(usize virt)
{
    return virt & (((uint64_t)1 << sim.config.kind->va_bits) - 1);
}

bool value_same(const Value *a, const Value *b)
{
    return a->mapped == b->mapped && a->frame == b->frame && a->rights == b->rights;
}

int sim_probe_at(usize virt)
{
    for (unsigned i = 0; i < sim.config.probes; i++)
        if ((sim.config.probe[i] ^ virt) < page_size())
            return (int)i;
    return -1;
}

void truth_begin(Space *space)
{
    for (unsigned i = 0; i < sim.config.probes; i++) {
        Truth *truth = &space->truth[i];
        truth->now = (Value){0};
        truth->settled = false;
        truth->written = 0;
        truth->old_count = truth->change_count = 0;
    }
}

/* Whether the call's range has the probe in it. A range that wraps ends at the last byte. */
static bool covers(const Call *call, unsigned probe)
{
    usize mask = page_size() - 1, first = call->act.virt & ~mask,
          last = call->act.virt + (call->act.len - 1);
    if (last < call->act.virt)
        last = (usize)-1;
    usize virt = sim.config.probe[probe];
    return call->act.len > 0 && virt >= first && virt <= (last | mask);
}

/* What a map makes of the probe. */
static Value mapped_value(const Call *call, unsigned probe)
{
    uint64_t mask = page_size() - 1;
    return (Value){true, call->rights, ((call->phys - call->act.virt) + sim.config.probe[probe]) & ~mask};
}

static bool unmaps(const Call *call)
{
    return call->act.kind == DO_UNMAP || call->act.kind == DO_BATCH_UNMAP;
}

/* Whether the call may make `after` of `before`. Where pages are scarce, an unmap may lose the rest of a leaf. */
static bool is_legal(const Call *call, unsigned probe, const Value *before, const Value *after)
{
    if (!covers(call, probe))
        return sim.config.scarcity > 0 && unmaps(call) && !after->mapped;
    Value mapped = mapped_value(call, probe);
    switch (call->act.kind) {
    case DO_MAP:
        return !before->mapped && value_same(after, &mapped);
    case DO_UNMAP:
    case DO_BATCH_UNMAP:
    case DO_RENEW:
        return !after->mapped;
    case DO_PROTECT:
    case DO_BATCH_PROTECT:
        return before->mapped && after->mapped && after->frame == before->frame &&
               after->rights == call->rights;
    default:
        return false;
    }
}

static void keep_old(Truth *truth, uint64_t killer)
{
    if (truth->old_count == OLD_MAX)
        violation("the simulator remembers too few old values");
    truth->olds[truth->old_count++] = (Old){truth->now, truth->frame_born, truth->born, killer};
}

static void change(Space *space, unsigned probe, const Value *after)
{
    Truth *truth = &space->truth[probe];
    const Call *call = sim_call();
    uint64_t now = sim_tick();
    if (call == NULL || !is_legal(call, probe, &truth->now, after))
        violation("0x%zx of space %u becomes 0x%lx (mapped %d, rights %u): no call under way may do that",
                  sim.config.probe[probe], space->number, (unsigned long)after->frame, after->mapped,
                  after->rights);
    if (truth->now.mapped)
        keep_old(truth, call->id);
    truth->changes[truth->change_count++ % CHANGES] = (Change){now, truth->now, *after};
    if (truth->now.frame != after->frame || !truth->now.mapped) {
        truth->frame_born = now;
        truth->settled = false;
        truth->written = 0;
    }
    truth->born = now;
    truth->now = *after;
}

void truth_refresh(Space *space, uint64_t virt, uint64_t size)
{
    for (unsigned i = 0; i < sim.config.probes; i++) {
        uint64_t at = linear(sim.config.probe[i]);
        bool dirty;
        if (at - virt >= size)
            continue;
        Value value = mmu_true_value(space, at, &dirty);
        if (!value_same(&value, &space->truth[i].now))
            change(space, i, &value);
    }
}

static bool grants(const Value *allowed, const Value *value)
{
    return allowed->mapped && allowed->frame == value->frame && (value->rights & ~allowed->rights) == 0;
}

static bool allows_in(const Space *space, unsigned probe, const Value *value)
{
    const Truth *truth = &space->truth[probe];
    bool allowed = grants(&truth->now, value);
    for (unsigned i = 0; i < truth->old_count; i++)
        allowed |= grants(&truth->olds[i].value, value);
    return allowed;
}

/* A global entry may come from any space: whoever maps something global maps the same everywhere. */
bool truth_allows(const Space *space, unsigned probe, const Value *value, bool global)
{
    bool allowed = allows_in(space, probe, value);
    for (unsigned i = 0; global && i < sim.config.spaces; i++)
        allowed |= allows_in(&sim.space[i], probe, value);
    return allowed;
}

/* Whether the return of `call` means that nothing has `old` any more. */
static bool is_dead(const Call *call, const Value *mapped, const Old *old)
{
    bool ours = old->killer == call->id;
    switch (call->act.kind) {
    case DO_UNMAP:
    case DO_BATCH_UNMAP:
    case DO_RENEW:
        return ours || old->frame_born < call->began;
    case DO_MAP:
        return old->value.frame != mapped->frame && old->frame_born < call->began;
    case DO_PROTECT:
    case DO_BATCH_PROTECT:
        return (ours || old->born < call->began) && (old->value.rights & ~call->rights) != 0;
    default:
        return false;
    }
}

static void returned_at(const Call *call, Truth *truth, unsigned probe)
{
    Value mapped = mapped_value(call, probe);
    for (unsigned i = truth->old_count; i-- > 0;)
        if (is_dead(call, &mapped, &truth->olds[i]))
            truth->olds[i] = truth->olds[--truth->old_count];
    if (unmaps(call) && truth->now.mapped && truth->frame_born < call->began)
        violation("an unmap returned, and 0x%zx is still in the tables", sim.config.probe[probe]);
    if (call->act.kind == DO_MAP && truth->now.mapped && truth->now.frame == mapped.frame)
        truth->settled = true;
}

/* What a call has removed beyond its range it must have told. */
static void check_told(const Call *call, const Truth *truth, unsigned probe)
{
    for (unsigned i = 0; i < truth->old_count; i++)
        if (truth->olds[i].killer == call->id)
            violation("0x%zx went, of which neither the call nor `lost` has spoken",
                      sim.config.probe[probe]);
}

void truth_returned(const Call *call)
{
    for (unsigned i = 0; call->result == 0 && i < sim.config.probes; i++) {
        Truth *truth = &sim.space[call->act.space].truth[i];
        if (covers(call, i))
            returned_at(call, truth, i);
        else
            check_told(call, truth, i);
    }
}

/* Whether it was the call under way, or one of the batch that ends. */
static bool is_ours(uint64_t killer)
{
    const Thread *thread = sim.running;
    bool ours = killer == thread->call->id;
    for (unsigned i = 0; thread->batch_space != NULL && i < thread->batch_count; i++)
        ours |= killer == thread->batch_calls[i].id;
    return ours;
}

void truth_lost(usize virt, usize len)
{
    Space *space = &sim.space[sim.running->call->act.space];
    for (unsigned probe = 0; probe < sim.config.probes; probe++) {
        Truth *truth = &space->truth[probe];
        for (unsigned i = truth->old_count; i-- > 0;)
            if (sim.config.probe[probe] - virt < len && is_ours(truth->olds[i].killer))
                truth->olds[i] = truth->olds[--truth->old_count];
    }
    mmu_check_all();
}

void truth_note_write(Space *space, unsigned probe, uint64_t frame)
{
    Truth *truth = &space->truth[probe];
    if (truth->now.mapped && truth->now.frame == frame)
        truth->written = frame;
}

/* A page that was written says so, as long as it is mapped. One that is global may say it in another space. */
void truth_check_dirty(void)
{
    for (unsigned s = 0; s < sim.config.spaces; s++)
        for (unsigned i = 0; i < sim.config.probes; i++) {
            const Truth *truth = &sim.space[s].truth[i];
            bool dirty = true;
            if (truth->written == 0 || sim.space[s].renewing || (truth->now.rights & RIGHT_GLOBAL))
                continue;
            mmu_true_value(&sim.space[s], linear(sim.config.probe[i]), &dirty);
            if (!dirty)
                violation("0x%zx of space %u was written, and its dirty bit is lost", sim.config.probe[i],
                          s);
        }
}
