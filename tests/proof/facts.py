#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the proofs know of machine words, beyond what WP tells its provers.

WP hands `&`, `|`, `>>` and wrap-around to the provers as functions of which it says little. The facts
below add what they mean for the masks and shifts of page tables. Each is printed twice from one text:

    facts.py why3   axioms, in one theory for each file of contracts: its proof imports them
    facts.py smt    one query a fact, in bit-vectors: every answer must be `unsat`, or the fact is wrong

A fact is a name, its variables, the term that makes a prover think of it, and what holds. DOMAIN says what a
variable may be, by its name; that is part of the axiom, so a proof that uses it must show it. The bit-vectors
are wide enough for every term to be exact, and signed, with the division of C: they are WP's integers.
"""

import re
import sys

WORD = 1 << 64
HALF_WORD = 1 << 32
WIDTH = 96  # of the bit-vectors
BITS = list(range(14)) + [63]  # of an entry, with a meaning of their own

ADDRESS_4K = (1 << 52) - (1 << 12)
ADDRESS_LARGE = (1 << 52) - (1 << 13)
IGNORED = (1 << 63) - (1 << 13)  # bits of an entry that encode never sets
DOMAIN = {"m": (0, WORD), "x": (0, WORD), "y": (0, WORD), "i": (-HALF_WORD // 2, HALF_WORD // 2),
          "w": (-WORD, 2 * WORD), "h": (-HALF_WORD, 2 * HALF_WORD), "j": (0, 64)}
NO_FLAGS = 0x7fffcbf0  # bits of flags that decode never sets


def cut(n):
    """A word cut at bit n: what is below, what is above."""
    size = 1 << n
    below, above = size - 1, WORD - size
    yield f"low{n}", "x", f"(land {below} x)", f"(= (land {below} x) (mod x {size}))"
    yield f"high{n}", "x", f"(land {above} x)", f"(= (land {above} x) (- x (mod x {size})))"
    yield f"fill{n}", "x", f"(lor {below} x)", f"(= (lor {below} x) (+ (- x (mod x {size})) {below}))"
    yield f"one{n}", "", "", f"(= (lsl 1 {n}) {size})"
    yield f"shift{n}", "x", f"(lsr x {n})", f"(= (lsr x {n}) (div x {size}))"


def sign(n):
    """The sign of an address that is n + 1 bits wide."""
    bit = 1 << n
    differ = f"(land {WORD - bit} (wrap (lxor x y)))"
    yield (f"sign{n}", "x", f"(lxor {bit} x)",
           f"(= (lxor {bit} x) (ite (= (mod (div x {bit}) 2) 0) (+ x {bit}) (- x {bit})))")
    yield f"same{n}", "xy", differ, f"(= (= {differ} 0) (= (div x {bit}) (div y {bit})))"


def index(n):
    """The index of an address in a table."""
    term = f"(land 511 (wrap32 (lsr x {n})))"
    yield f"index{n}", "x", term, f"(= {term} (mod (div x {1 << n}) 512))"


def level():
    """Sizes, masks and indices of all levels."""
    for n in (9, 12, 21, 30, 39, 48):
        yield from cut(n)
    for n in (12, 21, 30, 39, 48):
        yield from index(n)


def spaces():
    """The pages of a range, and the halves of both depths."""
    for n in (12, 47, 48, 56, 57):
        yield from cut(n)
    for n in (47, 56):
        yield from sign(n)


def mapping():
    """Two addresses with the same offset in a page, and the memory type in flags."""
    yield from cut(12)
    differ = "(land 4095 (wrap (lxor x y)))"
    yield "alike", "xy", differ, f"(= (= {differ} 0) (= (mod x 4096) (mod y 4096)))"
    yield "memory_type", "i", "(land 112 i)", "(and (<= 0 (land 112 i)) (<= (land 112 i) 112))"
    yield "type_index", "x", "(lsr x 4)", "(= (lsr x 4) (div x 16))"


def powers():
    """Single bits, and which of them the masks hold."""
    yield "zero", "j", "(bit 0 j)", "(not (bit 0 j))"
    for k in BITS:
        yield f"power{k}", "j", f"(bit {1 << k} j)", f"(= (bit {1 << k} j) (= j {k}))"
        for mask in (ADDRESS_4K, ADDRESS_LARGE, IGNORED, NO_FLAGS):
            yield f"mask{mask}_{k}", "", "", f"(= (land {mask} {1 << k}) {mask & 1 << k})"


def masks():
    """An entry is its address bits and its attributes."""
    for mask in (ADDRESS_4K, ADDRESS_LARGE):
        rest = WORD - 1 - mask
        yield f"rest{mask}", "x", f"(land {rest} x)", f"(= (land {rest} x) (- x (land {mask} x)))"
        both = f"(lor (land {mask} x) (land {rest} x))"
        yield f"join{mask}", "x", both, f"(= {both} x)"
        yield f"link{mask}", "", "", f"(= (land {mask} 39) 0)"
        for k in (7, 12):
            yield f"rest{mask}_{k}", "", "", f"(= (bit {rest} {k}) {'true' if rest >> k & 1 else 'false'})"
    within = [(1 << 21) - (1 << 13), (1 << 30) - (1 << 13)]
    yield ("within", "x", f"(both (land {IGNORED} x) (bit x 11))", f"(=> (= (land {IGNORED} x) 0) "
           + conjunction(f"(= (land {mask} x) 0)" for mask in within) + ")")
    yield "and_or", "mxy", "(land m (lor x y))", "(= (land m (lor x y)) (lor (land m x) (land m y)))"
    yield "and_commutes", "xy", "(land x y)", "(= (land x y) (land y x))"
    yield "or_word", "xy", "(lor x y)", f"(and (<= 0 (lor x y)) (< (lor x y) {WORD}))"
    yield ("digits", "x", f"(both (land {IGNORED} x) (bit x 11))", "(= x " + total(
        [f"(ite (bit x {k}) {1 << k} 0)" for k in BITS if k != 13] + [f"(land {IGNORED} x)"]) + ")")


def aligned():
    """Addresses of pages and of larger leaves, below the widest physical address."""
    for n, mask in ((12, ADDRESS_4K), (21, ADDRESS_LARGE), (30, ADDRESS_LARGE)):
        known = [f"(= (land {mask} x) x)", f"(= (land {WORD - 1 - mask} x) 0)", "(not (bit x 63))"]
        known += [f"(not (bit x {k}))" for k in range(min(n, 13))]
        if n > 12:
            known.append(f"(= (land {(1 << n) - (1 << 13)} x) 0)")
        yield (f"aligned{n}", "x", f"(mod x {1 << n})",
               f"(=> (and (= (mod x {1 << n}) 0) (< x {1 << 52})) {conjunction(known)})")


def types():
    """The memory type's index in bits 3 and 4, and PAT in bit 7 or 12."""
    for k in (7, 12):
        for term in (f"(lor {1 << k} x)", f"(lor x {1 << k})"):
            yield f"set{k}{term[5]}", "x", term, f"(= {term} (ite (bit x {k}) x (+ x {1 << k})))"
        yield f"test{k}", "x", f"(land x {1 << k})", f"(= (= (land x {1 << k}) 0) (not (bit x {k})))"
    clear = f"(land {WORD - 1 - (1 << 7) - (1 << 12)} x)"
    yield ("clear", "x", clear, conjunction([
        f"(= {clear} (- (- x (ite (bit x 7) {1 << 7} 0)) (ite (bit x 12) {1 << 12} 0)))",
        f"(not (bit {clear} 7))", f"(not (bit {clear} 12))"]))
    index = "(* 8 (land 3 x))"
    yield ("index", "xj", f"(bit {index} j)",
           f"(= (bit {index} j) (or (and (= j 3) (bit x 0)) (and (= j 4) (bit x 1))))")
    for mask in (ADDRESS_4K, ADDRESS_LARGE, IGNORED):
        yield f"index{mask}", "x", f"(land {mask} {index})", f"(= (land {mask} {index}) 0)"
    yield ("index_of", "x", "(div x 8)",
           "(= (land 3 (div x 8)) (+ (ite (bit x 3) 1 0) (ite (bit x 4) 2 0)))")
    yield "low2", "x", "(land 3 x)", "(and (<= 0 (land 3 x)) (< (land 3 x) 4))"
    yield "pat", "x", "(lor x 4)", "(=> (< x 4) (= (lor x 4) (+ x 4)))"


