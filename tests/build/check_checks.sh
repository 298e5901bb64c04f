#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The checks can fail: each passes on a small clean tree, and on the same tree with one fault planted in
# it fails and names the fault.
# Usage: check_checks.sh ROOT
set -eu
root=$1
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
tree=$scratch/tree
failed=0

# A tree with the project's headers, pages and settings, and a core of one function.
fresh_tree()
{
    rm -rf "$tree"
    mkdir -p "$tree/lib" "$tree/arch" "$tree/build" "$tree/tools"
    cp -r "$root/include" "$root/docs" "$root/.clang-format" "$root/.clang-tidy" "$tree"
    cp -r "$root/tools/perf" "$tree/tools"
    cat >"$tree/lib/core.c" <<'END'
/* SPDX-License-Identifier: MIT */
#include <mem/vmap.h>

const char *mem_vmap_strerror(int code)
{
    return code == MEM_OK ? "success" : "error";
}
END
    cat >"$tree/README.md" <<'END'
```c
puts(mem_vmap_strerror(MEM_OK));
```
```
success
```
1. Add `lib/*.c`
2. Build
END
    compile_core
    echo "[{\"directory\": \"$tree\", \"file\": \"lib/core.c\", \"command\": \"cc -Iinclude -c lib/core.c\"}]" \
        >"$tree/build/compile_commands.json"
}

compile_core()
{
    cc "-I$tree/include" -c "$tree/lib/core.c" -o "$tree/build/core.o"
    ar rc "$tree/build/libmemvmap.a" "$tree/build/core.o"
}

# run CHECK ARGUMENT...: keeps what it prints; its exit code is the result.
run()
{
    local check=$1
    shift
    "$here/$check" "$@" >"$scratch/printed" 2>&1
}

# expect NAMED CHECK ARGUMENT...: a fault has been planted; the check must fail and print NAMED.
expect()
{
    local named=$1 code=0
    shift
    run "$@" || code=$?
    if [ $code -eq 77 ]; then
        echo "not tried: $*: $(cat "$scratch/printed")"
    elif [ $code -eq 0 ] || ! grep -v '^ok: ' "$scratch/printed" | grep -qF -- "$named"; then
        echo "FAILED: $* gave $code on a planted fault and did not name \"$named\":"
        cat "$scratch/printed"
        failed=1
    else
        echo "ok: ${*%%"$scratch"*} finds: $named"
    fi
    fresh_tree
}

# clean CHECK ARGUMENT...: nothing is wrong, and the check must say so.
clean()
{
    local code=0
    run "$@" || code=$?
    [ $code -eq 0 ] || [ $code -eq 77 ] && return
    echo "FAILED: $* gave $code on a clean tree:"
    cat "$scratch/printed"
    failed=1
}

# tell EVENT...: the core traces these.
tell()
{
    local event
    for event in "$@"; do
        echo "void tell_$event(void *s); void tell_$event(void *s) { MEM_VMAP_TRACE($event, s, 0, 0); }"
    done >>"$tree/lib/core.c"
}

fresh_tree
for compiler in gcc clang; do
    clean check_freestanding.sh "$tree" $compiler
done
for rule in includes layering spdx; do
    clean check_sources.py $rule "$tree"
done
clean check_headers.sh "$tree"
clean check_format.sh "$tree"
clean check_tidy.sh "$tree" "$tree/build"
clean check_manual.py "$tree"
clean check_readme.py "$tree" "$tree/build"
events=(split drop shoot_down walk_again wait waited)
tell "${events[@]}"
clean check_probes.sh "$tree"
fresh_tree

for compiler in gcc clang; do
    echo 'int puts(const char *); void planted(void); void planted(void) { puts(""); }' >>"$tree/lib/core.c"
    expect "undefined: puts" check_freestanding.sh "$tree" $compiler
    # gcc refuses to compile it, clang calls a function that a kernel does not have.
    echo 'double planted(double x); double planted(double x) { return x * 2; }' >>"$tree/lib/core.c"
    expect "$compiler -O2 -mgeneral-regs-only" check_freestanding.sh "$tree" $compiler
    echo 'static int planted;' >>"$tree/lib/core.c"
    expect "unused" check_freestanding.sh "$tree" $compiler
done

echo '#include <string.h>' >>"$tree/lib/core.c"
expect "lib/core.c:8: includes string.h" check_sources.py includes "$tree"
echo '#include "../docs/planted.h"' >>"$tree/arch/planted.c"
touch "$tree/docs/planted.h"
expect "includes ../docs/planted.h" check_sources.py includes "$tree"

echo 'int x86_planted; /* riscv */' >>"$tree/lib/core.c"
expect "lib/core.c:8: names a CPU" check_sources.py layering "$tree"
echo '#include "arch/planted.h"' >>"$tree/lib/core.c"
expect "lib/core.c:8: includes arch/" check_sources.py layering "$tree"

for file in lib/planted.h docs/CMakeLists.txt planted.sh; do
    echo 'planted' >"$tree/$file"
    expect "$file: no SPDX" check_sources.py spdx "$tree"
done
printf '#!/bin/sh\n' >"$tree/planted"
expect "planted: no SPDX" check_sources.py spdx "$tree"

echo 'static inline usize planted(void) { return 0; }' >>"$tree/include/mem/errors.h"
expect "FAILED: gcc c11 mem/errors.h" check_headers.sh "$tree"
echo 'static inline char *planted(void *p) { return p; }' >>"$tree/include/mem/errors.h"
expect "FAILED: g++ c++17 mem/errors.h" check_headers.sh "$tree"

tell "${events[@]:1}"
expect "-memvmap:split" check_probes.sh "$tree"
tell "${events[@]}" planted
expect "+memvmap:planted" check_probes.sh "$tree"

echo 'int   planted ;' >>"$tree/lib/core.c"
expect "lib/core.c:8" check_format.sh "$tree"

echo 'int planted(int *p); int planted(int *p) { p = 0; return *p; }' >>"$tree/lib/core.c"
expect "clang-analyzer-core.NullDereference" check_tidy.sh "$tree" "$tree/build"
echo 'static inline int planted(int a) { return a == a; }' >"$tree/lib/planted.h"
echo '#include "planted.h"' >>"$tree/lib/core.c"
expect "lib/planted.h:1" check_tidy.sh "$tree" "$tree/build"

printf '*planted\n\n' >>"$tree/docs/vmap.9.scd"
expect "docs/vmap.9.scd: Error" check_manual.py "$tree"
sed -i 's/^mv /echo .planted >>"$part"; mv /' "$tree/docs/build-page"
expect "unknown macro: .planted" check_manual.py "$tree"
sed -i 's/mem_vmap_verify(MemVmap \*vmap,/& int planted,/' "$tree/include/mem/vmap.h"
expect "no manual page has: int mem_vmap_verify" check_manual.py "$tree"

sed -i 's/^success/failure/' "$tree/README.md"
expect "+success" check_readme.py "$tree" "$tree/build"
sed -i 's/^puts.*/puts(planted);/' "$tree/README.md"
expect "planted" check_readme.py "$tree" "$tree/build"

echo 'void gone(void); void planted(void); void planted(void) { gone(); }' >>"$tree/lib/core.c"
expect "need more: gone" check_readme.py "$tree" "$tree/build"

exit $failed
