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
        mem_vmap_batch_shoot_down(batch);
    mem_vmap_pool_put(vmap, settle(vmap, batch));
"""

UNMAP_RUN = """\
        Cleared cleared = unmap_clear_pages(format, vmap, &run);
        unmap_note(format, vmap, batch, range.first, 0, &cleared);
"""

ENTER = "    enter(cpu, next);\n"
READ_GENERATION = "    uint64_t generation = shared_load(&next->ledger.generation);\n"
LEAVE = """\
    if (last != NULL) {
        cpu_set_remove(&last->active, cpu->number);
        cpu_set_remove(&last->loaded, cpu->number);
    }
"""

FAULTS = [
    # What is flushed, and when.
    fault("no_flush", ("lib/batch.c", "        mem_vmap_shoot_down(vmap, plan);\n        return;\n", "        return;\n")),
    fault("flush_before_the_store", ("lib/unmap.h", UNMAP_RUN, """\
        batch_note(format, batch, range, 0);
        batch->plan.global |= vmap->has_global;
        space_unlock(vmap);
        mem_vmap_batch_flush(batch);
        space_lock(vmap);
        Cleared cleared = unmap_clear_pages(format, vmap, &run);
""")),
    fault("overflow_forgets_a_range", ("lib/batch.h", "    else\n        batch->plan.everything = true;\n", "")),
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
          ("lib/unmap.h", "    vmap->pool.credits -= subtree.credits;\n    batch_note(format, batch, block, 0);\n",
           "    vmap->pool.credits -= subtree.credits;\n    batch_note(format, batch, block, level);\n")),
    fault("rights_that_shrink_are_not_flushed",
          ("lib/protect.h", "    if (!rights_shrink(format, old, rights))\n        return;\n",
           "    if (rights_shrink(format, old, rights))\n        return;\n")),
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
          ("lib/collapse.c", "    batch_drop(format, c->vmap, c->batch, phys, 0, 1, block);\n",
           "    mem_vmap_pool_give(c->vmap, phys, 0, 1);\n    c->vmap->tables--;\n")),

    # Tables.
    fault("table_freed_before_the_acknowledgement", ("lib/batch.c", BATCH_FLUSH, """\
    usize list = settle(vmap, batch);
    if (!batch_is_empty(batch))
        mem_vmap_batch_shoot_down(batch);
    mem_vmap_pool_put(vmap, list);
