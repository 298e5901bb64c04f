#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Shows that the proofs can fail: plants one fault at a time in a copy of the sources, and proves again.

Usage: check_faults.py ROOT           a handful, the first fault of the files in QUICK
       check_faults.py ROOT --all     all of them, and whether every contract has one: some minutes
       check_faults.py ROOT FILE...   those of these files

Exit code: 0 where every fault makes a proof fail that holds without it; 1; 77 where a tool is missing.
"""

import contextlib
import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROOFS = "tests/proof"
ENVIRONMENT = os.environ | {"PROOF_SECONDS": "20"}  # a goal that holds takes one or two

FORMAT, RANGE, MAP = "lib/format.h", "lib/range.h", "lib/map.h"
X86 = "arch/x86_64/format.h"
RISCV, EPT, AARCH64 = "arch/riscv/format.h", "arch/ept/format.h", "arch/aarch64/format.h"
STAGE1, STAGE2 = "arch/aarch64/stage1.h", "arch/aarch64/stage2.h"
FACTS = f"{PROOFS}/facts.py"
ITSELF = ""  # the file of contracts

WORDS = "words"  # the proofs that read machine code: all formats

# By file of contracts: the function that is proved again, the source, and what is replaced there by what. Where a
# function follows from the contracts of others, the fault is in what those promise.
FAULTS = {
    "level.c": [
        ("blocks_within", FORMAT, "((first & level_mask(format, level)) != 0)", "0"),
        ("blocks_within", FORMAT, "end > begin ? end - begin : 0", "end - begin"),
        ("level_size", "arch/x86_64/format_4level.c", "[1] = {.shift = 21", "[1] = {.shift = 22"),
        ("level_size", FORMAT, "(usize)1 << format->levels[level].shift",
         "(usize)2 << format->levels[level].shift"),
        ("level_mask", FORMAT, "level_size(format, level) - 1", "level_size(format, level)"),
        ("level_entries", FORMAT, "1u << format->levels[level].index_bits",
         "1u << format->levels[level].shift"),
        ("level_index", FORMAT, "& (level_entries(format, level) - 1)", "& level_entries(format, level)"),
        ("block_within", FORMAT, "(at | mask) <= last", "(at | mask) < last"),
        ("block_within", FORMAT, "(at & mask) == 0 && ", ""),
        ("blocks_touched", FORMAT, "(first >> shift) + 1", "(first >> shift)"),
    ],
    "slots.c": [
        ("slots_within", MAP, "range.first) + cuts_first,", "range.first),"),
        ("slots_within", MAP, "(range.last & mask) != mask", "(range.last & mask) != 0"),
        ("cursor_run", "lib/cursor.h", "(cursor->last + 1 - cursor->at) >> shift",
         "(cursor->last - cursor->at) >> shift"),
        ("cursor_run", "lib/cursor.h", "return blocks < left ? (unsigned)blocks : left",
         "return (unsigned)blocks"),
    ],
    "range.c": [
        ("range_pages", RANGE, "end < virt || ", ""),
        ("range_pages", RANGE, "!same_part(format, virt, end)", "!virt_exists(format, end)"),
        ("range_pages", RANGE, "linear_from_virt(format, end) | mask",
         "(linear_from_virt(format, end) | mask) + 1"),
        ("range_pages", RANGE, "virt + (len - 1), mask", "virt + len, mask"),
        ("linear_mask", RANGE, "((usize)1 << format->va_bits) - 1", "((usize)1 << (format->va_bits - 1)) - 1"),
        ("linear_from_virt", RANGE, "virt & linear_mask(format)", "virt & (linear_mask(format) >> 1)"),
        ("virt_from_linear", RANGE, "(linear ^ sign) - sign", "(linear ^ sign) + sign"),
        ("virt_exists", RANGE, "linear_from_virt(format, virt)) == virt",
         "linear_from_virt(format, virt)) != 0"),
        ("same_part", RANGE, "format->va_bits - format->va_sign_extended", "format->va_bits"),
        ("range_clip", RANGE, "first > last)", "first >= last)"),
        ("range_clip", RANGE, "asked.last < high ? asked.last : high", "high"),
        ("range_parts", RANGE, "virt + (len - 1) < virt ? (usize)-1 : ", ""),
        ("range_parts", RANGE, "~(all >> 1), (usize)-1", "all >> 1, (usize)-1"),
        ("range_parts", RANGE, "parts + count", "parts"),
        ("linear_and_back_is_identity", ITSELF, "virt_from_linear(&FORMAT, linear))", "linear)"),
        ("virt_and_back_is_identity", ITSELF, "linear_from_virt(&FORMAT, virt))", "virt & (HALF - 1))"),
        ("range_of_last_page", ITSELF, "0x1000, pages)", "0x1001, pages)"),
    ],
    "mapping.c": [
        ("mapping_make", MAP, "phys > vmap->phys_last || ", ""),
        ("mapping_make", MAP, "len - 1 > vmap->phys_last - phys", "len > vmap->phys_last - phys + 1"),
        ("mapping_make", MAP, "(phys & ~mask) - pages.first", "phys - pages.first"),
        ("mapping_make", MAP, "((virt ^ phys) & mask) != 0", "((virt | phys) & mask) != 0"),
        ("check_flags", MAP, " || type >= MEM_VMAP_TYPES", ""),
        ("flags_type_index", MAP, "flags & MEM_VMAP_TYPE_MASK) >> MEM_VMAP_TYPE_SHIFT];",
         "flags & MEM_VMAP_TYPE_MASK)];"),
    ],
    "leaf.c": [
        ("leaf_level_for", MAP, "&&\n           (offset & level_mask(format, level + 1)) == 0", ""),
        ("leaf_level_for", MAP, "level_size(format, level + 1) <= most",
         "level_size(format, level + 1) < most"),
        ("leaf_level_for", MAP, "while (level < vmap->leaf_level &&", "while (level < 2 &&"),
        ("leaf_size_most", MAP, "cap < len ? cap : len", "cap"),
        ("leaf_size_most", MAP, "(usize)4 << 10", "(usize)2 << 20"),
        ("run_levels_for", MAP, "contiguous == 0)\n        return 0;", "contiguous == 0)\n        return 1;"),
    ],
    "map.c": [
        ("tables_below", MAP, "tables -= blocks_within", "tables += blocks_within"),
        ("tables_below", MAP, "level <= mapping->leaf_level)", "level < mapping->leaf_level)"),
        ("credits_for", MAP, "if (mapping->flags & MEM_VMAP_NO_RESERVE)",
         "if (mapping->flags & MEM_VMAP_CAP_2M)"),
        ("credits_for", MAP, "level = mapping->leaf_level; level > 0",
         "level = mapping->leaf_level; level > 1"),
    ],
    "entry.c": [
        ("x86_relevel", X86, "attributes & X86_PAT_PAGE ? X86_PAT_LARGE : 0", "0"),
        ("x86_relevel", X86, "~(MemEntry)(X86_LARGE | X86_PAT_LARGE)", "~(MemEntry)X86_LARGE"),
        ("x86_leaf_address_mask", X86, "X86_ADDRESS & ~(MemEntry)X86_PAT_LARGE", "X86_ADDRESS"),
        ("x86_kind", X86, "level == 0 || (entry & X86_LARGE)", "entry & X86_LARGE"),
        ("x86_table", X86, "phys | X86_PRESENT | X86_WRITE | X86_USER | X86_ACCESSED",
         "phys | X86_PRESENT | X86_WRITE | X86_ACCESSED"),
        ("x86_table_phys", X86, "entry & X86_ADDRESS", "entry & ~(MemEntry)0xfff"),
        ("x86_address", X86, "    (void)level;\n    return phys;",
         "    return level == 0 ? phys : phys & ~(MemEntry)0xfffff;"),
        ("x86_leaf_phys", X86, "leaf & x86_leaf_address_mask(level)", "leaf & X86_ADDRESS"),
        ("x86_attributes", X86, "leaf & ~x86_leaf_address_mask(level)", "leaf & 0xfff"),
        ("x86_encode", X86, "flags & MEM_VMAP_EXEC ? 0 : X86_NO_EXECUTE",
         "flags & MEM_VMAP_EXEC ? X86_NO_EXECUTE : 0"),
        ("x86_encode", X86, "X86_PAT_PAGE : X86_PAT_LARGE;\n    MemEntry entry",
         "X86_PAT_PAGE : X86_PAT_PAGE;\n    MemEntry entry"),
        ("x86_encode", X86, "flags & MEM_VMAP_DIRTY ? X86_DIRTY : 0",
         "flags & MEM_VMAP_ACCESSED ? X86_DIRTY : 0"),
        ("x86_encode", X86, "(type_index & 3) * X86_PWT", "(type_index & 1) * X86_PWT"),
        ("x86_decode", X86, "leaf & X86_GLOBAL ? MEM_VMAP_GLOBAL : 0", "leaf & X86_USER ? MEM_VMAP_GLOBAL : 0"),
        ("x86_decode_type", X86, "(leaf & pat ? 4 : 0)", "(leaf & X86_PAT_LARGE ? 4 : 0)"),
        ("x86_reserved", X86, "12 + 9 * level", "12 + 8 * level"),
        ("leaf_is_a_leaf", ITSELF, "BIT(entry, 0) && (level == 0 || BIT(entry, 7))",
         "BIT(entry, 0) && BIT(entry, 7)"),
        ("leaf_keeps_address", ITSELF, "ensures no_address: (\\result & ADDRESS_OF(level))",
         "ensures no_address: (\\result & 0x0000ffffffffe000)"),
        ("leaf_keeps_attributes", ITSELF, "0xfff0000000000fff : 0xfff0000000001fff",
         "0xfff0000000000fff : 0xfff0000000000fff"),
        ("leaf_keeps_flags", ITSELF, "ensures dirty: BIT(\\result, 6) <==> (flags & MEM_VMAP_DIRTY)",
         "ensures dirty: BIT(\\result, 6) <==> (flags & MEM_VMAP_ACCESSED)"),
        ("leaf_keeps_type", ITSELF, "ensures pat: BIT(\\result, 12) <==> (level > 0 &&",
         "ensures pat: BIT(\\result, 12) <==> (level > 1 &&"),
        ("leaf_leaves_reserved_bits", ITSELF, "\\result == 0x3fffe000", "\\result == 0x3ffff000"),
        ("leaf_is_address_and_attributes", ITSELF, "0xfff0000000000fff : 0xfff0000000001fff",
         "0xfff0000000000fff : 0xfff0000000000fff"),
        ("relevel_is_encode_there", ITSELF, "ensures value: \\result == attributes + (BIT(attributes, 7) ?",
         "ensures value: \\result == attributes + (BIT(attributes, 8) ?"),
        ("relevel_and_back_is_identity", ITSELF,
         "ensures value: \\result == attributes - (BIT(attributes, 12) ?",
         "ensures value: \\result == attributes - (BIT(attributes, 8) ?"),
        ("table_keeps_address", ITSELF, "(phys | 0x27)", "(phys | 0x1027)"),
        ("table_is_a_table", ITSELF, "(phys | 0x27)", "(phys | 0xa7)"),
    ],
    "linear.c": [
        ("address_is_linear", ITSELF, "(attributes & ADDRESS_OF(level)) == 0", "(attributes & 0xfff) == 0"),
    ],
    # Of all goals about one format, which stands in place of the function.
    WORDS: [
        ("aarch64_4k_lpa2", AARCH64, "(phys >> 50 & 3) << 8", "(phys >> 51 & 3) << 8"),
        ("riscv_sv39", RISCV, "(entry & RISCV_ADDRESS) << RISCV_ADDRESS_SHIFT",
         "(entry & RISCV_ADDRESS >> 1) << RISCV_ADDRESS_SHIFT"),
        ("riscv_sv39", RISCV, "leaf & RISCV_NAPOT ? 0xffff : 0", "leaf & RISCV_NAPOT ? 0x7fff : 0"),
        ("riscv_sv48", RISCV, "(type_index & 3) << RISCV_PBMT_SHIFT", "(type_index & 1) << RISCV_PBMT_SHIFT"),
        ("riscv_sv57", RANGE, "linear_from_virt(format, virt)) == virt", "linear_from_virt(format, virt)) != 0"),
        ("ept_4level", EPT, "return to == 0 ? attributes & ~(MemEntry)EPT_LARGE : attributes | EPT_LARGE;",
         "return attributes | EPT_LARGE;"),
        ("ept_5level", EPT, "flags & MEM_VMAP_DIRTY ? EPT_DIRTY : 0", "flags & MEM_VMAP_DIRTY ? EPT_ACCESSED : 0"),
        ("ept_4level", RANGE, "end < virt || ", ""),
        ("riscv_sv48", FORMAT, "(sum & mask)", "sum"),
        ("ept_5level", FORMAT, "entry + ((MemEntry)", "entry - ((MemEntry)"),
        ("aarch64_4k", FORMAT, "<< format->count_bits) - 1)", "<< format->count_bits))"),
        ("x86_64_5level", FORMAT, "sizeof(MemEntry) <<", "sizeof(uint32_t) <<"),
        ("aarch64_64k_lpa", AARCH64, "(phys >> 48 & 0xf) << 12", "(phys >> 48 & 0x7) << 12"),
        ("aarch64_4k", AARCH64, "to == 0 ? attributes | A64_TABLE : attributes & ~(MemEntry)A64_TABLE",
         "to == 0 ? attributes : attributes & ~(MemEntry)A64_TABLE"),
        ("aarch64_4k", AARCH64, "if (becomes_global)\n        return broken;", ""),
        ("aarch64_4k", AARCH64, "break_level >= 1 && level > 0 ? block", "break_level >= 1 ? block"),
        ("aarch64_16k", STAGE1, "flags & MEM_VMAP_USER ? A64_PXN : A64_UXN",
         "flags & MEM_VMAP_USER ? A64_UXN : A64_PXN"),
        ("aarch64_16k", STAGE1, "return a64_stage1_is_dirty(leaf) ? a64_stage1_with_dirty(clean) : clean;",
         "return clean;"),
        ("aarch64_64k_stage2", STAGE2, "(type_index & 15) << A64_ATTR_SHIFT", "(type_index & 7) << A64_ATTR_SHIFT"),
        ("aarch64_64k_upper", RANGE, "virt + (len - 1), mask", "virt + len, mask"),
    ],
    "facts": [
        (None, FACTS, "(ite (= (mod (div x {bit}) 2) 0) (+ x {bit}) (- x {bit}))", "(+ x {bit})"),
    ],
}

QUICK = ["range.c", "leaf.c", "entry.c", WORDS, "facts"]


def prove(tree, file, function):
    """Whether the proof of one function holds."""
    command = [tree / PROOFS / "prove.sh", tree, file] + (["4", function] if function else [])
    if file == WORDS:
        command = [tree / PROOFS / "words/prove.py", tree, function, "entries.c", "breaking.c", "halves.c"]
    run = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT)
    last = (run.stdout.strip().splitlines() or [""])[-1]
    if run.returncode == 77:
        print(last)
        sys.exit(77)
    # A tree that does not even parse is no proof that failed.
    if run.returncode != 0 and not re.match("not proved: [0-9]+ ", last):
        sys.exit(f"{file}: {run.stdout}{run.stderr}")
    return run.returncode == 0


@contextlib.contextmanager
def copy_of(root):
    with tempfile.TemporaryDirectory() as directory:
        tree = Path(directory)
        for room in ("include", "lib", "arch", PROOFS):
            shutil.copytree(root / room, tree / room)
        yield tree


@functools.cache
def holds_without_fault(root, file, function):
    with copy_of(root) as tree:
        return prove(tree, file, function)


def source_of(root, file, fault):
    return root / (fault[1] or f"{PROOFS}/{file}")


def is_noticed(root, file, fault):
    function, _, old, new = fault
    if not holds_without_fault(root, file, function):
        sys.exit(f"{file}: {function} is not proved even without a fault")
    with copy_of(root) as tree:
        source = source_of(tree, file, fault)
        source.write_text(source.read_text().replace(old, new))
        return not prove(tree, file, function)


def misfits(root):
    """Faults whose place is gone, or not the only one of its kind."""
    for file, faults in FAULTS.items():
        for fault in faults:
            source = source_of(root, file, fault)
            found = source.read_text().count(fault[2])
            if found != 1:
                yield f"{source.name} has {found} of: {fault[2]}"


def without_fault(root):
    """Contracts that no fault is planted for."""
    for file, faults in FAULTS.items():
        if file not in ("facts", WORDS):
            text = (root / PROOFS / file).read_text()
            names = re.findall(r"; \*/\n[^(]*[ *](\w+)\(", text)
            yield from (f"no fault for {name} of {file}" for name in names if name not in {fault[0] for fault in faults})


def main():
    root, names = Path(sys.argv[1]), sys.argv[2:]
    everything = names == ["--all"]
    wrong = list(misfits(root)) + (list(without_fault(root)) if everything else [])
    if wrong:
        sys.exit("\n".join(wrong))
    missed = 0
    for file in FAULTS if everything else names or QUICK:
        for fault in FAULTS[file] if names else FAULTS[file][:1]:
            noticed = is_noticed(root, file, fault)
            missed += not noticed
            planted = " ".join(fault[3].split()) or "(removed)"
            print("noticed" if noticed else "MISSED ", file, fault[0] or "", "|", planted, flush=True)
    print(f"{missed} faults missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
