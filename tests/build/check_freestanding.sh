#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The core compiles under the flags that kernels use, without a warning, and asks for nothing but the
# four memory functions that every compiler may call. All formats with the first set of flags; with the others those
# of one architecture, as they are the same engine.
# Usage: check_freestanding.sh ROOT COMPILER
set -eu
root=$1 compiler=$2
command -v "$compiler" >/dev/null || { echo "skipped: no $compiler here"; exit 77; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
allowed='^(memcpy|memmove|memset|memcmp)$'
common=(-std=gnu11 -ffreestanding -Wall -Wextra -Werror "-I$root/include" "-I$root")
mapfile -t sources < <(find "$root/lib" "$root/arch" -name '*.c' | sort)
[ ${#sources[@]} -gt 0 ] || { echo "no C file in lib/ or arch/"; exit 1; }
failed=0

# Goes on with x86-64 alone.
leave_others_out()
{
    mapfile -t sources < <(printf '%s\n' "${sources[@]}" | grep -vE '/arch/(aarch64|riscv|ept)/')
    common+=(-DMEM_VMAP_WITHOUT_AARCH64 -DMEM_VMAP_WITHOUT_RISCV -DMEM_VMAP_WITHOUT_EPT)
}

# compile_all FLAG...: the whole core, with these flags, into one relocatable object.
compile_all()
{
    local source objects=()
    rm -f "$scratch"/*.o
    for source in "${sources[@]}"; do
        objects+=("$scratch/${#objects[@]}.o")
        "$compiler" "${common[@]}" "$@" -c "$source" -o "${objects[-1]}" || return 1
    done
    ld -r "${objects[@]}" -o "$scratch/core.o"
}

# check FLAG...: names every symbol that the core wants and may not have.
check()
{
    local wanted
    if ! compile_all "$@"; then
        echo "FAILED to compile: $compiler $*"
        failed=1
        return
    fi
    wanted=$(nm --undefined-only --format=just-symbols "$scratch/core.o" |
        { grep -vE "$allowed" || true; } | tr '\n' ' ')
    if [ -n "$wanted" ]; then
        echo "FAILED: $compiler $*: undefined: $wanted"
        failed=1
        return
    fi
    echo "ok: $compiler $*"
}

check -O2
leave_others_out
check -O0
check -O2 -fno-pic
check -Os -fno-pic
if "$compiler" -dumpmachine | grep -q '^x86_64'; then
    kernel=(-mgeneral-regs-only -mno-red-zone)
    check -O2 "${kernel[@]}"
    check -O0 "${kernel[@]}"
    check -O2 "${kernel[@]}" -mcmodel=kernel -fno-pic
    check -O0 "${kernel[@]}" -mcmodel=kernel -fno-pic
fi
exit $failed
