#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves that functions of C never answer 0, for any arguments: as bit-vectors, by z3.

Usage: prove.py ROOT FORMAT FILE...    with the format of that name, which one of arch/'s files describes

Every function `goal_...` of FILE is a claim about FORMAT. It answers 2 where the claim does not apply to its arguments,
1 where it holds, 0 where it does not. clang compiles it with all that it calls into one piece of code without loops,
and this reads that code (LLVM IR), instruction by instruction, as terms over machine words. A goal is proved where no
arguments lead to 0, and some to 1. One that answers 2 throughout, as of level 4 in a format of three, is left out.

Exit code: 0 where all are proved; 1, and the arguments that break them; 77 where a tool is missing.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
BINARY = {"and": "bvand", "or": "bvor", "xor": "bvxor", "add": "bvadd", "sub": "bvsub", "mul": "bvmul",
          "shl": "bvshl", "lshr": "bvlshr", "ashr": "bvashr", "udiv": "bvudiv", "urem": "bvurem"}
COMPARE = {"ult": "bvult", "ule": "bvule", "ugt": "bvugt", "uge": "bvuge",
           "slt": "bvslt", "sle": "bvsle", "sgt": "bvsgt", "sge": "bvsge", "eq": "="}
PICK = {"umin": "bvule", "umax": "bvuge", "smin": "bvsle", "smax": "bvsge"}
FLAGS = r"(?:(?:nuw|nsw|exact|tail) )*"


def sources_of(root):
    """The file that describes each format."""
    for path in sorted((root / "arch").glob("*/format_*.c")):
        for name in re.findall(r"^#define FORMAT (\w+)", path.read_text(), re.M):
            yield name, path.relative_to(root)


