#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# clang-tidy finds nothing in lib/ and arch/; .clang-tidy says what it looks for. Of AArch64's formats, which are the
# engine again with other constants, it looks at those of one page size.
# Usage: check_tidy.sh ROOT BUILD      (BUILD holds compile_commands.json)
set -eu
root=$1 build=$2
command -v clang-tidy >/dev/null || { echo "skipped: no clang-tidy here"; exit 77; }
[ -f "$build/compile_commands.json" ] || { echo "no compile_commands.json in $build"; exit 1; }
mapfile -t sources < <(find "$root/lib" "$root/arch" -name '*.c' ! -name 'format_4k.c' ! -name 'format_16k.c' | sort)
[ ${#sources[@]} -gt 0 ] || { echo "no C file in lib/ or arch/"; exit 1; }
printf '%s\0' "${sources[@]}" |
    xargs -0 -n 1 -P 2 clang-tidy -p "$build" --quiet --warnings-as-errors='*'
echo "ok: ${#sources[@]} files"
