#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Has Spin search every interleaving of a model, within its bounds.
#
#   check.sh DIRECTORY COMPILER VERDICT MODEL [-DNAME[=VALUE]...]
#
# DIRECTORY is where the search is generated and compiled, MODEL a .pml of this room; the definitions set its bounds
# or plant a mistake. VERDICT is what must come out:
#
#   holds     no assertion fails, and there is no state in which some process can never go on
#   acyclic   no run comes back to where it was: with `holds`, every run ends
#   returns   every unmap returns, if no CPU is delayed for ever (for -DSPIN_WAIT)
#   stale     an assertion fails; stuck: a process cannot go on; endless: an unmap does not return
#
# Exit code 0: it did. 1: it did not, or the search was cut short. 77: there is no Spin. SEARCH=long in the
# environment is for searches of minutes: it takes longer to compile and less time and memory to run.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
directory=$1 compiler=$2 verdict=$3 model=$4
shift 4
definitions=$*

command -v spin >/dev/null || {
    echo "skipped: spin is not installed (Debian: spin)"
    exit 77
}

flags=(-O0 -DMEMLIM=2000) table=21
if [ "${SEARCH:-}" = long ]; then
    flags=(-Og -DCOLLAPSE -DMEMLIM=12000) table=26
fi
# What the search looks for, and how it says that it has found it.
case $verdict in
holds) flags+=(-DSAFETY) options=() found= ;;
acyclic) flags+=(-DNP -DNOFAIR) options=(-l) found= ;;
returns) flags+=(-DNFAIR=3) options=(-a -f) found= ;;
stale) flags+=(-DSAFETY) options=() found='assertion violated' ;;
stuck) flags+=(-DSAFETY) options=() found='invalid end state' ;;
endless) flags+=(-DNFAIR=3) options=(-a -f) found='acceptance cycle' ;;
*) echo "check.sh: no such verdict: $verdict" && exit 1 ;;
esac

mkdir -p "$directory"
cd "$directory"
rm -f ./*.trail pan
if ! spin -a "$@" "$here/$model.pml" >log 2>&1 || ! "$compiler" -w "${flags[@]}" -o pan pan.c >>log 2>&1; then
    cat log
    exit 1
fi
./pan "${options[@]}" -m100000 -w"$table" >log 2>&1 || true

fail()
{
    echo "$model $definitions: $1"
    grep '^pan:[0-9]' log || cat log
    for trail in "$PWD"/*.trail; do
        [ ! -e "$trail" ] || echo "the run that leads there: spin -t -p -g -k $trail $definitions $here/$model.pml"
    done
    exit 1
}

# "State-vector 140 byte, depth reached 226, errors: 0" and "   269657 states, stored"
read -r depth errors < <(sed -n 's/.*depth reached \([0-9]*\), errors: \([0-9]*\).*/\1 \2/p' log) || true
read -r states < <(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' log) || true
[ -n "${states:-}${errors:-}" ] || fail "the search did not come to an end"
if [ -n "$found" ]; then
    grep -q "^pan.*$found" log || fail "no run was found that is $verdict, in $states states"
    echo "$model $definitions: found in $states states: $(sed -n 's/^pan:[0-9]*: *//p' log | head -1)"
    exit 0
fi
[ "$errors" -eq 0 ] || fail "does not hold"
! grep -Eq 'Search not completed|max search depth too small' log || fail "the search was cut short"
echo "$model $definitions: $verdict, all $states states, up to $depth steps"
