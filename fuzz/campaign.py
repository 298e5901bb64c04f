#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs all fuzzers of a build tree for a while. `tools/fuzz` builds them and calls this."""

import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True  # the directory is a source tree

from shrink import shrink  # noqa: E402

AREAS = ("map", "protect", "batch")
PROGRESS_SEC = 15
LIMITS = ["-max_len=2801", "-timeout=20", "-report_slow_units=20", "-rss_limit_mb=3000"]
PULSE = re.compile(r"#(\d+)\s+\w+\s+cov: (\d+).* corp: (\d+)")


class Fuzzer:
    def __init__(self, build, path):
        self.path = path
        self.name = os.path.basename(path)
        self.area = self.name.split("_")[1]
        self.build = build
        self.found = os.path.join(build, "found", self.area)
        self.status = ""
        self.operations = None
        self.inputs = 0
        self.cpu_sec = 0.0
        self.crashed = False
        os.makedirs(self.found, exist_ok=True)

    def directories(self):
        """The first is where new inputs go."""
        others = [os.path.join("fuzz", "corpus", self.area), os.path.join(self.build, "seeds", self.area)]
        return [self.found] + [path for path in others if os.path.isdir(path)]

    def run(self, seconds):
        prefix = os.path.join(self.build, "crashes", self.name + "-")
        command = [self.path, f"-max_total_time={int(seconds)}", f"-artifact_prefix={prefix}",
                   "-print_final_stats=1", *LIMITS, *self.directories()]
        if self.area == "trace":
            command.append("-dict=fuzz/trace.dict")
        environment = {name: value for name, value in os.environ.items() if name != "MEM_VMAP_FUZZ_TRACE"}
        before = len(glob.glob(prefix + "*"))
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
                              errors="replace", env=environment) as process:
            lines = self.follow(process.stderr)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        self.cpu_sec = max(usage.ru_utime + usage.ru_stime, 0.01)
        self.crashed = process.returncode != 0 or len(glob.glob(prefix + "*")) > before
        self.status = "crashed" if self.crashed else "done"
        if self.crashed:
            with open(prefix + "log.txt", "w", encoding="utf-8") as log:
                log.writelines(lines[-400:])

    def follow(self, stream):
        lines = []
        for line in stream:
            pulse = PULSE.match(line)
            if pulse:
                self.status = f"{pulse[1]} inputs, {pulse[2]} edges, {pulse[3]} kept"
                self.inputs = int(pulse[1])
                continue
            if line.startswith("stat::operations:"):
                self.operations = int(line.split()[1])
            lines.append(line)
        return lines

    def rate(self):
        if self.operations:
            return f"{self.operations} operations, {self.operations / self.cpu_sec:,.0f} a CPU-second"
        return f"{self.inputs} inputs, {self.inputs / self.cpu_sec:,.0f} a CPU-second"


def say(text):
    print(f"== {text}", file=sys.stderr, flush=True)


def make_seeds(build):
    """Pieces of the recorded traces; the parser begins with the corpus alone."""
    for area in AREAS:
        directory = os.path.join(build, "seeds", area)
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(directory)
        traces = sorted(glob.glob("tests/traces/*.trace.gz"))
        subprocess.run([os.path.join(build, "fuzz", "fuzz_seed"), area, directory, *traces], check=True)


def replay_command(build, trace):
    """What runs this trace as the fuzzer did: its first line says with which options."""
    with open(trace, encoding="utf-8") as file:
        words = file.readline().removeprefix("#").split()
    return [os.path.join(build, "tools", "vmap"), *words[1:]]


def traces_of_crashes(build, fuzzers):
    """Turns each new crash into a trace, as short as it can be."""
    for fuzzer in fuzzers:
        for path in glob.glob(os.path.join(build, "crashes", fuzzer.name + "-*-*")):
            trace = path + ".trace"
            if path.endswith(".trace") or os.path.exists(trace) or fuzzer.area == "trace":
                continue
            environment = dict(os.environ, MEM_VMAP_FUZZ_TRACE=trace)
            subprocess.run([fuzzer.path, "-timeout=20", path], env=environment, check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            command = replay_command(build, trace)
            lines = shrink(trace, command)
            found = f"{lines} lines" if lines else "no mismatch, which is a defect of the replay"
            say(f"{fuzzer.name}: {' '.join(command)} {trace}: {found}")


def keep_corpus(build, fuzzers):
    """Few inputs that cover what all of them cover, by area: what the first format needs, and what each next adds."""
    for area in sorted({fuzzer.area for fuzzer in fuzzers}):
        kept = os.path.join(build, "kept", area)
        shutil.rmtree(kept, ignore_errors=True)
        os.makedirs(kept)
        say(f"{area}: choosing what to keep")
        for fuzzer in [f for f in fuzzers if f.area == area]:
            option = "-merge=1" if os.listdir(kept) else "-set_cover_merge=1"
            subprocess.run([fuzzer.path, option, "-max_len=1000", kept, *fuzzer.directories()],
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        corpus = os.path.join("fuzz", "corpus", area)
        shutil.rmtree(corpus, ignore_errors=True)
        shutil.copytree(kept, corpus)


def show_progress(fuzzers, done):
    started = time.monotonic()
    while not done.wait(PROGRESS_SEC):
        running = [f"{f.name}: {f.status}" for f in fuzzers if f.status not in ("", "done", "crashed")]
        say(f"{time.monotonic() - started:4.0f} s  " + "; ".join(running))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    os.makedirs(os.path.join(options.build, "crashes"), exist_ok=True)

    paths = [path for path in sorted(glob.glob(os.path.join(options.build, "fuzz", "fuzz_*")))
             if os.access(path, os.X_OK) and not path.endswith("fuzz_seed") and options.only in path.rsplit("/")[-1]]
    fuzzers = [Fuzzer(options.build, path) for path in paths]
    if not fuzzers:
        sys.exit(f"campaign.py: no fuzzers in {options.build}/fuzz")
    make_seeds(options.build)
    seconds = max(5.0, options.minutes * 60 * options.jobs / len(fuzzers))
    say(f"{len(fuzzers)} fuzzers, {seconds:.0f} s each, {options.jobs} at a time")

    done = threading.Event()
    threading.Thread(target=show_progress, args=(fuzzers, done), daemon=True).start()
    with ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(lambda fuzzer: fuzzer.run(seconds), fuzzers))
    done.set()

    for fuzzer in fuzzers:
        print(f"{fuzzer.name:32} {fuzzer.status:8} {fuzzer.rate()}")
    traces_of_crashes(options.build, [fuzzer for fuzzer in fuzzers if fuzzer.crashed])
    if options.keep:
        keep_corpus(options.build, fuzzers)
    sys.exit(1 if any(fuzzer.crashed for fuzzer in fuzzers) else 0)


if __name__ == "__main__":
    main()
