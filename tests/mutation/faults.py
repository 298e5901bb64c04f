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
    Fault("split_linked_before_it_is_filled", "lib/split.h",
          """\
    do
        split_fill(format, table, leaf, level);
    while (!entry_replace(vmap, cursor_slot(format, cursor), &leaf, entry));
""", """\
    MemEntry old = leaf;
    while (!entry_replace(vmap, cursor_slot(format, cursor), &leaf, entry))
        old = leaf;
    split_fill(format, table, old, level);
"""),
    Fault("table_not_zeroed_at_its_head", "lib/map.h",
          "    entry_zero(cursor->table[below], level_index(format, below, cursor->at));\n", ""),
    Fault("table_not_zeroed_at_its_tail", "lib/map.h",
          "level_entries(format, level) - end);", "0);"),
    Fault("split_in_two_steps", "lib/split.h",
          "    while (!entry_replace(vmap, cursor_slot(format, cursor), &leaf, entry));\n",
          """\
    while (!entry_replace(vmap, cursor_slot(format, cursor), &leaf, 0));
    entry_publish_table(cursor_slot(format, cursor), entry);
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
        while (!MEM_VMAP_ENTRY_EXCHANGE(&slot[i], &old, format->with_rights(old, rights)))
            ;
""", "        MEM_VMAP_ENTRY_STORE(&slot[i], format->with_rights(old, rights));\n"),
    Fault("split_not_filled_again", "lib/split.h",
          """\
    do
        split_fill(format, table, leaf, level);
    while (!entry_replace(vmap, cursor_slot(format, cursor), &leaf, entry));
""", """\
    split_fill(format, table, leaf, level);
    while (!entry_replace(vmap, cursor_slot(format, cursor), &leaf, entry))
        ;
"""),
    Fault("split_forgets_accessed_and_dirty", "lib/split.h",
          "    MemEntry attributes = format->relevel(format->attributes(leaf, level), level, level - 1);\n",
          """\
    MemEntry attributes = format->relevel(format->attributes(leaf, level), level, level - 1);
    attributes &= ~(format->accessed | format->dirty);
"""),
    Fault("collapse_forgets_dirty", "lib/collapse.c",
          "    joint->dirty |= format->is_dirty(leaf);", "    joint->dirty &= format->is_dirty(leaf);"),
    Fault("collapse_accessed_if_any_was", "lib/collapse.c",
          "    joint->accessed &= leaf;", "    joint->accessed |= leaf & format->accessed;"),
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
          "(virt & level_mask(format, level));", "(virt & level_mask(format, 0));"),

    # What the CPUs are told to forget.
    Fault("flush_skipped_unless_tables_went", "lib/batch.h",
          "    if (!batch_is_empty(batch) || batch->supplied)",
          "    if (batch->dropped_count > 0 || batch->supplied)"),
    Fault("flush_skipped_where_denials_come", "lib/entry.h",
          "(rights & ~changed->all & denies)) != 0;", "(rights & changed->all & denies & ~rights)) != 0;"),
    Fault("flush_skipped_where_grants_go", "lib/entry.h",
          "((changed->any & ~rights & grants) | ", "((changed->any & rights & ~rights) | "),
    Fault("rights_of_the_last_leaf_decide", "lib/entry.h",
          "    changed->any |= old;\n", "    changed->any = old;\n"),
    Fault("hole_taken_for_a_global_page", "lib/entry.h",
          "cleared.all &= entry != 0 ? entry : ~(MemEntry)0;", "cleared.all &= entry;"),
    Fault("split_not_flushed", "lib/split.h",
          "    batch_note(format, batch, (Range){first, first + level_mask(format, level)}, level);\n",
          "    (void)first;\n"),
    Fault("split_flushed_in_part", "lib/split.h",
          "(Range){first, first + level_mask(format, level)}, level);",
          "(Range){first, first + level_mask(format, level - 1)}, level);"),
    Fault("split_forgets_global", "lib/split.h",
          "    batch->global |= leaves_global(format, leaf, leaf);\n", ""),
    Fault("unmap_forgets_global", "lib/unmap.h",
          "    batch->global |= leaves_global(format, cleared->any, cleared->all);\n", ""),
    Fault("subtree_forgets_global", "lib/unmap.h", "    batch->global |= vmap->has_global;\n", ""),
    Fault("collapse_forgets_global", "lib/collapse.c",
          "    c->batch->global |= leaves_global(format, leaf, leaf);\n", ""),
    Fault("map_forgets_that_it_made_a_global", "lib/map.h",
          "    vmap->tables += plan->tables;\n    vmap->has_global |= (mapping->flags & MEM_VMAP_GLOBAL) != 0;\n",
          "    vmap->tables += plan->tables;\n"),
    Fault("protect_forgets_that_it_made_a_global", "lib/protect.h",
          "    protect_pass(format, vmap, batch, range, rights);\n"
          "    vmap->has_global |= leaves_global(format, rights, rights);\n",
          "    protect_pass(format, vmap, batch, range, rights);\n"),
    Fault("walk_caches_forgotten", "lib/batch.h",
          "    batch->tables = true;\n    vmap->tables -= pages;\n", "    vmap->tables -= pages;\n"),
    Fault("batch_overflow_dropped", "lib/batch.h", "        batch->everything = true;", "        batch->tables = true;"),
    Fault("everything_dropped_from_the_plan", "lib/batch.c",
          "plan->everything = batch->everything;", "plan->everything = batch->everything && batch->tables;"),
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
        shoot_down(batch);
    mem_vmap_pool_put(vmap, settle(vmap, batch));
