#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command-line tool knows every format of the build.

Usage: check_formats.py CHECK VMAP [TRACE]

  list     what vmap formats says of each, as a table, in detail and as JSON
  replay   a random trace in each, by --format and by the trace's own `format=`: replay --check, dump, stats; and an
           expectation that is wrong is found
  adapt    the trace of a real program in each, made to fit: replay --check --adapt
  fit      traces that are not for a format, and formats that are unknown, are refused before anything is done
"""
import json
import random
import subprocess
import sys

OPERATIONS = 300

# By family: pages, widths of virtual addresses; from the manuals.
PAGES = {"x86_64": "4K", "ept": "4K", "riscv": "4K", "aarch64_4k": "4K", "aarch64_16k": "16K", "aarch64_64k": "64K"}
SIZES = {"4K": 1 << 12, "16K": 1 << 14, "64K": 1 << 16}

# A line of the table, word for word, for a format of each kind.
ROWS = {
    "x86_64_4level": "48 both 52 4 9+9+9+9 4K 2M 1G none 10 CPU wb wt uc dev none",
    "ept_5level": "57 guest 52 5 9+9+9+9+9 4K 2M 1G none 10 either wb wt uc wc dev user, global",
    "aarch64_64k_lpa_upper": "52 upper 52 3 10+13+13 64K 512M 4T",
    "aarch64_16k_stage2": "47 guest 48 3 11+11+11 16K 32M",
    "riscv_sv57": "57 both 56 5 9+9+9+9+9 4K 2M 1G 512G 256T",
}


class Tool:
    """The tool, and what it got wrong."""

    def __init__(self, path):
        self.path = path
        self.wrong = []

    def run(self, *arguments, trace=None):
        return subprocess.run([self.path, *arguments], input=trace, text=True, capture_output=True)

    def formats(self):
        return json.loads(self.run("formats", "--json").stdout)["formats"]

    def expect(self, status, *arguments, trace=None, words=()):
        """Runs it, and notes where the exit status is another, or a word is in no line of what it printed."""
        done = self.run(*arguments, trace=trace)
        printed = done.stdout + done.stderr
        missing = [word for word in words if word not in printed]
        if done.returncode != status or missing:
            self.wrong.append(f"vmap {' '.join(arguments)}: exit status {done.returncode}, not {status}; "
                              f"missing: {missing}\n{printed[:2000]}")
        return done.stdout


def family_page(name):
    return next(page for family, page in PAGES.items() if name.startswith(family))


def check_list(tool):
    formats = tool.formats()
    lines = tool.expect(0, "formats").splitlines()
    if [line.split()[0] for line in lines[1:]] != [format["name"] for format in formats]:
        tool.wrong.append("the table and the JSON list other formats")
    for column in ("VIRTUAL", "INDEX", "LEAVES", "TYPES", "LACKS"):
        at = lines[0].index(column)
        if any(line[at - 1] != " " or line[at] == " " for line in lines[1:]):
            tool.wrong.append(f"the column {column} is not aligned")
    for line in lines[1:]:
        name, rest = line.split(maxsplit=1)
        if not " ".join(rest.split()).startswith(ROWS.get(name, "")):
            tool.wrong.append(f"{line}\n  expected: {ROWS[name]}")
    for format in formats:
        name, levels = format["name"], format["levels"]
        words = (name, f"{format['virtual_bits']} bits", f"level {len(levels) - 1}, the root", family_page(name))
        tool.expect(0, "formats", name, words=words)
        if levels[0]["size"] != SIZES[family_page(name)]:
            tool.wrong.append(f"{name}: pages of {levels[0]['size']}")
        covered = levels[-1]["size"] << levels[-1]["index_bits"]
        if covered != 1 << format["virtual_bits"]:
            tool.wrong.append(f"{name}: the root covers {covered:#x}")
    tool.expect(2, "formats", "nix", words=("unknown format 'nix'", formats[0]["name"], formats[-1]["name"]))


class Writer:
    """A random trace for a format: addresses at its edges and around the sizes of its leaves."""

    def __init__(self, format, seed):
        self.random = random.Random(seed)
        self.format = format
        self.page = format["levels"][0]["size"]
        self.sizes = [level["size"] for level in format["levels"] if level["leaf"]]
        runs = [level["run"] for level in format["levels"] if level["run"]]
        self.units = sorted(self.sizes[:2] + runs[:1])
        bits = format["virtual_bits"] - (format["lower"] and format["upper"])
        self.bases = [0] if format["lower"] else []
        if format["upper"]:
            self.bases.append((1 << 64) - (1 << bits))
        self.bases += [base + (1 << bits) - 4 * self.sizes[1] for base in self.bases]

    def address(self):
        offset = self.random.randrange(4 * self.sizes[1]) & -self.random.choice(self.units)
        return self.random.choice(self.bases) + offset

    def length(self):
        unit = self.random.choice(self.units)
        return unit * self.random.randint(1, 3)

    def flags(self):
        rights = "r" + self.random.choice(("", "w", "x"))
        rights += "u" if self.format["user"] and self.random.random() < 0.5 else ""
        rights += "g" if self.format["global"] and self.random.random() < 0.2 else ""
        return rights + self.random.choice(("", "", "", ",uc", ",dev", ",wc", ",4k", ",2m", ",noreserve"))

    def line(self):
        virt, length = self.address(), self.length()
        phys = virt & (1 << 38) - 1 & -self.page | self.random.randrange(4) << 30
        verb = self.random.choices(("map", "unmap", "protect", "collapse", "lookup"), (6, 3, 2, 1, 1))[0]
        if self.random.random() < 0.1:  # odd bytes: widened, or refused where the two differ within a page
            virt, phys = virt + 5, phys + self.random.choice((5, 6))
        return {"map": f"map {phys:#x} {virt:#x} {length:#x} {self.flags()}",
                "unmap": f"unmap {virt:#x} {length:#x}",
                "protect": f"protect {virt:#x} {length:#x} {self.flags()}",
                "collapse": f"collapse {virt:#x} {length:#x}",
                "lookup": f"lookup {virt:#x}"}[verb]

    def text(self, head=""):
        return head + "\n".join(self.line() for _ in range(OPERATIONS)) + "\nverify\n"


def page_text(page):
    return f"{page >> 10}K"


def first_page(format):
    return 0 if format["lower"] else (1 << 64) - (1 << format["virtual_bits"])


def check_replay(tool):
    for format in tool.formats():
        name, page = format["name"], format["levels"][0]["size"]
        trace = Writer(format, name).text(f"space 1 format={name}\n")
        tool.expect(0, "replay", "--check", "-", trace=trace, words=("mismatches: 0",))

        # Two pages and a leaf of the next size.
        at, large = first_page(format), format["levels"][1]["size"]
        fits = (f"map {4 * large:#x} {at:#x} {2 * page} rw => ok\n"
                f"map {8 * large:#x} {at + large:#x} {large} rx => ok\n"
                f"lookup {at + page:#x} => {4 * large + page:#x} {page_text(page)} rw\n"
                f"unmap {at:#x} {page}\ntranslate {at:#x} => miss\n"
                f"translate {at + large + 5:#x} => {8 * large + 5:#x}\n")
        tool.expect(0, "replay", "--check", f"--format={name}", "-", trace=fits, words=("mismatches: 0",))
        tool.expect(0, "dump", f"--format={name}", "-", trace=fits,
                    words=(f"space 0 ({name})", f"1 x {page_text(page)}", f"{at + page:016x}", "2 runs"))
        tool.expect(0, "dump", "--tree", f"--format={name}", "-", trace=fits, words=("1 leaf",))
        tool.expect(0, "stats", f"--format={name}", "-", trace=fits,
                    words=(f"space 0 ({name})", f"leaves of {page_text(page)}"))
        wrong = fits + f"lookup {at + page:#x} => {4 * large:#x} {page_text(page)} rw\n"
        tool.expect(1, "replay", f"--format={name}", "-", trace=wrong, words=("mismatches: 1",))

    # Spaces of formats whose tables have other sizes share one machine.
    mixed = "".join(Writer(format, "mixed").text(f"space {number} format={format['name']}\n")
                    for number, format in enumerate(tool.formats(), 1))
    tool.expect(0, "replay", "--check", "-", trace=mixed, words=("mismatches: 0",))


def check_fit(tool):
    formats = {format["name"]: format for format in tool.formats()}
    good = "map 0x1000 0x401000 4K ru => ok\n"
    far = "map 0x1000 0x7f0000000000 4K r => ok\n"
    refusals = (
        ("aarch64_16k", good, "-:1:1: not whole pages of aarch64_16k, which has pages of 16K"),
        ("aarch64_64k", "unmap 0x1000 4K\n", "-:1:1: not whole pages"),
        ("aarch64_4k_upper", "select 0\n" + good, "-:2:1: aarch64_4k_upper has no addresses 0x401000 to 0x401fff"),
        ("riscv_sv39", far, "riscv_sv39 has no addresses 0x7f0000000000"),
        ("ept_4level", good, "ept_4level has no user mappings"),
        ("aarch64_4k_stage2", "map 0 0 4K rg => ok\n", "aarch64_4k_stage2 has no global mappings"),
    )
    for name, trace, words in refusals:
        if name not in formats:
            continue
        for command in ("replay", "dump", "stats"):
            printed = tool.expect(2, command, f"--format={name}", "-", trace=trace, words=(words,))
            if printed:
                tool.wrong.append(f"{command} --format={name} printed before it refused:\n{printed}")
        # An error that is expected, and a space that names its own format, are meant so.
        meant = trace.replace("=> ok", "=> MEM_EALIGN") if "=> ok" in trace else f"space 1 format={name}\n" + trace
        if tool.run("replay", f"--format={name}", "-", trace=meant).returncode == 2:
            tool.wrong.append(f"refused:\n{meant}")
    if "ept_4level" in formats:
        tool.expect(2, "shootdowns", "--format=ept_4level", "-", trace="", words=("no CPU has ept_4level",))
    for command in ("replay", "dump", "stats", "shootdowns"):
        tool.expect(2, command, "--format=nix", "-", trace=good, words=("unknown format 'nix'", *formats))
        tool.expect(2, command, "-", trace="space 1 format=nix\n", words=("-:1:1: unknown format 'nix'",))


def check_adapt(tool):
    """Page for page, into the format's half, without what the format lacks."""
    page, program = 0x7F0000401, "map 0x5000 0x7f0000401000 8K ru => ok\ntranslate 0x7f0000402004 => 0x6004\n"
    program += "map 0x9000 0x1000 4K r,wc => ok\nprotect 0x7f0000401000 4K rwug => ok\nunmap 0x2000 0x7f00003ff000\n"
    program += "tables => 9\nlookup 0x7f0000402000 => 0x6000 4K ru\n"
    for format in tool.formats():
        name, size = format["name"], format["levels"][0]["size"]
        half = first_page(format)
        # The block of 2^18 pages around 0x1000 has place 1, a gap is left, and the other has place 3.
        low, high = half + (1 << 18 | 1) * size, half + (3 << 18 | page & (1 << 18) - 1) * size
        rights = "rw-" + ("u" if format["user"] else "-") + ("g" if format["global"] else "-")
        words = (f"{low:016x}-0x{low + size - 1:016x}", f"{high:016x}-0x{high + size - 1:016x}",
                 f"0x{5 * size:013x}  {rights}")
        tool.expect(0, "dump", "--adapt", f"--format={name}", "-", trace=program, words=words)
        tool.expect(0, "replay", "--check", "--adapt", f"--format={name}", "-", trace=program,
                    words=("mismatches: 0",))
        tool.expect(1, "replay", "--adapt", f"--format={name}", "-", trace=program.replace("0x6004", "0x6005"),
                    words=("mismatches: 1",))
        tool.expect(0, "replay", "--check", "--adapt", f"--format={name}", sys.argv[3], words=("mismatches: 0",))
        tool.expect(0, "stats", "--adapt", f"--format={name}", sys.argv[3], words=(f"({name})",))
    names = {format["name"] for format in tool.formats()}
    huge = "map 0 0x10000000000 64T r,noreserve => ok\n"
    if "riscv_sv39" in names:
        tool.expect(2, "replay", "--adapt", "--format=riscv_sv39", "-", trace=huge, words=("maps too much",))
    if "aarch64_4k_upper" in names:
        tool.expect(0, "shootdowns", "--adapt", "--format=aarch64_4k_upper", sys.argv[3], words=("TLBI",))


CHECKS = {"adapt": check_adapt, "list": check_list, "replay": check_replay, "fit": check_fit}


def main():
    if len(sys.argv) != (4 if sys.argv[1:2] == ["adapt"] else 3) or sys.argv[1] not in CHECKS:
        sys.exit(__doc__)
    tool = Tool(sys.argv[2])
    CHECKS[sys.argv[1]](tool)
    print("\n".join(tool.wrong) if tool.wrong else f"ok: {len(tool.formats())} formats")
    return 1 if tool.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
