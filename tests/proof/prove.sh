#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Proves that the functions of lib/ and arch/x86_64 keep the contracts of one file in this directory, or what the
# proofs take for granted of machine words.
#
#   prove.sh ROOT FILE DEPTH [FUNCTION]     with the format of DEPTH levels; only the contract of FUNCTION
#   prove.sh ROOT facts
#
# Exit code 0: every goal is proved. 1: one is not, and the last line says how many. 77: a tool is missing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$1
shift

for tool in frama-c why3 z3; do
    command -v "$tool" >/dev/null || {
        echo "skipped: $tool is not installed (Debian: frama-c-base why3 z3)"
        exit 77
    }
done
[[ $(frama-c -version) = 25.* ]] || {
    echo "skipped: these proofs are for Frama-C 25, here is $(frama-c -version)"
    exit 77
}

# Each fact is a query that must have no counterexample. As many answers as facts, or z3 gave up on the way.
prove_facts()
{
    local names answers
    names=$("$here/facts.py" smt | sed -n 's/^(push) ; //p')
    answers=$("$here/facts.py" smt | z3 -in) || true
    paste <(echo "$names") <(echo "$answers") | grep -v "$(printf '.\tunsat$')" >wrong || true
    if [ -s wrong ]; then
        cat wrong
        echo "not proved: $(wc -l <wrong) facts"
        exit 1
    fi
    echo "$(wc -l <<<"$answers") facts hold"
}

# What WP imports into goals that speak of C integers and of their bits: the facts for this file (see facts.py).
write_driver()
{
    local theory=$1
    "$here/facts.py" why3 >facts.mlw
    cat >facts.driver <<END
library cint:
why3.import += "facts.Words";
library cbits: cint
why3.import += "facts.${theory^}";
END
}

# Why3's configuration: where the facts are, and z3 without its model-based quantifier instantiation. With it a
# goal that is not valid runs into the time limit; without, z3 soon says that it does not know.
configure_why3()
{
    printf '#!/bin/sh\nexec z3 smt.auto_config=false smt.mbqi=false "$@"\n' >z3
    chmod +x z3
    cat >why3.conf <<END
[main]
magic = 14
memlimit = 2000
loadpath = "$PWD"
[partial_prover]
name = "Z3"
path = "$PWD/z3"
version = "$(z3 --version | awk '{print $3}')"
END
    export WHY3CONFIG=$PWD/why3.conf
}

# The functions that have a contract in FILE: all of them are proved, so that no contract is only believed.
functions_of()
{
    local file=$1 names
    names=$(sed -n '/; \*\/$/{n;s/^[^(]*[ *]\([a-z0-9_]*\)(.*/\1/p}' "$file")
    [ "$(grep -c '^/\*@' "$file")" = "$(wc -w <<<"$names")" ] || {
        echo "$file: a contract without a function" >&2
        exit 1
    }
    paste -sd, <<<"$names"
}

# Goals that are proved in a second get two minutes, so that a busy machine changes nothing.
run_wp()
{
    local file=$1 depth=$2 functions=$3
    frama-c -machdep gcc_x86_64 -cpp-extra-args="-CC -DPROOF_DEPTH=$depth \
        -DMEM_VMAP_CONFIG_FILE='\"config.h\"' -I$here/shadow -I$here -I$root -I$root/include" \
        -wp -wp-rte -wp-no-pruning -wp-driver facts.driver \
        -wp-prover z3 -wp-timeout "${PROOF_SECONDS:-120}" -wp-fct "$functions" "$file"
}

prove_file()
{
    local file=$here/$1 depth=$2 functions proved all
    functions=${3:-$(functions_of "$file")}
    configure_why3
    write_driver "$(basename "$file" .c)"
    run_wp "$file" "$depth" "$functions" >log 2>&1 || { cat log; exit 1; }

    # "[wp] Proved goals:  268 / 268": the two must be equal, and there must be something to prove.
    read -r proved all < <(sed -n 's|^\[wp\] Proved goals: *\([0-9]*\) / \([0-9]*\).*|\1 \2|p' log) || true
    if [ "${proved:-0}" -eq 0 ] || [ "$proved" != "$all" ]; then
        grep -E '^\[(kernel|wp)\]' log | grep -vE ' : Valid|annotating|Computing' || true
        echo "not proved: $((${all:-0} - ${proved:-0})) of ${all:-no} goals"
        exit 1
    fi
    echo "$proved goals proved"
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" # where Frama-C leaves its session
if [ "$1" = facts ]; then
    prove_facts
else
    prove_file "$@"
fi