""")),
    fault("idle_cpus_keep_walk_caches",
          ("lib/shootdown.c", "plan->tables || concerns_the_kernel(plan)", "concerns_the_kernel(plan)")),
    fault("idle_cpus_keep_the_kernel",
          ("lib/shootdown.c", "plan->tables || concerns_the_kernel(plan)", "plan->tables")),

    # Globals.
    fault("globals_missed",
          ("lib/batch.c", "        mem_vmap_shoot_down(vmap, plan);\n",
           "        MemVmapPlan local = *plan;\n        local.global = false;\n        mem_vmap_shoot_down(vmap, &local);\n")),
    fault("globals_survive_a_full_flush",
          ("arch/x86_64/cpu/plan.c", "    if (!plan->global || !features->globals)\n", "")),
    fault("globals_of_a_subtree_missed",
          ("lib/unmap.h", "    batch->plan.global |= vmap->has_global;\n    batch_drop(", "    batch_drop(")),
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
          ("lib/switch.c", "    shared_store(&cpu->applied, 0);\n    enter(", "    enter(")),
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
          ("lib/shootdown.c", "    mem_vmap_cpu_serve(cpu);\n    cpus_unpin(cpus);\n", "    cpus_unpin(cpus);\n")),
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
          ("lib/shootdown.c", "cpu->current == vmap && has_it_alone(", "cpu->current != NULL && has_it_alone(")),
    fault("a_cpu_that_comes_behind_the_number_is_missed",
          ("lib/shootdown.c", "    if (!has_it_alone(cpu) || shared_load(", "    if (shared_load(")),
    fault("an_idle_cpu_passes_for_none",
          ("lib/shootdown.c", "    const MemVmapCpuSet *loaded = &cpu->current->loaded;\n",
           "    const MemVmapCpuSet *loaded = &cpu->current->active;\n")),
    fault("the_only_cpu_numbers_nothing",
          ("lib/shootdown.c", "    uint64_t generation = shared_count(&cpu->current->ledger.generation);\n",
           "    uint64_t generation = shared_load(&cpu->applied) + 1;\n")),
    fault("the_only_cpu_steps_back",
          ("lib/shootdown.c", "    shared_store(&cpu->applied, generation);\n    catch_up_with_space(cpu);\n",
           "    shared_store(&cpu->applied, generation);\n")),
    fault("globals_are_forgotten_by_one_cpu_alone",
          ("lib/shootdown.c", "    if (cpus->shares_asids || plan->global)\n", "    if (cpus->shares_asids)\n")),

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

    fault("the_asid_that_is_loaded_is_taken_over",
          ("lib/switch.c", "    if (cpu->next_slot + 1 == cpu->root.asid)\n", "    if (false)\n"),
          ("lib/switch.c", "    return count > 1 ? count : 0;\n", "    return count;\n")),

    # ASIDs of the machine.
    fault("asids_begin_anew_without_a_flush",
          ("lib/asid.c", "        *history = cpu->asid_generation == generation ? MEM_VMAP_UP_TO_DATE : MEM_VMAP_RENUMBERED;\n",
           "        *history = MEM_VMAP_UP_TO_DATE;\n")),
    fault("what_was_claimed_in_an_earlier_generation_counts",
          ("lib/asid.c", "    return claimed == ended || coming == kept[COMING]", "    return true || coming == kept[COMING]")),
    fault("a_space_that_runs_gets_another_asid",
          ("lib/asid.c", "        if (old != 0 && is_kept(cpus, word_of(vmap->id, old), ~(uint64_t)0))\n            return old;\n", "")),
    fault("an_asid_that_runs_is_given_again",
          ("lib/asid.c", "        if (!is_kept(cpus, asid, ASID_MASK))\n            return asid;\n", "        return asid;\n")),
    fault("the_space_that_is_left_loses_its_asid",
          ("lib/asid.c", "    shared_store(&cpu->running[GOING], cpu->running[COMING]);\n", "")),
    fault("the_generation_is_not_looked_at_again",
          ("lib/asid.c", "        if (shared_load(&cpus->asid_generation) != generation)\n            continue;\n", "")),
    fault("what_runs_is_read_before_the_generation_is_counted",
          ("lib/asid.c", "    uint64_t ended = shared_count(&cpus->asid_generation) - 1;\n",
           "    uint64_t ended = cpus->asid_generation;\n"),
          ("lib/asid.c", "    cpus->next_asid = 1;\n}", "    shared_count(&cpus->asid_generation);\n    cpus->next_asid = 1;\n}")),
    fault("asids_are_given_without_a_lock",
          ("lib/asid.c", "    while (!shared_replace(&cpus->asid_lock, 0, 1))\n", "    while (false)\n")),
    fault("firmware_tells_only_who_runs_the_space",
          ("lib/broadcast.c", "plan->global ? online : &vmap->active", "plan->global ? online : &vmap->loaded")),
    fault("firmware_does_not_tell_all_of_globals",
          ("lib/broadcast.c", "plan->global ? online : &vmap->active", "&vmap->active")),
    fault("this_cpu_is_not_told",
          ("lib/broadcast.c", "    if (take_out(&targets, cpu_here(cpus)))\n        cpu_execute(cpus, steps, count);\n",
           "    (void)take_out(&targets, cpu_here(cpus));\n")),
    fault("a_cpu_enters_after_it_has_loaded",
          ("lib/switch.c", """\
    enter(cpu, next);
    MemVmapRoot root = root_of(next, mem_vmap_asid_take(cpu, next, &history));
    cpu_execute(cpus, steps, cpus->type->load(&cpus->features, &root, history, NULL, steps));
""", """\
    MemVmapRoot root = root_of(next, mem_vmap_asid_take(cpu, next, &history));
    cpu_execute(cpus, steps, cpus->type->load(&cpus->features, &root, history, NULL, steps));
    enter(cpu, next);
