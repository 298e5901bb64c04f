#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The page of tools/bench --report: it has every table and plot of what was measured, each part says when and of which
commit, and where things are missing or not fit to be published it says so. Usage: check_report.py"""
import os
import re
import sys
from html.parser import HTMLParser

from support import ROOT, all_names, check_all, expect, growth, hold, read, run, shootdowns, speed, write
from bars import BARS, MORE

REPORT = os.path.join(ROOT, "tools", "perf", "report.py")
VOID = {"meta"}


class Balance(HTMLParser):
    """That every element is closed where it should be."""

    def __init__(self):
        super().__init__()
        self.open, self.wrong = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID | {"wbr"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


class Page:
    def __init__(self, folder):
        self.folder = folder
        self.options = {name: f"{folder}/{name}.json" for name in ("results", "growth", "shootdowns")}
        self.options["bars"] = f"{folder}/bars"

    def make(self):
        path = f"{self.folder}/page.html"
        got = run(sys.executable, "-B", REPORT, path, *(f"--{name}={value}" for name, value in self.options.items()))
        return got, read(path) if got[0] == 0 else ""

    def section(self, title):
        return re.search(rf"<h2>{title}</h2>(.*?)(<h2>|</body>)", self.make()[1], re.DOTALL)[1]


def nothing_measured(page):
    got, text = page.make()
    expect("a page of nothing", got, 0)
    hold("names the commands", text.count("Not measured yet") == 6)


def measured(page):
    write(page.options["results"], speed(all_names(), context={"commit": "of-results"}))
    write(page.options["growth"], growth(context={"commit": "of-growth"}))
    write(page.options["shootdowns"], {"commit": "of-counts", "date": "2026-01-02T00:00:00", **shootdowns()})
    for name, flags in (("gcc", "-O2 -g"), ("gcc-general", "-O2 -g -mgeneral-regs-only")):
        context = {"flags": flags, "commit": "of-bars"}
        write(f"{page.folder}/bars/{name}.json",
              speed([*all_names(), *BARS, *MORE], factors={"map_1x4K": 3}, context=context))
    got, text = page.make()
    expect("a page of everything", got, 0)
    balance = Balance()
    balance.feed(text)
    hold("all of its elements are closed", not balance.open and not balance.wrong)
    hold("without a warning", "Not to be published" not in text and "Not measured" not in text)
    for title, commit in (("Targets", "of-bars"), ("Operations", "of-results"), ("Formats", "of-results"),
                          ("Beside other libraries", "of-results"), ("Growth", "of-growth"), ("Shootdowns", "of-counts")):
        hold(f"{title} says when, and of which commit", commit in page.section(title) and "2026-01-02" in page.section(title))


def contents(page):
    targets, growths, counts = (page.section(title) for title in ("Targets", "Growth", "Shootdowns"))
    heads = re.findall(r"<th(?: [^>]*)?>(.*?)</th>", targets)
    hold("worst and reached stand before the builds", heads[:4] == ["benchmark", "target", "worst", "reached"])
    hold("which are there", len(heads) == 6)
    hold("growth has all tables",
         all(title in growths for title in ("Fitted slopes", "ns for a call", "Table pages", "ns for each leaf")))
    hold("shootdowns of each number of CPUs", all(f"<h3>{title}</h3>" in counts for title in ("1 CPU", "4 CPUs", "64 CPUs")))
    hold("only references are dashed", counts.count("line ref") == 0 and growths.count("line ref") == 1)
    axes = [re.findall(r'text-anchor="end">([^<]*)<', drawing) for drawing in re.findall(r"<svg.*?</svg>", growths, re.DOTALL)]
    hold("map and unmap have the same vertical axis", len(axes) == 3 and axes[0] == axes[1])
    hold("no axis has a row of zeros", not re.search(r">0\.00+\d", growths.split("<table>")[0]))
    figures = re.findall(r"<figure>.*?</figure>", page.make()[1], re.DOTALL)
    hold("every plot has a title", len(figures) == 6 and all("<h3>" in figure for figure in figures))
    bars = page.section("Operations")
    hold("a missed target, one reached and a row without are told apart",
         all(f'class="{kind}"' in bars for kind in ("bar", "bar over", "bar unmarked")))


def unfit(page):
    write(page.options["results"], speed(all_names()[:20], 3, context={"commit": "x-dirty"}))
    for said in ("not measured", "fewer than 9", "x-dirty"):
        hold(f"warns: {said}", re.search(rf'class="warn">Not to be published: [^<]*{said}', page.section("Operations")))
    write(page.options["results"], growth())
    expect("results of another kind", page.make()[0], 2, "results.json: results of tools/bench --growth, not results of")
    write(page.options["results"], "{")
    expect("results that are cut", page.make()[0], 2, "results.json: not JSON")


if __name__ == "__main__":
    sys.exit(check_all(Page, nothing_measured, measured, contents, unfit))
