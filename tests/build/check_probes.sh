#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The core with tools/perf/usdt.h as its configuration compiles without a warning, and its objects name every event of
# <mem/vmap_config.h> as a static probe, and nothing else.
# Usage: check_probes.sh ROOT
set -eu
root=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if ! echo '#include <sys/sdt.h>' | cc -fsyntax-only -xc - 2>/dev/null; then
    echo "skipped: no <sys/sdt.h> here (systemtap-sdt-dev)"
    exit 77
fi

mapfile -t sources < <(find "$root/lib" "$root/arch" -name '*.c' | grep -vE '/arch/(aarch64|riscv|ept)/' | sort)
[ ${#sources[@]} -gt 0 ] || { echo "no C file in lib/ or arch/"; exit 1; }
for source in "${sources[@]}"; do
    cc -std=gnu11 -O2 -ffreestanding -Wall -Wextra -Werror "-I$root/include" "-I$root" \
        -DMEM_VMAP_WITHOUT_AARCH64 -DMEM_VMAP_WITHOUT_RISCV -DMEM_VMAP_WITHOUT_EPT \
        '-DMEM_VMAP_CONFIG_FILE="tools/perf/usdt.h"' -c "$source" -o "$scratch/$(basename "$source").o"
done
readelf --notes "$scratch"/*.o | awk '$1 == "Provider:" { provider = $2 } $1 == "Name:" { print provider ":" $2 }' |
    sort -u >"$scratch/found"
sed -n 's/^ \*   \([a-z_]\{4,\}\)  *the \(space\|CPUs\|same\), .*/memvmap:\1/p' "$root/include/mem/vmap_config.h" |
    sort -u >"$scratch/promised"
[ -s "$scratch/promised" ] || { echo "no event in <mem/vmap_config.h>"; exit 1; }
if ! diff -u --label promised --label found "$scratch/promised" "$scratch/found"; then
    echo "FAILED: the probes are not the events that <mem/vmap_config.h> names"
    exit 1
fi
echo "ok: $(tr '\n' ' ' <"$scratch/found")"