""", """\
    usize surplus = settle(vmap, batch);
    if (!batch_is_empty(batch))
        shoot_down(batch);
    mem_vmap_pool_put(vmap, surplus);
"""),
    Fault("pages_put_back_before_the_flush", "lib/batch.c",
          """\
    if (!batch_is_empty(batch))
        shoot_down(batch);
    mem_vmap_pool_put(vmap, settle(vmap, batch));
""", """\
    mem_vmap_pool_put(vmap, settle(vmap, batch));
    if (!batch_is_empty(batch))
        shoot_down(batch);
"""),
    Fault("lost_told_before_the_flush", "lib/batch.c",
          """\
    if (!batch_is_empty(batch))
        shoot_down(batch);
    mem_vmap_pool_put(vmap, settle(vmap, batch));
    tell_lost(batch);
""", """\
    tell_lost(batch);
    if (!batch_is_empty(batch))
        shoot_down(batch);
    mem_vmap_pool_put(vmap, settle(vmap, batch));
"""),
    Fault("lost_not_told", "lib/batch.c",
          "batch->lost.stride != 0 && port->lost", "batch->lost.stride != 0 && batch->everything && port->lost"),
    Fault("lost_told_without_sign_extension", "lib/unmap.h",
          "usize virt = virt_from_linear(format, first);", "usize virt = first;"),
    Fault("others_behind_our_own_batch_ignored", "lib/batch.h",
          "(newest == own && newest->next == NULL)", "newest == own"),
    Fault("others_that_touch_by_a_page_ignored", "lib/batch.c",
          "first <= other_last && other_first <= last;", "first < other_last && other_first + 0xfff < last;"),
    Fault("others_that_overflowed_ignored", "lib/batch.c",
          "    if (batch->everything)\n        return true;\n", ""),
    Fault("others_that_dropped_tables_ignored", "lib/batch.c",
          "what == LEFT_LEAVES_AND_TABLES && i <", "what == LEFT_LEAVES_AND_TABLES && i + 64 <"),
    Fault("map_returns_beside_a_flush", "lib/map.h",
          "    if (MEM_UNLIKELY(stale))", "    if (MEM_UNLIKELY(stale && plan.supplied))"),
    Fault("short_map_returns_beside_a_flush", "lib/map.h",
          "vmap->unflushed == NULL && page_run_find", "page_run_find"),
    Fault("short_unmap_returns_beside_a_flush", "lib/unmap.h",
          "        batch_note_waiting(format, vmap, batch, range);\n        Cleared", "        Cleared"),
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
          "    batch->tables = true;\n    batch->global |= vmap->has_global;\n",
          "    batch->global |= vmap->has_global;\n"),
    Fault("second_flush_leaves_globals", "lib/batch.h",
          "    batch->tables = true;\n    batch->global |= vmap->has_global;\n", "    batch->tables = true;\n"),
    Fault("map_beside_a_flush_leaves_globals", "lib/batch.c",
          "    batch.global = vmap->has_global;\n", ""),
    Fault("batch_drops_more_than_it_holds", "lib/batch.h",
          "batch->dropped_count + format->top + 1 <=", "batch->dropped_count + 1 <="),

    # Tables, counts and credits.
    Fault("empty_table_leaks", "lib/unmap.h",
          """\
    batch_drop(format, vmap, batch, format->table_phys(entry, level + 1), 0, 1,
               (Range){inside & ~mask, inside | mask});
""", "    (void)inside, (void)mask;\n"),
    Fault("collapsed_table_leaks", "lib/collapse.c",
          "    batch_drop(format, c->vmap, c->batch, format->table_phys(table, level), 0, 1, block);\n", ""),
    Fault("empty_table_stays_counted", "lib/unmap.h",
          "    entry_clear(slot);\n    cursor->change[level + 1]--;\n", "    entry_clear(slot);\n"),
    Fault("dropped_subtree_stays_counted", "lib/unmap.h",
          "subtree.pages, block);\n    cursor->change[level]--;\n", "subtree.pages, block);\n"),
    Fault("map_counts_one_too_few", "lib/map.h",
          "entry_recount(format, run->parent, run->count);", "entry_recount(format, run->parent, run->count - 1);"),
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
          "entry_load(slot + 6) | entry_load(slot + 7)", "entry_load(slot + 6) | entry_load(slot + 6)"),
    Fault("overlap_in_the_last_entry_unseen", "lib/entry.h",
          "    for (; slot < end; slot++)", "    for (; slot + 1 < end; slot++)"),
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
          "        full &= entry_load(&slot[i]) != 0;", "        full &= i == 0 || entry_load(&slot[i]) != 0;"),
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
]