def compile_ir(root, name, file):
    source = dict(sources_of(root)).get(name)
    if source is None:
        sys.exit(f"no such format: {name}")
    command = ["clang", "-O2", "-S", "-emit-llvm", "-o", "-", "-std=c11", "-ffreestanding", "-fno-jump-tables",
               "-fno-vectorize", "-fno-slp-vectorize", "-w", f"-I{HERE.parent}/shadow", f"-I{HERE.parent}", f"-I{root}",
               f"-I{root}/include", f'-DPROOF_SOURCE="{source}"', f"-DPROOF_FORMAT={name}",
               f"-DPROOF_FAMILY_{source.parent.name.upper()}", str(HERE / file)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Unreadable(Exception):
    """An instruction that is not of the kind that these functions consist of."""


class Function:
    """One function's code as definitions over bit-vectors, each after those that it needs."""

    def __init__(self, name, parameters, body):
        self.name = name
        self.lines = []
        self.arguments = []
        self.edges = {}  # by block: (predecessor, condition)
        self.returns = []
        for index, parameter in enumerate(p for p in parameters.split(",") if p.strip()):
            bits, value = re.match(r"\s*i(\d+)\b.*?(%\S+)?$", parameter).groups()
            value = value or f"%{index}"
            self.arguments.append(value)
            self.lines.append(f"(declare-const |{value}| (_ BitVec {bits}))")
        blocks = re.split(r"^([\w.]+):.*$", body, flags=re.M)
        self.read_block(None, blocks[0])
        for label, text in zip(blocks[1::2], blocks[2::2]):
            self.read_block(label, text)

    def define(self, name, bits, term):
        self.lines.append(f"(define-fun |{name}| () (_ BitVec {bits}) {term})")

    @staticmethod
    def operand(text, bits):
        text = text.strip()
        if text.startswith("%"):
            return f"|{text}|"
        number = {"true": 1, "false": 0}.get(text)
        if number is None:
            if not re.fullmatch(r"-?\d+", text):
                raise Unreadable(text)
            number = int(text)
        return f"(_ bv{number % (1 << bits)} {bits})"

    def read_block(self, label, text):
        if not any(line.strip() for line in text.splitlines()):
            return
        self.label = label or "entry"
        if label is None:
            self.define("at entry", 1, "#b1")
        else:
            taken = [condition for _, condition in self.edges.get(label, [])]
            if not taken:
                raise Unreadable(f"block {label} before what leads there: a loop?")
            self.define(f"at {label}", 1, "(bvor " + " ".join(taken) + ")" if len(taken) > 1 else taken[0])
        logical = re.sub(r"\[\n(.*?)\]", lambda m: "[" + " ; ".join(m[1].strip().splitlines()) + "]", text, flags=re.S)
        for line in logical.splitlines():
            line = re.sub(r"(, ![\w.]+ !\d+)+$|\s+;.*$" if "switch" not in line else r"(, ![\w.]+ !\d+)+$", "",
                          line.strip())
            if line and not line.startswith((";", "}")):
                self.read(line)

    def edge(self, target, condition):
        name = f"{self.label} to {target} {len(self.edges.get(target, []))}"
        self.define(name, 1, f"(bvand |at {self.label}| {condition})")
        self.edges.setdefault(target, []).append((self.label, f"|{name}|"))

    def read(self, line):
        for pattern, reader in READERS:
            match = re.fullmatch(pattern, line)
            if match:
                reader(self, *match.groups())
                return
        raise Unreadable(line)

    def binary(self, result, operation, bits, a, b):
        bits = int(bits)
        self.define(result, bits, f"({BINARY[operation]} {self.operand(a, bits)} {self.operand(b, bits)})")

    def compare(self, result, predicate, bits, a, b):
        a, b = self.operand(a, int(bits)), self.operand(b, int(bits))
        term = f"(not (= {a} {b}))" if predicate == "ne" else f"({COMPARE[predicate]} {a} {b})"
        self.define(result, 1, f"(ite {term} #b1 #b0)")

    def select(self, result, condition, bits, a, b):
        bits = int(bits)
        self.define(result, bits, f"(ite (= {self.operand(condition, 1)} #b1) {self.operand(a, bits)} "
                    f"{self.operand(b, bits)})")

    def resize(self, result, kind, bits, a, to):
        bits, to = int(bits), int(to)
        a = self.operand(a, bits)
        term = {"zext": f"((_ zero_extend {to - bits}) {a})", "sext": f"((_ sign_extend {to - bits}) {a})",
                "trunc": f"((_ extract {to - 1} 0) {a})"}[kind]
        self.define(result, to, term)

    def phi(self, result, bits, choices):
        bits = int(bits)
        term = None
        for value, block in re.findall(r"\[ (\S+), %([\w.]+) \]", choices):
            value = self.operand(value, bits)
            ways = [condition for source, condition in self.edges[self.label]
                    if source == ("entry" if block == self.entry_label() else block)]
            for way in ways:
                term = value if term is None else f"(ite (= {way} #b1) {value} {term})"
        self.define(result, bits, term)

    def entry_label(self):
        """What phi nodes call the first block, which has no label line where its name is a number."""
        return str(len(self.arguments)) if all(a[1:].isdigit() for a in self.arguments) else "entry"

    def pick(self, result, kind, bits, a, b):
        bits = int(bits)
        a, b = self.operand(a, bits), self.operand(b, bits)
        self.define(result, bits, f"(ite ({PICK[kind]} {a} {b}) {a} {b})")

    def saturate(self, result, kind, bits, a, b):
        bits = int(bits)
        a, b = self.operand(a, bits), self.operand(b, bits)
        if kind == "uadd":
            term = f"(ite (bvult (bvadd {a} {b}) {a}) (bvnot (_ bv0 {bits})) (bvadd {a} {b}))"
        else:
            term = f"(ite (bvult {a} {b}) (_ bv0 {bits}) (bvsub {a} {b}))"
        self.define(result, bits, term)

    def copy(self, result, bits, a):
        self.define(result, int(bits), self.operand(a, int(bits)))

    def jump(self, target):
        self.edge(target, "#b1")

    def branch(self, condition, yes, no):
        condition = self.operand(condition, 1)
        self.edge(yes, condition)
        self.edge(no, f"(bvnot {condition})")

    def switch(self, bits, value, default, cases):
        bits = int(bits)
        value, tests = self.operand(value, bits), []
        for constant, target in re.findall(r"i\d+ (-?\d+), label %([\w.]+)", cases):
            tests.append(f"(= {value} {self.operand(constant, bits)})")
            self.edge(target, f"(ite {tests[-1]} #b1 #b0)")
        self.edge(default, f"(ite (or {' '.join(tests)} false) #b0 #b1)")

    def leave(self, bits, value):
        self.returns.append((f"|at {self.label}|", self.operand(value, int(bits))))

    def result(self):
        term = "(_ bv2 8)"
        for at, value in self.returns:
            term = f"(ite (= {at} #b1) {value} {term})"
        return term

    def text(self):
        return "\n".join([*self.lines, f"(define-fun result () (_ BitVec 8) {self.result()})"])

    def query(self):
        """Whether it can answer 0, and whether it can answer 1."""
        return "\n".join(["(push)", self.text(), "(push)", "(assert (= result #x00))", "(check-sat)", "(pop)",
                          "(assert (= result #x01))", "(check-sat)", "(pop)"])

    def counterexample(self):
        values = " ".join(f"|{argument}|" for argument in self.arguments)
        return f"(set-logic QF_BV)\n{self.text()}\n(assert (= result #x00))\n(check-sat)\n(get-value ({values}))"


READERS = [
    (rf"(%\S+) = ({'|'.join(BINARY)}) {FLAGS}i(\d+) (\S+), (\S+)", Function.binary),
    (r"(%\S+) = icmp (\w+) i(\d+) (\S+), (\S+)", Function.compare),
    (r"(%\S+) = select i1 (\S+), i(\d+) (\S+), i\d+ (\S+)", Function.select),
    (r"(%\S+) = (zext|sext|trunc) i(\d+) (\S+) to i(\d+)", Function.resize),
    (r"(%\S+) = phi i(\d+) (.*)", Function.phi),
    (rf"(%\S+) = {FLAGS}call (?:\w+ )*i\d+ @llvm\.(umin|umax|smin|smax)\.i(\d+)\(i\d+ (\S+), i\d+ (\S+)\).*",
     Function.pick),
    (rf"(%\S+) = {FLAGS}call (?:\w+ )*i\d+ @llvm\.(uadd|usub)\.sat\.i(\d+)\(i\d+ (\S+), i\d+ (\S+)\).*",
     Function.saturate),
    (r"(%\S+) = freeze i(\d+) (\S+)", Function.copy),
    (r"br label %([\w.]+)", Function.jump),
    (r"br i1 (\S+), label %([\w.]+), label %([\w.]+)", Function.branch),
    (r"switch i(\d+) (\S+), label %([\w.]+) \[(.*)\]", Function.switch),
    (r"ret i(\d+) (\S+)", Function.leave),
]


def functions_of(ir):
    for match in re.finditer(r"^define [^@]*@(goal_\w+)\(([^)]*)\)[^\n]*\{\n(.*?)^\}", ir, re.M | re.S):
        yield Function(*match.groups())


def ask_z3(text):
    run = subprocess.run(["z3", "-in"], input=text, capture_output=True, text=True, check=False)
    return run.stdout.splitlines()


def prove(ir):
    """The goals, and those of them that are not proved, with what z3 says."""
    functions = [f for f in functions_of(ir) if f.returns != [("|at entry|", "(_ bv2 8)")]]
    answers = ask_z3("(set-logic QF_BV)\n" + "\n".join(f.query() for f in functions))
    broken = []
    for index, function in enumerate(functions):
        answer = answers[2 * index:2 * index + 2]
        if answer == ["unsat", "sat"]:
            continue
        what = ask_z3(function.counterexample()) if answer[:1] == ["sat"] else ["it never applies"]
        broken.append((function.name, " ".join(what)))
    return functions, broken


def main():
    root, name, files = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    for tool in ("clang", "z3"):
        if shutil.which(tool) is None:
            print(f"skipped: {tool} is not installed")
            sys.exit(77)
    goals = 0
    for file in files:
        try:
            functions, broken = prove(compile_ir(root, name, file))
        except Unreadable as error:
            sys.exit(f"{file}: not code without loops and memory: {error}")
        goals += len(functions)
        for goal, what in broken:
            print(f"{goal} of {name}: {what}")
        if broken:
            print(f"not proved: {len(broken)} of {len(functions)} goals")
            sys.exit(1)
    if goals == 0:
        sys.exit("nothing to prove")
    print(f"{name}: {goals} goals proved")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main()