def linear():
    """A word that has no address bits, and an address: one or the other is their sum."""
    for mask in (ADDRESS_4K, ADDRESS_LARGE):
        yield (f"sum{mask}", "xy", "(lor x y)",
               f"(=> (and (= (land {mask} x) 0) (= (land {mask} y) y)) (= (lor x y) (+ x y)))")
    for operation in ("land", "lor"):
        term = f"({operation} x y)"
        yield f"{operation}_commutes", "xy", term, f"(= {term} ({operation} y x))"
    yield "or_word", "xy", "(lor x y)", f"(and (<= 0 (lor x y)) (< (lor x y) {WORD}))"
    yield from aligned()


def entry():
    """What encodes and decodes an entry."""
    for group in (powers, masks, aligned, types):
        yield from group()


def words():
    """Wrap-around, for the sum or difference of two words, or of two halves."""
    for name, size, v in (("wrap", WORD, "w"), ("wrap32", HALF_WORD, "h")):
        yield (name, v, f"({name} {v})", f"(= ({name} {v}) (ite (< {v} 0) (+ {v} {size}) "
               f"(ite (< {v} {size}) {v} (- {v} {size}))))")


def conjunction(terms):
    return "(and " + " ".join(terms) + ")"


def total(terms):
    return terms[0] if len(terms) == 1 else f"(+ {terms[0]} {total(terms[1:])})"


