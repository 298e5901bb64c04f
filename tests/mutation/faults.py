# SPDX-License-Identifier: MIT
"""The faults that mutate.py plants, one at a time.

Each edit names text that occurs exactly once in its file: where the engine has changed so that it does not, the
fault no longer means anything and mutate.py refuses to run. `survives` says why no test here can see a fault.
"""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Fault:
    name: str
    file: str
    old: str
    new: str
    survives: str = ""


SPLIT_LOOP = """\
    do
        split_fill(format, vmap, cursor, table, leaf);
    while (!entry_replace(vmap, slot, &leaf, entry));
"""

FAULTS = [
    # Order of stores: what a CPU or a reader sees between two of them.
    Fault("publish_without_fence", "lib/entry.h",
          "    MEM_VMAP_PUBLISH_FENCE();\n    MEM_VMAP_ENTRY_STORE(slot, entry);",
          "    MEM_VMAP_ENTRY_STORE(slot, entry);"),
    Fault("replace_without_fence", "lib/entry.h",
          "    MEM_VMAP_PUBLISH_FENCE();\n    if (vmap->alone) {", "    if (vmap->alone) {"),
    Fault("drops_without_fence", "lib/batch.c",
          "    count_drops(vmap, batch);\n    MEM_VMAP_PUBLISH_FENCE();\n", "    count_drops(vmap, batch);\n"),
    Fault("table_linked_before_it_is_complete", "lib/map.h",
          """\
        entry_zero(cursor->table[level] + end, level_entries(format, level) - end);
        MemEntry entry = format->table(plan->phys[level], level + 1);
        entry_publish_table(slot, count_add(format, entry, cursor->change[level]));
""", """\
        MemEntry entry = format->table(plan->phys[level], level + 1);
        entry_publish_table(slot, count_add(format, entry, cursor->change[level]));
        entry_zero(cursor->table[level] + end, level_entries(format, level) - end);
"""),
    Fault("split_linked_before_it_is_filled", "lib/split.h", SPLIT_LOOP, """\
    MemEntry old = leaf;
    while (!entry_replace(vmap, slot, &leaf, entry))
        old = leaf;
    split_fill(format, vmap, cursor, table, old);
"""),
    Fault("table_not_zeroed_at_its_head", "lib/map.h",
          "    entry_zero(cursor->table[below], level_index(format, below, cursor->at));\n", ""),
    Fault("table_not_zeroed_at_its_tail", "lib/map.h",
          "level_entries(format, level) - end);", "0);"),
    Fault("split_in_two_steps", "lib/split.h",
          "    while (!entry_replace(vmap, slot, &leaf, entry));\n",
          """\
    while (!entry_replace(vmap, slot, &leaf, 0));
    entry_publish_table(slot, entry);
"""),
    Fault("fence_before_the_remote_shootdown", "lib/batch.c",
          "        __atomic_thread_fence(__ATOMIC_SEQ_CST);\n", "",
          survives="takes two real CPUs with store buffers, and a hook that looks at a CPU mask"),

    # What the MMU notes meanwhile.
    Fault("replace_by_a_plain_store", "lib/entry.h",
          "    return MEM_VMAP_ENTRY_EXCHANGE(slot, expected, entry);",
          "    *expected = entry;\n    MEM_VMAP_ENTRY_STORE(slot, entry);\n    return true;"),
    Fault("rights_by_a_plain_store", "lib/entry.h",
          """\
        while (!MEM_VMAP_ENTRY_EXCHANGE(&slot[i], &old, entry_with_rights(format, old, level, rights)))
            ;
""", "        MEM_VMAP_ENTRY_STORE(&slot[i], entry_with_rights(format, old, level, rights));\n"),
    Fault("split_not_filled_again", "lib/split.h", SPLIT_LOOP, """\
    split_fill(format, vmap, cursor, table, leaf);
    while (!entry_replace(vmap, slot, &leaf, entry))
        ;
"""),
    Fault("split_forgets_accessed_and_dirty", "lib/split.h",
          "    MemEntry attributes = format->relevel(format->attributes(leaf, level), level, below);\n",
          """\
    MemEntry attributes = format->relevel(format->attributes(leaf, level), level, below);
    attributes = format->never_used(attributes);
"""),
    Fault("collapse_forgets_dirty", "lib/collapse.c",
          "    joint->dirty |= format->is_dirty(leaf);", "    joint->dirty &= format->is_dirty(leaf);"),
    Fault("collapse_accessed_if_any_was", "lib/collapse.c",
          "        joint->accessed &= joint->noted;\n", "        joint->accessed |= joint->noted;\n"),
    Fault("collapse_accessed_only_if_all_of_a_run_was", "lib/collapse.c",
          "    if (leaf_ends(format, leaf, level, at)) {\n", "    if (true) {\n"),
    Fault("collapse_takes_one_run_for_another", "lib/collapse.c", "        joint->noted = 0;\n", ""),
    Fault("collapse_misses_a_late_write", "lib/collapse.c",
          "    if (!c->vmap->alone && (format", "    if (false && (format"),

    # Readers without the lock.
    Fault("reader_does_not_validate", "lib/walk.h",
          "        if (!read_is_valid(format, vmap, at, drops))\n            return false;\n", ""),
    Fault("walk_does_not_validate_neighbours", "lib/visit.c",
          " ||\n            !read_is_valid(format, visiting->vmap, from, found.drops))", ")"),
    Fault("drops_not_counted", "lib/drops.h", "*drops + 1, __ATOMIC_RELEASE", "*drops, __ATOMIC_RELEASE"),
    Fault("drops_counted_after_the_pages_went", "lib/batch.c",
          """\
    count_drops(vmap, batch);
    MEM_VMAP_PUBLISH_FENCE();
    for (unsigned i = 0; i < batch->dropped_count; i++) {
        const MemVmapDropped *dropped = &batch->dropped[i];
        mem_vmap_pool_give(vmap, dropped->phys, dropped->level, dropped->pages);
        vmap->waiting -= dropped->pages;
    }
""", """\
    for (unsigned i = 0; i < batch->dropped_count; i++) {
        const MemVmapDropped *dropped = &batch->dropped[i];
        mem_vmap_pool_give(vmap, dropped->phys, dropped->level, dropped->pages);
        vmap->waiting -= dropped->pages;
    }
    count_drops(vmap, batch);
    MEM_VMAP_PUBLISH_FENCE();
"""),
    Fault("miss_flag_not_cleared", "lib/find.h", "__ATOMIC_RELAXED) != miss))", "__ATOMIC_RELAXED) < miss))"),
    Fault("translate_drops_the_offset_in_a_large_leaf", "lib/find.h",
          "leaf_phys_of(format, found.entry, found.level, virt);",
          "format->leaf_phys(found.entry, found.level) | (virt & level_mask(format, 0));"),

    # What the CPUs are told to forget.
    Fault("flush_skipped_unless_tables_went", "lib/batch.h",
          "    if (!batch_is_empty(batch) || batch->supplied)",
          "    if (batch->dropped_count > 0 || batch->supplied)"),
    Fault("flush_skipped_where_denials_come", "lib/entry.h",
          "(rights & ~old->all & denies)) != 0;", "(rights & old->all & denies & ~rights)) != 0;"),
    Fault("flush_skipped_where_grants_go", "lib/entry.h",
          "((old->any & ~rights & grants) | ", "((old->any & rights & ~rights) | "),
    Fault("rights_of_the_last_leaf_decide", "lib/protect.h",
          "    Summary old = entries_sum(slot, run);\n", "    Summary old = entries_sum(slot + run - 1, 1);\n"),
    Fault("rights_of_the_last_eight_leaves_decide", "lib/entry.h",
          "        sum.any |= eight.any;\n", "        sum.any = eight.any;\n"),
    Fault("hole_taken_for_a_global_page", "lib/entry.h",
          "cleared->all &= entry != 0 ? entry : ~(MemEntry)0;", "cleared->all &= entry;"),
    Fault("split_not_flushed", "lib/split.h", "        batch_note(format, batch, block, level);\n", ""),
    Fault("split_flushed_in_part", "lib/split.h", "batch_note(format, batch, block, level);",
          "batch_note(format, batch, (Range){first, first + level_mask(format, level - 1)}, level);"),
    Fault("split_forgets_global", "lib/split.h",
          "        batch->plan.global |= leaves_global(format, leaf, leaf);\n", ""),
    Fault("unmap_forgets_global", "lib/unmap.h",
          "    batch->plan.global |= leaves_global(format, cleared->any, cleared->all);\n", ""),
    Fault("subtree_forgets_global", "lib/unmap.h", "    batch->plan.global |= vmap->has_global;\n", ""),
    Fault("collapse_forgets_global", "lib/collapse.c",
          "    c->batch->plan.global |= leaves_global(format, leaf, leaf);\n", ""),
    Fault("map_forgets_that_it_made_a_global", "lib/map.h",
          "    vmap->tables += plan->tables;\n    vmap->has_global |= (mapping->flags & MEM_VMAP_GLOBAL) != 0;\n",
          "    vmap->tables += plan->tables;\n"),
    Fault("protect_forgets_that_it_made_a_global", "lib/protect.h",
          "    protect_pass(format, vmap, batch, range, rights);\n"
          "    vmap->has_global |= leaves_global(format, rights, rights);\n",
          "    protect_pass(format, vmap, batch, range, rights);\n"),
    Fault("walk_caches_forgotten", "lib/batch.h",
          "    batch->plan.tables = true;\n    vmap->tables -= pages;\n", "    vmap->tables -= pages;\n"),
    Fault("batch_overflow_dropped", "lib/batch.h", "        batch->plan.everything = true;", "        batch->plan.tables = true;"),
    Fault("everything_dropped_from_the_plan", "lib/batch.c",
          "    if (batch->plan.everything)\n        batch->plan.count = 0;\n",
          "    batch->plan.everything = batch->plan.everything && batch->plan.tables;\n"),
    Fault("ranges_merge_across_the_top", "lib/batch.h", "second->first != 0 && ", ""),
    Fault("ranges_of_two_strides_merge", "lib/batch.h", "first->stride == second->stride && ", ""),
    Fault("ranges_merge_over_a_gap", "lib/batch.h",
          "first->last == second->first - 1;", "first->last <= second->first - 1;"),
    Fault("ranges_without_sign_extension", "lib/range.h", "(linear ^ sign) - sign", "(linear ^ sign) ^ sign"),
    Fault("other_cpus_told_of_everything_only", "lib/batch.c",
          "    if (vmap->port.invalidate_there != NULL) {",
          "    if (vmap->port.invalidate_there != NULL && plan->everything) {"),

    # Tables and ranges that wait for a flush.
    Fault("tables_released_before_the_flush", "lib/batch.c",
          """\
    if (!batch_is_empty(batch))
        mem_vmap_batch_shoot_down(batch);
    mem_vmap_pool_put(vmap, settle(vmap, batch));
""", """\
    usize surplus = settle(vmap, batch);
    if (!batch_is_empty(batch))
        mem_vmap_batch_shoot_down(batch);
    mem_vmap_pool_put(vmap, surplus);
"""),
    Fault("pages_put_back_before_the_flush", "lib/batch.c",
          """\
    if (!batch_is_empty(batch))
        mem_vmap_batch_shoot_down(batch);
    mem_vmap_pool_put(vmap, settle(vmap, batch));
""", """\
    mem_vmap_pool_put(vmap, settle(vmap, batch));
    if (!batch_is_empty(batch))
        mem_vmap_batch_shoot_down(batch);
"""),
    Fault("lost_told_before_the_flush", "lib/batch.c",
          """\
    if (!batch_is_empty(batch))
        mem_vmap_batch_shoot_down(batch);
    mem_vmap_pool_put(vmap, settle(vmap, batch));
    tell_lost(batch);
""", """\
    tell_lost(batch);
    if (!batch_is_empty(batch))
        mem_vmap_batch_shoot_down(batch);
    mem_vmap_pool_put(vmap, settle(vmap, batch));
"""),
    Fault("lost_not_told", "lib/batch.c",
          "batch->lost.stride != 0 && port->lost", "batch->lost.stride != 0 && batch->plan.everything && port->lost"),
    Fault("lost_told_without_sign_extension", "lib/unmap.h",
          "usize virt = virt_from_linear(format, first);", "usize virt = first;"),
    Fault("others_behind_our_own_batch_ignored", "lib/batch.h",
          "(newest == own && newest->next == NULL)", "newest == own"),
    Fault("others_that_touch_by_a_page_ignored", "lib/batch.c",
          "first <= other_last && other_first <= last;", "first < other_last && other_first + 0xfff < last;"),
    Fault("others_that_overflowed_ignored", "lib/batch.c",
          "    if (batch->plan.everything)\n        return true;\n", ""),
    Fault("others_that_dropped_tables_ignored", "lib/batch.c",
          "what == LEFT_LEAVES_AND_TABLES && i <", "what == LEFT_LEAVES_AND_TABLES && i + 64 <"),
    Fault("map_returns_beside_a_flush", "lib/map.h",
          "    if (MEM_UNLIKELY(stale))", "    if (MEM_UNLIKELY(stale && plan.supplied))"),
    Fault("short_map_returns_beside_a_flush", "lib/map_short.h",
          "vmap->unflushed != NULL || way_region(format, mapping->last) >", "way_region(format, mapping->last) >"),
    Fault("new_table_beside_a_flush", "lib/map_short.h",
          "vmap->unflushed != NULL || way_region(format, first) !=", "way_region(format, first) !="),
    Fault("map_again_returns_beside_a_flush", "lib/map_short.h",
          "phys <= vmap->phys_last && vmap->unflushed == NULL &&", "phys <= vmap->phys_last &&"),
    Fault("short_unmap_returns_beside_a_flush", "lib/unmap.h",
          "        batch_note_waiting(format, vmap, batch, range);\n        runs_cut", "        runs_cut"),
    Fault("unmap_again_returns_beside_a_flush", "lib/unmap.h",
          "count_is_exact(format, 0) && vmap->unflushed == NULL &&", "count_is_exact(format, 0) &&"),
    Fault("long_unmap_returns_beside_a_flush", "lib/unmap.h",
          "        space_lock(vmap);\n        batch_note_waiting(format, vmap, batch, range);\n",
          "        space_lock(vmap);\n"),
    Fault("short_protect_returns_beside_a_flush", "lib/protect.h",
          "        return MEM_EMISS;\n    batch_note_waiting(format, vmap, batch, range);\n",
          "        return MEM_EMISS;\n"),
    Fault("long_protect_returns_beside_a_flush", "lib/protect.h",
          "        return result;\n    batch_note_waiting(format, vmap, batch, range);\n",
          "        return result;\n"),
    Fault("second_flush_leaves_the_walk_caches", "lib/batch.h",
          "    batch->plan.tables = true;\n    batch->plan.global |= vmap->has_global;\n",
          "    batch->plan.global |= vmap->has_global;\n"),
    Fault("second_flush_leaves_globals", "lib/batch.h",
          "    batch->plan.tables = true;\n    batch->plan.global |= vmap->has_global;\n", "    batch->plan.tables = true;\n"),
    Fault("map_beside_a_flush_leaves_globals", "lib/batch.c",
          "    batch.plan.global = vmap->has_global;\n", ""),
    Fault("batch_drops_more_than_it_holds", "lib/batch.h",
          "batch->dropped_count + format->top + 1 <=", "batch->dropped_count + 1 <="),

    # Tables, counts and credits.
    Fault("empty_table_leaks", "lib/unmap.h",
          """\
    batch_drop(format, vmap, batch, format->table_phys(entry, level + 1), 0, 1,
               (Range){inside & ~mask, inside | mask});
""", "    (void)inside, (void)mask;\n"),
    Fault("collapsed_table_leaks", "lib/collapse.c",
          "    batch_drop(format, c->vmap, c->batch, phys, 0, 1, block);\n", ""),
    Fault("empty_table_stays_counted", "lib/unmap.h",
          "    entry_clear(slot);\n    cursor->change[level + 1]--;\n", "    entry_clear(slot);\n"),
    Fault("dropped_subtree_stays_counted", "lib/unmap.h",
          "subtree.pages, block);\n    cursor->change[level]--;\n", "subtree.pages, block);\n"),
    Fault("map_counts_one_too_few", "lib/map_short.h",
          "run->slots, run->count, first, 0);\n    entry_recount(format, run->parent, run->count);",
          "run->slots, run->count, first, 0);\n    entry_recount(format, run->parent, run->count - 1);"),
    Fault("map_again_counts_one_too_few", "lib/map_short.h",
          "page_attributes, phys, 0);\n    entry_recount(format, run->parent, run->count);",
          "page_attributes, phys, 0);\n    entry_recount(format, run->parent, run->count - 1);"),
    Fault("unmap_flushes_one_page_too_few", "lib/unmap.h", "(cleared->last + 1) << shift) - 1}", "cleared->last << shift)}"),
    Fault("unmap_counts_holes", "lib/unmap.h",
          "entry_recount(format, run.parent, -cleared.leaves);",
          "entry_recount(format, run.parent, -cleared.slots);"),
    Fault("table_emptied_but_kept", "lib/page_run.h", "count > run->count;", "count >= run->count;"),
    Fault("parent_of_the_next_table", "lib/unmap.h",
          "cursor_parent_slot(format, cursor, cursor->at - 1);", "cursor_parent_slot(format, cursor, cursor->at);"),
    Fault("too_few_credits_for_a_leaf", "lib/pool.h", "below <= level; below++", "below < level; below++"),
    Fault("subtree_keeps_its_credits", "lib/unmap.h",
          "    vmap->pool.credits -= subtree.credits;\n", "    (void)subtree.credits;\n"),
    Fault("no_reserve_takes_credits", "lib/map.h",
          "    if (mapping->flags & MEM_VMAP_NO_RESERVE)\n        return 0;\n", ""),
    Fault("no_reserve_gives_credits_back", "lib/unmap.h",
          "(cleared->leaves - cleared->cheap) *", "cleared->leaves *"),
    Fault("collapse_of_no_reserve_takes_a_credit", "lib/collapse.c",
          "leaf & c->format->no_reserve ? 0 : 1;", "leaf & c->format->no_reserve ? 1 : 1;"),
    Fault("reserve_not_used_up", "lib/pool.h",
          "pages < pool->reserved ? pages : pool->reserved;", "pages < pool->reserved ? 0 : pool->reserved;"),
    Fault("reserve_given_to_splits", "lib/pool.h",
          "usize promised = pool->credits + pool->reserved;", "usize promised = pool->credits;"),
    Fault("first_table_of_a_bundle_lost", "lib/pool.c",
          "if (format->kind(first, level) != ENTRY_TABLE)", "if (format->kind(first, level) != ENTRY_LEAF)"),
    Fault("link_of_a_bundle_taken_for_an_entry", "lib/pool.c", "pool->open_index = 1;", "pool->open_index = 0;"),
    Fault("tables_in_a_bundle_of_bundles_lost", "lib/pool.c",
          "table != MEM_VMAP_NO_PAGE && pool->open_level == 1", "table != MEM_VMAP_NO_PAGE && pool->open_level >= 1"),
    Fault("failed_supply_leaks", "lib/pool.c",
          "    else\n        mem_vmap_pool_put(vmap, list);\n    return result;", "    return result;"),
    Fault("failed_map_keeps_what_it_was_supplied", "lib/map.h",
          "            if (plan->supplied)\n                mem_vmap_pool_trim(vmap);\n", ""),
    Fault("starved_unmap_gives_back_what_it_needs", "lib/unmap.h", "    batch->starved = true;\n", ""),
    Fault("root_leaks", "lib/init.c",
          "    if (vmap->port.page_put != NULL)\n", "    if (vmap->port.page_put != NULL && vmap->shootdowns == 0)\n"),

    # Ranges.
    Fault("overlap_at_the_first_entry_unseen", "lib/map.h",
          "level_index(format, level, range.first) + cuts_first,", "level_index(format, level, range.first) + 1,"),
    Fault("overlap_at_the_last_entry_unseen", "lib/map.h",
          "level_index(format, level, range.last) + !cuts_last,", "level_index(format, level, range.last),"),
    Fault("overlap_below_the_last_cut_unseen", "lib/map.h",
          "MEM_UNLIKELY(result == 0 && slots.cuts_last)",
          "MEM_UNLIKELY(result == 0 && slots.cuts_last && !slots.cuts_first)"),
    Fault("overlap_with_a_larger_leaf_unseen", "lib/map.h",
          "    return format->kind(entry, level) == ENTRY_LEAF ? MEM_EOVERLAP : 0;", "    return 0;"),
    Fault("overlap_in_the_eighth_entry_unseen", "lib/entry.h",
          "entry_peek(slot + 6) | entry_peek(slot + 7)", "entry_peek(slot + 6) | entry_peek(slot + 6)"),
    Fault("overlap_in_the_last_entry_unseen", "lib/entry.h",
          "    for (; slot < end; slot++)\n        if (entry_load(slot) != 0)",
          "    for (; slot + 1 < end; slot++)\n        if (entry_load(slot) != 0)"),
    Fault("range_may_wrap", "lib/range.h", "(end < virt || ", "("),
    Fault("range_may_cross_the_hole", "lib/range.h", " || !same_part(format, virt, end)))", "))"),
    Fault("last_page_off_by_one", "lib/range.h",
          "usize end = virt + (len - 1), mask", "usize end = virt + len, mask"),
    Fault("wrapping_unmap_does_nothing", "lib/range.h",
          "virt + (len - 1) < virt ? (usize)-1 : virt + (len - 1);", "virt + (len - 1);"),
    Fault("physical_width_ignored", "lib/map.h",
          "phys > vmap->phys_last || len - 1 > vmap->phys_last - phys", "phys > vmap->phys_last"),
    Fault("last_physical_page_refused", "lib/map.h",
          "len - 1 > vmap->phys_last - phys", "len > vmap->phys_last - phys"),
    Fault("cap_ignored", "lib/map.h", "flags & MEM_VMAP_CAP_2M ? (usize)2 << 20 : len;",
          "flags & MEM_VMAP_CAP_2M ? len : len;"),
    Fault("leaf_chosen_by_virt_alone", "lib/map.h",
          " &&\n           (offset & level_mask(format, level + 1)) == 0)", ")"),
    Fault("error_order", "lib/map.h",
          "    Range pages;\n    if (MEM_UNLIKELY(len == 0))\n        return MEM_EINVAL;\n", "    Range pages;\n"),
    Fault("protect_over_a_hole", "lib/entry.h",
          "        return summary_kind(format, sum, 0) == ENTRY_LEAF;\n", "        return true;\n"),
    Fault("protect_over_a_hole_where_kinds_do_not_show", "lib/entry.h",
          "        full &= entry_load(&slot[i]) != 0;\n", "        full = entry_load(&slot[i]) != 0;\n"),
    Fault("collapse_ignores_rights", "lib/collapse.c", "attributes != joint->attributes ||\n        ", ""),
    Fault("collapse_assumes_contiguity", "lib/collapse.c",
          "phys != joint->phys + ((usize)joint->entries << format->levels[level].shift))",
          "phys < joint->phys)"),
    Fault("collapse_ignores_alignment", "lib/collapse.c", " && (joint->phys & mask) == 0;", ";"),
    Fault("collapse_to_a_size_that_the_cpu_lacks", "lib/collapse.c",
          "level < c->vmap->leaf_level &&", "level < c->format->top &&"),

    # Entries.
    Fault("pat_of_a_large_leaf_in_bit_7", "arch/x86_64/format.h",
          "unsigned type_index)\n{\n    MemEntry pat = level == 0 ? X86_PAT_PAGE : X86_PAT_LARGE;",
          "unsigned type_index)\n{\n    MemEntry pat = X86_PAT_PAGE;"),
    Fault("pat_swallowed_by_the_address", "arch/x86_64/format.h",
          "level == 0 ? X86_ADDRESS : X86_ADDRESS & ~(MemEntry)X86_PAT_LARGE;",
          "level == 0 ? X86_ADDRESS : X86_ADDRESS | (MemEntry)X86_PAT_LARGE;"),
    Fault("pat_lost_in_a_split", "arch/x86_64/format.h",
          "attributes & X86_PAT_LARGE ? X86_PAT_PAGE : 0;", "attributes & X86_PAT_LARGE & 0;"),
    Fault("pat_lost_in_a_collapse", "arch/x86_64/format.h",
          "attributes & X86_PAT_PAGE ? X86_PAT_LARGE : 0;", "attributes & X86_PAT_PAGE & 0;"),
    Fault("no_execute_inverted", "arch/x86_64/format.h",
          "flags & MEM_VMAP_EXEC ? 0 : X86_NO_EXECUTE;", "flags & MEM_VMAP_EXEC ? X86_NO_EXECUTE : 0;"),
    Fault("no_execute_taken_for_a_grant", "arch/x86_64/format.h",
          ".grants = X86_WRITE | X86_USER | X86_GLOBAL,", ".grants = X86_WRITE | X86_USER | X86_GLOBAL | X86_NO_EXECUTE,"),
    Fault("global_not_changed_by_protect", "arch/x86_64/format.h",
          "(MemEntry)(X86_WRITE | X86_USER | X86_GLOBAL | X86_NO_EXECUTE)",
          "(MemEntry)(X86_WRITE | X86_USER | X86_NO_EXECUTE)"),
    Fault("device_lost", "arch/x86_64/format.h",
          "    entry |= (flags & MEM_VMAP_TYPE_MASK) == MEM_VMAP_DEVICE ? X86_DEVICE : 0;\n", ""),
    Fault("parents_deny_user", "arch/x86_64/format.h",
          "X86_PRESENT | X86_WRITE | X86_USER | X86_ACCESSED;", "X86_PRESENT | X86_WRITE | X86_ACCESSED;"),
    Fault("parents_not_accessed", "arch/x86_64/format.h",
          "X86_PRESENT | X86_WRITE | X86_USER | X86_ACCESSED;", "X86_PRESENT | X86_WRITE | X86_USER;"),
    Fault("reserved_bits_of_a_large_leaf_unchecked", "arch/x86_64/format.h",
          "(12 + 9 * level)) - 1;", "(12 + 0 * level)) - 1;"),

    # The short ways of map and unmap.
    Fault("way_kept_when_its_table_goes", "lib/batch.h", "    ways_forget(format, vmap, block);\n", ""),
    Fault("one_way_forgotten_of_a_large_block", "lib/batch.h",
          "        for (unsigned i = 0; i < MEM_VMAP_WAYS; i++)\n            vmap->ways[i].region = 0;\n",
          "        vmap->ways[region % MEM_VMAP_WAYS].region = 0;\n"),
    Fault("way_of_another_region", "lib/page_run.h",
          "mask - (virt & mask) || way->region != region + 1)", "mask - (virt & mask) || way->region == 0)"),
    Fault("walk_of_another_region", "lib/page_run.h",
          "MEM_UNLIKELY(way->region != region + 1) &&", "MEM_UNLIKELY(way->region == 0) &&"),
    Fault("pages_beyond_the_table_found_again", "lib/page_run.h",
          "len - 1 > mask - (virt & mask) ||", "len - 1 > mask ||"),
    Fault("last_byte_takes_no_page_with_it", "lib/page_run.h",
          "(((virt & level_mask(format, 0)) + len - 1) >>", "((len - 1) >>"),
    Fault("neighbours_assumed_where_counts_wrap", "lib/page_run.h",
          "(index > 0 && entry_load(run->slots - 1) != 0)", "(index > 0)"),
    Fault("map_again_beyond_the_physical_width", "lib/map_short.h",
          "           phys <= vmap->phys_last && vmap->unflushed", "           vmap->unflushed"),
    Fault("map_again_over_the_physical_width", "lib/map_short.h",
          " && len - 1 <= vmap->phys_last - phys &&\n", " &&\n"),
    Fault("map_again_unaligned", "lib/map_short.h", "((virt ^ phys) & level_mask(format, 0)) == 0 &&", "true &&"),
    Fault("map_again_with_other_flags", "lib/map_short.h", "flags == vmap->page_flags &&", "true &&"),
    Fault("map_again_makes_no_runs", "lib/map_short.h",
          "(format->contiguous == 0 || run->count < run_entries(format, 0));", "true;"),
    Fault("map_again_over_what_is_there", "lib/map_short.h",
          "    if (MEM_UNLIKELY(!entries_empty(run->slots, run->count)))\n        return MEM_EOVERLAP;\n    entry_fill",
          "    entry_fill"),
    Fault("flags_of_a_failed_map_kept", "lib/map_short.h", "found && result == 0 && !flush", "found && !flush"),
    Fault("flags_kept_where_absent_entries_are_cached", "lib/map_short.h",
          "found && result == 0 && !flush", "found && result == 0"),
    Fault("pages_of_two_tables_over_the_second", "lib/map_short.h",
          "!entries_empty(head.slots, head.count) || !entries_empty(tail.slots, tail.count)",
          "!entries_empty(head.slots, head.count)"),
    Fault("pages_of_tables_not_known_as_global", "lib/map_short.h",
          "    vmap->has_global |= (mapping->flags & MEM_VMAP_GLOBAL) != 0;\n    *result = 0;\n", "    *result = 0;\n"),
    Fault("new_table_not_known_as_global", "lib/map_short.h",
          "    vmap->has_global |= (mapping->flags & MEM_VMAP_GLOBAL) != 0;\n    return table;\n", "    return table;\n"),
    Fault("new_table_not_zeroed_at_its_head", "lib/map_short.h", "    entry_zero(table, begin);\n", ""),
    Fault("new_table_not_zeroed_at_its_tail", "lib/map_short.h",
          "    entry_zero(table + end, level_entries(format, 0) - end);\n", ""),
    Fault("new_table_linked_before_it_is_complete", "lib/map_short.h",
          """\
    entry_zero(table + end, level_entries(format, 0) - end);
    entry_publish_table(slot, count_add(format, format->table(phys, 1), end - begin));
""", """\
    entry_publish_table(slot, count_add(format, format->table(phys, 1), end - begin));
    entry_zero(table + end, level_entries(format, 0) - end);
"""),
    Fault("new_table_not_counted_above", "lib/map_short.h", "    entry_recount(format, parent, 1);\n", ""),
    Fault("new_table_instead_of_a_large_leaf", "lib/map_short.h",
          "(mapping->leaf_level > 0 && block_within(format, 1, first, last)) || ", ""),
    Fault("new_table_of_a_page_that_is_owed", "lib/map_short.h",
          "pool_usable(&vmap->pool) == 0)\n", "vmap->pool.free == 0)\n"),
    Fault("new_table_in_place_of_another", "lib/map_short.h",
          "parent == NULL || entry_load(slot) != 0", "parent == NULL"),
    Fault("new_table_beside_the_reserve", "lib/map_short.h", "    pool_use_reserve(&vmap->pool, 1);\n", ""),
    Fault("unmap_again_of_the_last_pages", "lib/unmap.h",
          "           page_run_again(format, vmap, virt, len, run) &&\n"
          "           page_run_has_neighbours(format, run, (Range){0, 0});",
          "           page_run_again(format, vmap, virt, len, run);"),
    Fault("unmap_again_cuts_runs", "lib/unmap.h", "vmap->unflushed == NULL && !may_cut_runs(format, vmap) &&",
          "vmap->unflushed == NULL &&"),
    Fault("unmap_again_is_never_global", "lib/unmap.h",
          "    plan_leaves(&plan, vmap, &gone, leaves_global(format, entry, entry));\n",
          "    plan_leaves(&plan, vmap, &gone, false);\n"),
    Fault("unmap_again_of_pages_is_never_global", "lib/unmap.h",
          "    return vmap->has_global ?", "    return false ?"),
    Fault("unmap_again_keeps_the_count", "lib/unmap.h", "    entry_recount(format, run->parent, -1u);\n", ""),
    Fault("last_table_unmapped_again", "lib/unmap.h",
          "    if (count >> format->count_shift <= 1)\n        return;\n", ""),
    Fault("table_unmapped_again_is_counted", "lib/unmap.h",
          "    entry_recount(format, way->grandparent, -1u);\n", ""),
    Fault("table_unmapped_again_is_never_global", "lib/unmap.h",
          "    batch->plan.global = vmap->has_global;\n    batch_drop(", "    batch_drop("),
    Fault("part_of_a_table_unmapped_again", "lib/unmap.h", " || len != mask + 1 ||\n", " || len > mask + 1 ||\n"),
    Fault("end_of_a_table_unmapped_again", "lib/unmap.h", "(virt & mask) != 0 || len !=", "len !="),

    # Entries by eight.
    Fault("eight_leaves_with_mixed_credits", "lib/entry.h",
          "    if (level > 0 && ((sum.all ^ sum.any) & format->no_reserve) != 0)\n        return false;\n", ""),
    Fault("eight_leaves_without_credits", "lib/entry.h",
          "level > 0 && (sum.all & format->no_reserve) ? 8 : 0;", "0;"),
    Fault("eight_leaves_counted_as_seven", "lib/entry.h", "    cleared->leaves += 8;\n", "    cleared->leaves += 7;\n"),
    Fault("leaves_of_a_subtree_with_mixed_credits", "lib/unmap.h",
          "    else if (kind == ENTRY_LEAF && ((entries->all ^ entries->any) & format->no_reserve) == 0)\n",
          "    else if (kind == ENTRY_LEAF)\n"),
    Fault("entries_of_a_subtree_skipped", "lib/unmap.h",
          "            for (; i < next; i++)\n                subtree_add_entry(", "            for (i++; i < next; i++)\n                subtree_add_entry("),
    Fault("leaf_with_credits_in_a_subtree_counted_as_table", "lib/unmap.h",
          "    return vmap->pool.credits == 0 && !vmap->has_unreserved;\n", "    return !vmap->has_unreserved;\n"),
    Fault("leaf_without_credits_in_a_subtree_counted_as_table", "lib/unmap.h",
          "    return vmap->pool.credits == 0 && !vmap->has_unreserved;\n", "    return vmap->pool.credits == 0;\n"),
    Fault("map_forgets_that_it_made_one_without_credits", "lib/map.h",
          "    vmap->has_unreserved |= (mapping->flags & MEM_VMAP_NO_RESERVE) != 0;\n", ""),
    Fault("collapse_forgets_that_it_made_one_without_credits", "lib/collapse.c",
          "    c->vmap->has_unreserved |= credit == 0;\n", ""),
    Fault("tables_of_a_subtree_counted_by_a_count_too_narrow", "lib/unmap.h",
          "level == 1 && count_is_exact(format, level) && has_pages_alone", "level == 1 && has_pages_alone"),
    Fault("a_table_among_leaves_taken_for_a_leaf", "arch/x86_64/format.h",
          "    if (level == 0 || (all & X86_LARGE))\n        return ENTRY_LEAF;\n    return any & X86_LARGE ? ENTRY_EMPTY",
          "    if (level == 0 || (any & X86_LARGE))\n        return ENTRY_LEAF;\n    return any & X86_LARGE ? ENTRY_EMPTY"),
    Fault("a_leaf_among_tables_taken_for_a_table", "arch/x86_64/format.h",
          "    return any & X86_LARGE ? ENTRY_EMPTY : ENTRY_TABLE;", "    return ENTRY_TABLE;"),
    Fault("rights_that_differ_flipped", "lib/entry.h",
          "format->rights_are_plain && ((old->all ^ old->any) & format->rights) == 0", "format->rights_are_plain"),

    # Contiguous runs, and break-before-make.
    Fault("run_at_the_first_edge_not_cut", "lib/breaking.h",
          "    run_cut(format, vmap, batch, table, level, first);\n", ""),
    Fault("run_at_the_last_edge_not_cut", "lib/breaking.h",
          "    run_cut(format, vmap, batch, table, level, end);\n", ""),
    Fault("run_cut_but_not_flushed", "lib/breaking.c", "    batch_note(format, batch, run, level);\n", ""),
    Fault("run_of_unaligned_frames", "lib/fold.c",
          "leaf_in_run(format, first) || (phys & run_mask(format, level)) != 0", "leaf_in_run(format, first)"),
    Fault("run_of_unaligned_entries", "lib/fold.c", "(cursor->at & mask) == 0 && (cursor->at | mask)", "(cursor->at | mask)"),
    Fault("run_of_frames_that_are_not_contiguous", "lib/fold.c",
          " || format->leaf_phys(leaf, level) != phys + i * size ||", " ||"),
    Fault("run_loses_dirty", "lib/breaking.c",
          "    attributes = noted & MEM_VMAP_DIRTY ? format->with_dirty(attributes) : attributes;\n",
          ""),
    Fault("run_accessed_if_any_was", "lib/breaking.c",
          "all = r->mark == RUN_MARK ? MEM_VMAP_ACCESSED : 0;", "all = 0;"),
    Fault("run_misses_a_late_write", "lib/breaking.c",
          "    else if (may_be_written(&r))\n        r.noted |= MEM_VMAP_DIRTY;\n", ""),
    Fault("break_without_its_flush", "lib/breaking.c", "    forget_now(vmap, block, level, *before);\n", ""),
    Fault("break_for_rights_without_its_flush", "lib/breaking.c", "    if (broken.any != 0)\n", "    if (false)\n"),
    Fault("break_for_rights_knows_the_last_alone", "lib/breaking.c",
          "            summary_add(&broken, before);\n", "            broken = (Summary){before, before};\n"),
    Fault("interim_without_accessed", "lib/breaking.c",
          "remarked(r, i, before, MEM_VMAP_ACCESSED | MEM_VMAP_DIRTY);", "remarked(r, i, before, MEM_VMAP_DIRTY);"),
    Fault("runs_above_the_largest_leaf", "lib/init.c", "runs >> (leaf + 1) != 0 || ", ""),
    Fault("run_broken_without_its_flush", "lib/breaking.c",
          "    if (broken)\n        forget_now(vmap, run, level, before);\n    else if", "    if (broken)\n        ;\n    else if"),
    Fault("interim_left_in_place", "lib/breaking.c",
          "        while (!entry_replace(vmap, &slot[i], &entry, remarked(&r, i, entry, own)))",
          "        while (!broken && !entry_replace(vmap, &slot[i], &entry, remarked(&r, i, entry, own)))"),
    Fault("rights_of_a_run_without_a_break", "lib/protect.h",
          "    if (must_break_for_rights(format, old, rights))\n", "    if (false)\n"),
    Fault("page_of_an_equal_run_taken_for_its_first", "lib/run.h",
          "format->runs_are_equal ? leaf_mask(format, leaf, level) : level_mask(format, level);",
          "level_mask(format, level);"),
    Fault("split_keeps_a_run_that_the_range_cuts", "lib/split.h",
          "    split_cut_run(format, table, attributes, base, below, cursor->at);\n", ""),
    Fault("split_leaves_its_run", "lib/split.h",
          "    leaf = split_leave_run(format, vmap, batch, cursor, leaf);\n", ""),
    Fault("lost_leaf_leaves_its_run", "lib/unmap.h",
          "    split_leave_run(format, vmap, batch, cursor, entry_load(cursor_slot(format, cursor)));\n", ""),

    # The software TLB.
    Fault("line_read_without_a_second_look", "lib/tlb.h", "    differ |= tlb_get(&line->sequence) ^ sequence;\n", ""),
    Fault("line_read_while_it_is_written", "lib/tlb.h", "(sequence & 1) | (tlb_get", "(tlb_get"),
    Fault("line_of_another_space", "lib/tlb.h",
          "(tlb_get(&line->space) ^ vmap->id) | (tlb_get(&line->drops) ^ drops);", "(tlb_get(&line->drops) ^ drops);"),
    Fault("line_of_a_table_that_went", "lib/tlb.h", " | (tlb_get(&line->drops) ^ drops);", ";"),
    Fault("lines_cleared_under_who_was_preempted", "lib/cpus.c",
          "cpus->cpu[number] == cpu ? MEM_VMAP_TLB_LINES * sizeof(MemVmapTlbLine) : 0;", "0;"),
    Fault("lines_of_unknown_memory_believed", "lib/cpus.c",
          "cpus->cpu[number] == cpu ? MEM_VMAP_TLB_LINES * sizeof(MemVmapTlbLine) : 0;",
          "MEM_VMAP_TLB_LINES * sizeof(MemVmapTlbLine);"),
    Fault("latest_line_of_another_region", "lib/tlb.h",
          "tlb_read(line, vmap, way_region(format, virt), drops, &table)",
          "tlb_read(line, vmap, tlb_get(&line->region), drops, &table)"),
    Fault("line_of_a_large_leaf_taken_for_pages", "lib/find.h",
          "    if (cpu != NULL && found.level == 0)\n", "    if (cpu != NULL)\n"),
    Fault("page_of_a_line_not_validated", "lib/tlb.h",
          "    return MEM_LIKELY(read_is_valid(format, vmap, virt, drops)) ? entry : 0;", "    return entry;"),
    Fault("leaf_of_a_line_not_validated", "lib/tlb.h",
          "    return read_is_valid(format, vmap, at, drops);\n}\n\n/* Has the line", "    return true;\n}\n\n/* Has the line"),
    Fault("line_written_by_two", "lib/tlb.c", "(sequence & 1) != 0 || !__atomic", "!__atomic"),
]
