#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every C and C++ file is laid out as .clang-format says.
# Usage: check_format.sh ROOT
set -eu
command -v clang-format >/dev/null || { echo "skipped: no clang-format here"; exit 77; }
cd "$1"
mapfile -t files < <(find . \( -path ./build -o -path ./.git \) -prune -o \
    -type f \( -name '*.[ch]' -o -name '*.cc' -o -name '*.cpp' \) -print | sort)
[ ${#files[@]} -gt 0 ] || { echo "no C file"; exit 1; }
if ! found=$(clang-format --dry-run -Werror "${files[@]}" 2>&1); then
    # The places only: the quoted lines around them would fill pages.
    grep ': error: ' <<<"$found" || echo "$found"
    echo "run clang-format -i on these files"
    exit 1
fi
echo "ok: ${#files[@]} files"