""")),

    # AArch64.
    fault("tlbi_reaches_this_cpu_only",
          ("arch/aarch64/cpu/plan.c", "        add_once(list, p->forms->all, p->tag);\n",
           "        add_once(list, A64_VMALLE1, 0);\n")),
    fault("last_level_form_although_a_table_went",
          ("arch/aarch64/cpu/plan.c", "    add(list, p->forms->address[!p->plan->tables],", "    add(list, p->forms->address[1],")),
    fault("last_level_range_although_a_table_went",
          ("arch/aarch64/cpu/plan.c", "    add_once(list, p->forms->range[!p->plan->tables], operand);\n",
           "    add_once(list, p->forms->range[1], operand);\n")),
    fault("a_hint_although_a_table_went",
          ("arch/aarch64/cpu/plan.c", " || p->plan->tables)\n        return 0;\n", ")\n        return 0;\n")),
    fault("the_hint_is_one_level_off",
          ("arch/aarch64/cpu/plan.c", "shift % bits == 0 ? 3 - shift / bits : 0;", "shift % bits == 0 ? (3 - shift / bits) % 3 + 1 : 0;")),
    fault("the_rest_of_a_range_is_forgotten",
          ("arch/aarch64/cpu/plan.c", "    if (scale == 0 || pages % unit == 0)\n", "    if (true)\n")),
    fault("a_range_is_one_unit_short",
          ("arch/aarch64/cpu/plan.c", "(num - 1) << RANGE_NUM_SHIFT", "(num - 1) / 2 << RANGE_NUM_SHIFT")),
    fault("no_barrier_before_the_invalidation",
          ("arch/aarch64/cpu/plan.c", "    add_once(&list, A64_DSB_ISHST, 0);\n    if (root->second_stage)\n",
           "    if (root->second_stage)\n")),
    fault("no_barrier_after_the_invalidation",
          ("arch/aarch64/cpu/plan.c", "    add_invalidations(&list, &p);\n    add_once(&list, A64_DSB_ISH, 0);\n",
           "    add_invalidations(&list, &p);\n    if (features->errata == 0)\n        add_once(&list, A64_DSB_NSH, 0);\n")),
    fault("globals_go_by_asid",
          ("arch/aarch64/cpu/plan.c", "root->second_stage || root->upper || plan->global)", "root->second_stage || root->upper)")),
    fault("a_table_is_broken_and_one_address_forgotten",
          ("lib/breaking.c", "    forget_range(&batch, gone, 0);\n", "    forget_range(&batch, gone, 1);\n")),
    fault("a_map_does_not_wait_for_what_was_broken",
          ("lib/map.h", "    if (MEM_UNLIKELY(stale) && format->interim != NULL)\n", "    if (false)\n")),

    # RISC-V.
    fault("a_fence_at_an_address_although_a_table_went",
          ("arch/riscv/cpu/plan.c", "    if (plan->everything || plan->tables || plan->count == 0)\n",
           "    if (plan->everything || plan->count == 0)\n")),
    fault("the_root_is_loaded_and_not_fenced",
          ("arch/riscv/cpu/plan.c", "        steps[1] = fence_all_of(root);\n        return 2;\n", "        return 1;\n")),
    fault("firmware_fences_one_asid_for_globals",
          ("arch/riscv/cpu/sbi.c", "        return (RiscvSbiFence){REMOTE_SFENCE_VMA, step->first, size, 0};\n",
           "        return (RiscvSbiFence){REMOTE_SFENCE_VMA_ASID, step->first, size, step->asid};\n")),
    fault("firmware_fences_one_page_of_many",
          ("arch/riscv/cpu/sbi.c", "    usize size = step->count * (step->stride != 0 ? step->stride : 1);\n",
           "    usize size = 1;\n")),
    fault("svinval_does_not_end",
          ("arch/riscv/cpu/plan.c", "        steps[count++] = (MemVmapStep){RISCV_INVAL_END, asid, 0, 0, 1};\n",
           "        steps[count++] = (MemVmapStep){RISCV_INVAL_BEGIN, asid, 0, 0, 1};\n")),
    fault("a_map_leaves_absent_entries_cached",
          ("lib/map_short.h", "    if (flush && result == 0)\n", "    if (false)\n")),

    # Readers, and the software TLB.
    fault("insert_race",
          ("lib/tlb.c", "    put(&line->drops, found->drops);\n",
           "    put(&line->drops, read_begin(vmap->format->description, vmap,\n"
           "                                 region << vmap->format->description->levels[1].shift));\n")),
    fault("reader_follows_a_freed_table",
          ("lib/walk.h", "        if (!read_is_valid(format, vmap, at, drops))\n            return false;\n", "")),
    fault("software_tlb_believes_a_line_that_is_written",
          ("lib/tlb.h", "    differ |= tlb_get(&line->sequence) ^ sequence;\n", "")),
    fault("a_freed_table_is_not_counted", ("lib/batch.c", "    count_drops(vmap, batch);\n", "")),

    # What MMUs note.
    fault("dirty_lost_by_a_plain_store",
          ("lib/entry.h", "    if (vmap->alone) {\n        MEM_VMAP_ENTRY_STORE(slot, entry);",
           "    {\n        MEM_VMAP_ENTRY_STORE(slot, entry);")),
    fault("dirty_lost_by_a_collapse",
          ("lib/collapse.c", "    if (!c->vmap->alone && (", "    if (c->vmap->alone && (")),
]
