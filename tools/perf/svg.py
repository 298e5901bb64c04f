# SPDX-License-Identifier: MIT
"""Plots as plain SVG, to stand inside an HTML page: colours are the page's variables, so they follow light and dark."""
import dataclasses
import html
import math

WIDTH, HEIGHT = 760, 380
LEFT, RIGHT, TOP, BOTTOM = 92, 104, 16, 46


def escape(text):
    return html.escape(str(text))


@dataclasses.dataclass
class Series:
    """One curve: its name, the number of its colour, its points. A reference, to compare others with, is grey and
    dashed."""
    name: str
    color: int
    points: list
    reference: bool = False

    def kind(self):
        return "ref" if self.reference else f"c{self.color}"


SUPERSCRIPTS = str.maketrans("-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")


def plain(value):
    """A number for an axis, which has powers of ten where they are small: as few characters as say it."""
    if value >= 1000000:
        return f"{value / 1000000:g} M"
    if value >= 1000:
        return f"{value / 1000:g} k"
    return f"{value:g}" if value >= 0.01 else "10" + str(round(math.log10(value))).translate(SUPERSCRIPTS)


class LogScale:
    """Maps values to a span of coordinates by their logarithms; ticks stand at powers of `base`."""

    def __init__(self, values, begin, end, base=10):
        low, high = min(values), max(values)
        self.base = base
        self.first = math.floor(math.log(low, base) + 1e-9)
        self.last = max(math.ceil(math.log(high, base) - 1e-9), self.first + 1)
        self.begin, self.end = begin, end

    def __call__(self, value):
        part = (math.log(value, self.base) - self.first) / (self.last - self.first)
        return self.begin + part * (self.end - self.begin)

    def ticks(self, most):
        step = max(1, math.ceil((self.last - self.first + 1) / most))
        return [self.base ** power for power in range(self.first, self.last + 1, step)]


def text(x, y, what, kind="tick", anchor="start"):
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(what)}</text>'


def line(x1, y1, x2, y2, kind):
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def frame(width, height, label, parts):
    return "\n".join([f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">', *parts, "</svg>"])


def spread(places, least, low, high):
    """Labels beside the ends of lines, moved apart so that none covers another; in the order given."""
    order = sorted(range(len(places)), key=lambda index: places[index])
    moved = list(places)
    for before, index in zip([None] + order, order):
        if before is not None:
            moved[index] = max(moved[index], moved[before] + least)
    excess = max(0, moved[order[-1]] - high) if order else 0
    return [max(low, place - excess) for place in moved]


def grid(x, y, names_x, title_x, title_y):
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = []
    for value in y.ticks(8):
        parts += [line(LEFT, y(value), right, y(value), "grid"), text(LEFT - 8, y(value) + 4, plain(value), anchor="end")]
    for value in x.ticks(9):
        parts += [line(x(value), bottom, x(value), bottom + 4, "axis"),
                  text(x(value), bottom + 18, names_x(value), anchor="middle")]
    parts += [line(LEFT, bottom, right, bottom, "axis"), text((LEFT + right) / 2, HEIGHT - 6, title_x, "title", "middle"),
              f'<text class="title" transform="translate(14 {(TOP + bottom) / 2:.0f}) rotate(-90)" '
              f'text-anchor="middle">{escape(title_y)}</text>']
    return parts


def curve(one, x, y, names_x):
    path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in one.points)
    parts = [f'<polyline class="line {one.kind()}" points="{path}"/>']
    for a, b in one.points:
        parts.append(f'<circle class="dot {one.kind()}" cx="{x(a):.1f}" cy="{y(b):.1f}" r="3.5">'
                     f"<title>{escape(one.name)}, {escape(names_x(a))}: {b:.3g}</title></circle>")
    return parts


def names_at_ends(series, x, y):
    ends = spread([y(one.points[-1][1]) for one in series], 15, TOP + 8, HEIGHT - BOTTOM)
    for one, end in zip(series, ends):
        at = x(one.points[-1][0]) + 9
        yield f'<text class="name {one.kind()}" x="{at:.1f}" y="{end + 4:.1f}">{escape(one.name)}</text>'


def drawable(series):
    """What a logarithmic axis can show of it."""
    series = [dataclasses.replace(one, points=[point for point in one.points if point[1] > 0]) for one in series]
    return [one for one in series if one.points]


def heights(series):
    return [b for one in drawable(series) for _, b in one.points]


def lines(label, series, title_x, title_y, names_x=plain, base_x=10, beside=()):
    """Curves over logarithmic axes, each named at its end. `beside`: the series of the plot that this one is to be
    compared with, so that both have the same vertical axis."""
    series = drawable(series)
    if not series:
        return ""
    x = LogScale([a for one in series for a, _ in one.points], LEFT, WIDTH - RIGHT, base_x)
    y = LogScale(heights(series) + heights(beside), HEIGHT - BOTTOM, TOP)
    parts = grid(x, y, names_x, title_x, title_y)
    for one in series:
        parts += curve(one, x, y, names_x)
    return frame(WIDTH, HEIGHT, label, [*parts, *names_at_ends(series, x, y)])


ROW, NAMES, VALUES = 22, 216, 84


def kind_of(value, mark, with_marks):
    if not with_marks:
        return "bar"
    return "bar unmarked" if mark is None else "bar" if value <= mark else "bar over"


def bars(label, rows, title, mark_name=None):
    """Horizontal bars from 1 over a logarithmic axis. `rows`: (name, value, text, mark or None). Where there are marks
    (`mark_name` says what they are), bars are told apart by being within their mark, beyond it, or without one."""
    height = TOP + ROW * len(rows) + BOTTOM
    right = WIDTH - VALUES
    x = LogScale([value for _, value, _, mark in rows for value in (value, mark or value)] + [1], NAMES, right)
    bottom = TOP + ROW * len(rows)
    parts = []
    for value in x.ticks(9):
        parts += [line(x(value), TOP - 4, x(value), bottom, "axis" if value == 1 else "grid"),
                  text(x(value), bottom + 16, plain(value), anchor="middle")]
    for index, (name, value, shown, mark) in enumerate(rows):
        y = TOP + ROW * index
        begin, end = sorted((x(1), x(value)))
        parts += [text(NAMES - 10, y + 15, name, "label", "end"),
                  f'<rect class="{kind_of(value, mark, mark_name)}" x="{begin:.1f}" y="{y + 4}" '
                  f'width="{max(end - begin, 1.5):.1f}" height="{ROW - 8}" rx="2">'
                  f"<title>{escape(name)}: {escape(shown)}</title></rect>",
                  text(WIDTH - 6, y + 15, shown, "value", "end")]
        if mark is not None:
            parts.append(line(x(mark), y + 1, x(mark), y + ROW - 1, "mark"))
    if mark_name:
        title += f"; \N{BOX DRAWINGS HEAVY VERTICAL} {mark_name}"
    parts.append(text((NAMES + right) / 2, height - 6, title, "title", "middle"))
    return frame(WIDTH, height, label, parts)
