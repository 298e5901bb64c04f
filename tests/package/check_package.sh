#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A project outside MemVmap finds it, builds against it and runs.
# Usage: check_package.sh installed ROOT BUILD   BUILD, installed to a prefix of its own: find_package
#        check_package.sh subproject ROOT        ROOT, as a part of the other project's tree: FetchContent
set -eu
mode=$1 root=$2
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# need PATTERN: there is such a file below the prefix. The name of the library's directory depends on the
# system.
need()
{
    compgen -G "$scratch/prefix/$1" >/dev/null || { echo "not installed: $1"; exit 1; }
}

install_it()
{
    local build=$1
    cmake --install "$build" --prefix "$scratch/prefix" >"$scratch/log" || { cat "$scratch/log"; exit 1; }
    for header in "$root"/include/mem/*.h; do
        need "include/mem/$(basename "$header")"
    done
    need "lib*/libmemvmap.a"
    if grep -q '^MEM_VMAP_BUILD_TOOLS:BOOL=ON' "$build/CMakeCache.txt"; then
        need bin/vmap
        need libexec/memvmap/record-trace
        "$scratch/prefix/libexec/memvmap/record-trace" --help >/dev/null
    fi
    if command -v scdoc >/dev/null; then
        need share/man/man9/vmap.9
        need share/man/man9/mem_vmap_map.9
        need share/man/man1/vmap.1
    fi
}

case $mode in
installed)
    install_it "$3"
    how="-DCMAKE_PREFIX_PATH=$scratch/prefix"
    ;;
subproject)
    how="-DMEM_VMAP_SOURCE=$root"
    ;;
*)
    echo "unknown mode: $mode"
    exit 1
    ;;
esac

cp -r "$here/consumer" "$scratch/consumer"
cmake -S "$scratch/consumer" -B "$scratch/build" "$how" -DCMAKE_BUILD_TYPE=Release >"$scratch/log" 2>&1 ||
    { cat "$scratch/log"; exit 1; }
cmake --build "$scratch/build" >"$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }
"$scratch/build/consumer"