def parse(text):
    """An s-expression as nested lists of strings."""
    stack = [[]]
    for token in re.findall(r"[()]|[^\s()]+", text):
        if token == "(":
            stack.append([])
        elif token == ")":
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(token)
    return stack[0][0]


# How Why3 and SMT-LIB write an operation: both as here where it is not listed.
WHY3_INFIX = {"and": "/\\", "or": "\\/", "=>": "->"} | {sign: sign for sign in ("+", "-", "*", "=", "<", "<=")}
WHY3_CALL = {"mod": "CD.mod", "div": "CD.div", "bit": "bit_test", "wrap": "to_uint64", "wrap32": "to_uint32"}
SMT = {"+": "bvadd", "-": "bvsub", "*": "bvmul", "<": "bvslt", "<=": "bvsle", "mod": "bvsrem", "div": "bvsdiv",
       "land": "bvand", "lor": "bvor", "lxor": "bvxor", "lsl": "bvshl", "lsr": "bvashr"}
PREDICATES = {"bit", "not", "and", "or", "=>", "<", "<=", "="}


def is_formula(term):
    return term in ("true", "false") or isinstance(term, list) and term[0] in PREDICATES


def why3(term):
    if isinstance(term, str):
        return term
    head, *rest = term
    if head == "ite":
        return "(if {} then {} else {})".format(*map(why3, rest))
    if head == "=" and is_formula(rest[0]):
        return "({} <-> {})".format(*map(why3, rest))
    if head in WHY3_INFIX:
        return "(" + f" {WHY3_INFIX[head]} ".join(map(why3, rest)) + ")"
    return f"({WHY3_CALL.get(head, head)} " + " ".join(map(why3, rest)) + ")"


def why3_fact(name, variables, trigger, body):
    text = why3(parse(body))
    for variable in reversed(variables):
        low, high = DOMAIN[variable]
        text = f"{low} <= {variable} < {high} -> {text}"
    if variables:
        seen = parse(trigger)
        terms = seen[1:] if seen[0] == "both" else [seen]
        text = f"forall {' '.join(variables)}: int [{', '.join(map(why3, terms))}]. {text}"
    return f"  axiom {name}: {text}"


def smt(term):
    if isinstance(term, str):
        number = re.fullmatch("-?[0-9]+", term)
        return f"(_ bv{int(term) % (1 << WIDTH)} {WIDTH})" if number else term
    head, *rest = term
    return f"({SMT.get(head, head)} " + " ".join(map(smt, rest)) + ")"


def smt_query(name, variables, _, body):
    lines = [f"(push) ; {name}"]
    for variable in variables:
        low, high = map(smt, map(str, DOMAIN[variable]))
        lines.append(f"(declare-const {variable} (_ BitVec {WIDTH}))")
        lines.append(f"(assert (and (bvsle {low} {variable}) (bvslt {variable} {high})))")
    lines.append(f"(assert (not {smt(parse(body))}))")
    return "\n".join(lines + ["(check-sat-using qfbv)", "(pop)"])


# By the file whose proof imports them, but for `words`, which all do.
THEORIES = {"words": words, "level": level, "slots": level, "leaf": level, "map": level, "range": spaces,
            "mapping": mapping, "entry": entry, "linear": linear}


def print_why3():
    for theory, facts in THEORIES.items():
        print(f"theory {theory.capitalize()}")
        for used in ("int.Int", "int.ComputerDivision as CD", "frama_c_wp.cint.Cint", "frama_c_wp.cbits.Cbits"):
            if theory != "words" or "Cbits" not in used:
                print(f"  use {used}")
        for fact in facts():
            print(why3_fact(*fact))
        print("end\n")


def print_smt():
    value = f"(_ BitVec {WIDTH})"
    for name, size in (("wrap", WORD), ("wrap32", HALF_WORD)):
        print(f"(define-fun {name} ((x {value})) {value} (bvand x {smt(str(size - 1))}))")
    print(f"(define-fun bit ((x {value}) (j {value})) Bool (= ((_ extract 0 0) (bvashr x j)) #b1))")
    for facts in dict.fromkeys(THEORIES.values()):
        for fact in facts():
            print(smt_query(*fact))


if __name__ == "__main__":
    {"why3": print_why3, "smt": print_smt}[sys.argv[1]]()
