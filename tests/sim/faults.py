# SPDX-License-Identifier: MIT
"""The faults that catch.py plants, one at a time.

Each edit names text that occurs exactly once in its file: where the engine has changed so that it does not, the
fault means nothing any more and catch.py refuses to run.
"""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Fault:
    name: str
    edits: tuple  # of (file, old text, new text)


def fault(name, *edits):
    return Fault(name, edits)


BATCH_FLUSH = """\
    if (!batch_is_empty(batch))
        shoot_down(batch);
    mem_vmap_pool_put(vmap, settle(vmap, batch));
"""

UNMAP_RUN = """\
        batch_note_waiting(format, vmap, batch, range);
        Cleared cleared = entry_clear_leaves(format, run.slots, run.count, 0);
        unmap_note(format, vmap, batch, range.first, 0, &cleared);
"""

ENTER = """\
    cpu_set_add(&next->loaded, cpu->number);
    cpu_set_add(&next->active, cpu->number);
"""
READ_GENERATION = "    uint64_t generation = shared_load(&next->ledger.generation);\n"
LEAVE = """\
    if (last != NULL) {
        cpu_set_remove(&last->active, cpu->number);
        cpu_set_remove(&last->loaded, cpu->number);
    }
"""

FAULTS = [
    # What is flushed, and when.
    fault("no_flush", ("lib/batch.c", BATCH_FLUSH, "    mem_vmap_pool_put(vmap, settle(vmap, batch));\n")),
    fault("flush_before_the_store", ("lib/unmap.h", UNMAP_RUN, """\
        batch_note(format, batch, range, 0);
        batch->global |= vmap->has_global;
        space_unlock(vmap);
        mem_vmap_batch_flush(batch);
        space_lock(vmap);
        Cleared cleared = entry_clear_leaves(format, run.slots, run.count, 0);
""")),
    fault("overflow_forgets_a_range", ("lib/batch.h", "    else\n        batch->everything = true;\n", "")),
    fault("overflow_flushes_this_cpu_only",
          ("lib/shootdown.c", "    MemVmapCpuSet targets = targets_of(&shootdown);\n",
           """\
    MemVmapCpuSet targets = targets_of(&shootdown);
    if (plan->everything) {
        serve_here(shootdown.cpus);
        return;
    }
""")),
    fault("one_invalidation_for_a_subtree",
          ("lib/unmap.h", "    batch_note(format, batch, block, 0);\n",
           "    batch_note(format, batch, block, level);\n")),
    fault("rights_that_shrink_are_not_flushed",
          ("lib/protect.h", "    if (!rights_shrink(format, changed, rights))\n        return;\n",
           "    if (rights_shrink(format, changed, rights))\n        return;\n")),
    fault("second_unmapper_returns_early",
          ("lib/batch.h",
           "    if (MEM_LIKELY(!batch_others_wait(format, vmap, batch, LEFT_LEAVES, range)))\n        return;\n",
           "    return;\n")),
    fault("a_lost_leaf_is_not_flushed",
          ("lib/unmap.h", "    unmap_note(format, vmap, batch, first, level, &cleared);\n    batch->lost",
           "    batch->lost")),
    fault("a_map_ignores_a_table_that_waits",
          ("lib/map.h", "batch_others_wait(format, vmap, NULL, LEFT_LEAVES_AND_TABLES, range)",
           "batch_others_wait(format, vmap, NULL, LEFT_LEAVES, range)")),
    fault("a_collapse_frees_its_table_at_once",
          ("lib/collapse.c", "    batch_drop(format, c->vmap, c->batch, format->table_phys(table, level), 0, 1, block);\n",
           "    mem_vmap_pool_give(c->vmap, format->table_phys(table, level), 0, 1);\n    c->vmap->tables--;\n")),

    # Tables.
    fault("table_freed_before_the_acknowledgement", ("lib/batch.c", BATCH_FLUSH, """\
    usize list = settle(vmap, batch);
    if (!batch_is_empty(batch))
        shoot_down(batch);
    mem_vmap_pool_put(vmap, list);
""")),
    fault("idle_cpus_keep_walk_caches",
          ("lib/shootdown.c", "plan->tables || concerns_the_kernel(plan)", "concerns_the_kernel(plan)")),
    fault("idle_cpus_keep_the_kernel",
          ("lib/shootdown.c", "plan->tables || concerns_the_kernel(plan)", "plan->tables")),

    # Globals.
    fault("globals_missed", ("lib/batch.c", "    plan->global = batch->global;\n", "    plan->global = false;\n")),
    fault("globals_survive_a_full_flush",
          ("arch/x86_64/cpu/plan.c", "    if (!plan->global || !features->globals)\n", "")),
    fault("globals_of_a_subtree_missed",
          ("lib/unmap.h", "    batch->global |= vmap->has_global;\n    batch_drop(", "    batch_drop(")),
    fault("only_the_running_forget_globals",
          ("lib/shootdown.c", "shootdown->global_generation != 0 ? &shootdown->cpus->online : shootdown->users",
           "shootdown->users")),

    # Who is told.
    fault("generation_read_before_the_cpu_enters",
          ("lib/switch.c", ENTER + READ_GENERATION, READ_GENERATION + ENTER)),
    fault("cpus_read_before_the_plan_is_posted",
          ("lib/shootdown.c", """\
    Shootdown shootdown = post(vmap, plan);
    MemVmapCpuSet targets = targets_of(&shootdown);
""", """\
    Shootdown shootdown = {.cpus = vmap->port.cpus, .users = &vmap->loaded};
    shootdown.global_generation = plan->global;
    MemVmapCpuSet targets = targets_of(&shootdown);
    shootdown = post(vmap, plan);
""")),
    fault("a_cpu_leaves_before_it_loads",
          ("lib/switch.c", READ_GENERATION, LEAVE + READ_GENERATION)),
    fault("an_old_number_passes_for_a_new_one",
          ("lib/switch.c", "    shared_store(&cpu->applied, 0);\n    cpu_set_add(", "    cpu_set_add(")),
    fault("an_idle_cpu_wakes_up_stale",
          ("lib/switch.c", "    mem_vmap_cpu_catch_up(cpu);\n", "")),
    fault("an_idle_cpu_catches_up_and_then_enters",
          ("lib/switch.c", """\
    cpu_set_add(&cpu->current->active, cpu->number);
    mem_vmap_cpu_catch_up(cpu);
""", """\
    mem_vmap_cpu_catch_up(cpu);
    cpu_set_add(&cpu->current->active, cpu->number);
""")),

    # Who waits for whom.
    fault("nobody_waits", ("lib/shootdown.c", "            wait_for(&shootdown,", "            (void)(shootdown,")),
    fault("who_waits_does_not_serve",
          ("lib/shootdown.c", "        serve_here(shootdown->cpus);\n", ""),
          ("lib/shootdown.c", "    mem_vmap_cpu_serve(cpu);\n    unpin(cpus);\n", "    unpin(cpus);\n")),
    fault("acknowledged_before_it_is_forgotten",
          ("lib/shootdown.c", """\
        forget(cpu, kept ? &posted.plan : &all_of_a_space);
        shared_store(&cpu->applied, wanted);
""", """\
        shared_store(&cpu->applied, wanted);
        forget(cpu, kept ? &posted.plan : &all_of_a_space);
""")),
    fault("two_behind_passes_for_one",
          ("lib/shootdown.c", """\
        bool kept = known + 1 == wanted && mem_vmap_ledger_read(ledger, wanted, &posted);
        forget(cpu, kept ? &posted.plan : &all_of_a_space);
""", """\
        bool kept = mem_vmap_ledger_read(ledger, wanted, &posted);
        forget(cpu, kept ? &posted.plan : &all_of_a_space);
""")),
    fault("a_plan_is_read_while_it_is_written",
          ("lib/ledger.c", "    return shared_load(&ledger->stamp) == 2 * generation;\n", "    return true;\n"),
          ("lib/ledger.c", "    if (shared_load(&ledger->stamp) != 2 * generation)\n        return false;\n", "")),

    # One CPU.
    fault("the_only_cpu_forgets_nothing",
          ("lib/shootdown.c", "    forget(cpu, plan);\n    shared_store(&cpu->applied, generation);\n",
           "    shared_store(&cpu->applied, generation);\n")),
    fault("the_only_cpu_has_another_space",
          ("lib/shootdown.c", "cpu->current == vmap && count_and_forget(", "cpu->current != NULL && count_and_forget(")),

    # ASIDs.
    fault("asid_reused_without_a_flush",
          ("lib/switch.c", "    *slot = (MemVmapSlot){space, 0};\n", "    slot->space = space;\n")),
    fault("an_asid_that_lags_is_kept",
          ("lib/switch.c", "    if (slot->generation == generation)\n", "    if (slot->generation != 0)\n")),
    fault("an_asid_two_behind_passes_for_one",
          ("lib/switch.c", "slot->generation + 1 == generation && mem_vmap", "mem_vmap")),
    fault("an_asid_that_lags_by_a_table_is_kept",
          ("arch/x86_64/cpu/plan.c", "    if (features->asids > 0 && history == MEM_VMAP_BEHIND &&",
           "    if (plan->tables && history == MEM_VMAP_BEHIND)\n        keep = X86_CR3_KEEP;\n"
           "    if (features->asids > 0 && history == MEM_VMAP_BEHIND &&")),

    # Readers, and the software TLB.
    fault("insert_race",
          ("lib/tlb.c", "    put(&line->drops, found->drops);\n",
           "    put(&line->drops, read_begin(vmap->format->description, vmap,\n"
           "                                 region << vmap->format->description->levels[1].shift));\n")),
    fault("reader_follows_a_freed_table",
          ("lib/walk.h", "        if (!read_is_valid(format, vmap, at, drops))\n            return false;\n", "")),
    fault("software_tlb_believes_a_line_that_is_written",
          ("lib/tlb.h", "    if (MEM_UNLIKELY(tlb_get(&line->sequence) != sequence))\n        return false;\n", "")),
    fault("a_freed_table_is_not_counted", ("lib/batch.c", "    count_drops(vmap, batch);\n", "")),

    # What MMUs note.
    fault("dirty_lost_by_a_plain_store",
          ("lib/entry.h", "    if (vmap->alone) {\n        MEM_VMAP_ENTRY_STORE(slot, entry);",
           "    {\n        MEM_VMAP_ENTRY_STORE(slot, entry);")),
    fault("dirty_lost_by_a_collapse",
          ("lib/collapse.c", "    if (!c->vmap->alone && (", "    if (c->vmap->alone && (")),
]
