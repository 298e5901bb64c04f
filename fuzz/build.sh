#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the fuzzers as OSS-Fuzz and ClusterFuzzLite do: with CC, CXX, CFLAGS, CXXFLAGS, LIB_FUZZING_ENGINE and OUT
# from the environment, each with a default. Leaves the fuzzers, their seed corpora and options in $OUT.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
: "${OUT:=$top/build/fuzz-out}" "${WORK:=$top/build/fuzz-work}"
: "${CC:=clang}" "${CXX:=clang++}" "${LIB_FUZZING_ENGINE:=-fsanitize=fuzzer}"
: "${CFLAGS:=-O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all}"
: "${CXXFLAGS:=$CFLAGS}"
export CC CXX CFLAGS CXXFLAGS

# The engines run where no library but the C library is installed: zlib is linked statically.
cmake -S "$top" -B "$WORK" -G Ninja -DCMAKE_BUILD_TYPE=None -DZLIB_USE_STATIC_LIBS=ON \
    -DMEM_VMAP_BUILD_FUZZ=ON -DMEM_VMAP_BUILD_TESTS=OFF -DMEM_VMAP_FUZZ_ENGINE="$LIB_FUZZING_ENGINE"
cmake --build "$WORK" --target fuzz_all

mkdir -p "$OUT"
for fuzzer in "$WORK"/fuzz/fuzz_*; do
    name=${fuzzer##*/}
    area=${name#fuzz_}
    area=${area%%_*}
    [ -x "$fuzzer" ] && [ "$name" != fuzz_seed ] || continue
    cp "$fuzzer" "$OUT/"
    rm -f "$OUT/${name}_seed_corpus.zip"
    (cd "$top/fuzz/corpus/$area" && zip -q -r "$OUT/${name}_seed_corpus.zip" .)
    [ "$area" != trace ] || cp "$top/fuzz/trace.dict" "$OUT/$name.dict"
    printf '[libfuzzer]\nmax_len = 2801\ntimeout = 20\n' >"$OUT/$name.options"
done
