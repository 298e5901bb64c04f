#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Each public header compiles alone, in C11 and in C++17, without a warning.
# Usage: check_headers.sh ROOT
set -eu
root=$1
mapfile -t headers < <(cd "$root/include" && find . -name '*.h' | sed 's|^\./||' | sort)
[ ${#headers[@]} -gt 0 ] || { echo "no header in include/"; exit 1; }
failed=0

# compile COMPILER LANGUAGE STANDARD HEADER
compile()
{
    if echo "#include <$4>" | "$1" -x "$2" "-std=$3" -Wall -Wextra -Wpedantic -Werror \
        "-I$root/include" -fsyntax-only -; then
        echo "ok: $1 $3 $4"
    else
        echo "FAILED: $1 $3 $4"
        failed=1
    fi
}

for header in "${headers[@]}"; do
    for pair in gcc:c:c11 g++:c++:c++17 clang:c:c11 clang++:c++:c++17; do
        IFS=: read -r compiler language standard <<<"$pair"
        if command -v "$compiler" >/dev/null; then
            compile "$compiler" "$language" "$standard" "$header"
        else
            echo "not checked: no $compiler here"
        fi
    done
done
exit $failed
