"""docs/reference/parking.md: the tables and the pictures of the evaluation."""

from __future__ import annotations

import math
from pathlib import Path

from lamplighter.replay.scores import Score
from threshold import Plain

BEGIN, END = "<!-- figures: make parking -->", "<!-- end of the figures -->"
Key = tuple[str, str, str]
HELD_OUT, FIRST = "held out", "first day"
_COLOURS = {"lamplighter": "#0b6e4f", "threshold": "#c1440e", "threshold that waits 8 s": "#8a8a8a"}


def total(scores: dict[Key, Score], way: str, hardship: str | None = None, senses: str | None = None) -> Score:
    found = Score()
    for (by, hard, sense), score in scores.items():
        if by == way and hardship in (None, hard) and senses in (None, sense):
            found = found + score
    return found


def tables(scores: dict[Key, Score], plains: tuple[Plain, ...], days: int) -> str:
    ways = [way for way in _COLOURS if any(key[0] == way for key in scores)]
    hardships = list(dict.fromkeys(key[1] for key in scores))
    senses = list(dict.fromkeys(key[2] for key in scores))
    lines = [f"{len(hardships) * len(senses) * days} bay-days, 1 reading a second.", "", *_head("by", ways)]
    lines.append(_row("**all**", [total(scores, way) for way in ways]))
    lines += [_row(sense, [total(scores, way, None, sense) for way in ways]) for sense in senses]
    lines += [_row(hard, [total(scores, way, hard) for way in ways]) for hard in hardships]
    lines += ["", "Each hardship with each kind of sensor, Lamplighter alone:", ""]
    lines += _head("hardship, sensor", ways[:1])
    lines += [_row(f"{h}, {s}", [scores["lamplighter", h, s]]) for h in hardships for s in senses]
    held = [f"Other days, {max(1, days // 3)} of each, that were looked at by nobody who changed the code:", ""]
    held += [*_head("sensor", [HELD_OUT]), _row("**all**", [total(scores, HELD_OUT)])]
    held += [_row(sense, [total(scores, HELD_OUT, None, sense)]) for sense in senses]
    held += [_row(f"{h}, {s}", [total(scores, HELD_OUT, h, s)]) for h in hardships for s in senses]
    first = ["The first day of a node that knows nothing of its bay, neither told nor learned before:", ""]
    first += [*_head("sensor", [FIRST])]
    first += [_row(sense, [total(scores, FIRST, None, sense)]) for sense in senses]
    if any(key[0] == FIRST for key in scores):
        lines += ["", *held, "", *first]
    mine, other = total(scores, "lamplighter"), total(scores, "threshold")
    if mine.false_changes:
        times = f"{other.false_changes / mine.false_changes:.0f} times"
    else:
        times = f"all of its {other.false_changes}"
    lines += [
        "",
        f"The threshold makes {times} the false changes: {other.false_changes} to {mine.false_changes}. Tuned on "
        f"other days, it says near below {100 * plains[0].near:.0f} % and away above {100 * plains[0].away:.0f} % of "
        f"the empty distance, or above {plains[0].on:g} and below {plains[0].off:g} µT where there is no distance.",
    ]
    return "\n".join(lines)


def _head(first: str, ways: list[str]) -> list[str]:
    names = [f"{way}: {what}" if len(ways) > 1 else what for way in ways for what in _FIGURES]
    return [f"| {' | '.join([first, *names])} |", f"|{' --- |' * (len(names) + 1)}"]


_FIGURES = ("right %", "unknown %", "p95 s", "false a day")


def _row(name: str, scores: list[Score]) -> str:
    cells = [name]
    for score in scores:
        p95 = "–" if score.p95 is None else f"{score.p95:.0f}"
        cells += [f"{100 * score.right:.2f}", f"{100 * score.unknown:.2f}", p95, f"{score.false_a_day:.2f}"]
    return f"| {' | '.join(cells)} |"


def write(docs: Path, text: str, scores: dict[Key, Score]) -> None:
    path = docs / "reference" / "parking.md"
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")
    pictures = docs / "pictures"
    pictures.mkdir(exist_ok=True)
    (pictures / "parking-false.svg").write_text(_bars(scores, "False changes a day", _false), encoding="utf-8")
    (pictures / "parking-wrong.svg").write_text(_bars(scores, "Time wrong or unknown, %", _wrong), encoding="utf-8")


def _false(score: Score) -> float:
    return score.false_a_day


def _wrong(score: Score) -> float:
    return 100 * (1 - score.right)


def _bars(scores: dict[Key, Score], title: str, figure) -> str:
    """Bars by hardship on a logarithmic scale: one group a hardship, one bar a way."""
    hardships = list(dict.fromkeys(key[1] for key in scores))
    low, high, left, top, high_px, step = 0.01, 1000.0, 60, 56, 220, 84
    width = left + step * len(hardships) + 20
    decades = math.log10(high / low)

    def y(value: float) -> float:
        return top + high_px * (1 - math.log10(max(low, min(high, value)) / low) / decades)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top + high_px + 40}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="{left}" y="20" font-size="14" font-weight="bold">{title} (logarithmic)</text>',
    ]
    for index, (way, colour) in enumerate(_COLOURS.items()):
        x = left + 170 * index
        parts.append(f'<rect x="{x}" y="31" width="11" height="11" fill="{colour}"/>')
        parts.append(f'<text x="{x + 16}" y="41">{way}</text>')
    for decade in range(int(decades) + 1):
        value = low * 10**decade
        parts.append(f'<path d="M{left} {y(value):.1f}H{width - 10}" stroke="#dddddd"/>')
        parts.append(f'<text x="{left - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value:g}</text>')
    for group, hardship in enumerate(hardships):
        x = left + step * group + 8
        for index, (way, colour) in enumerate(_COLOURS.items()):
            value = figure(total(scores, way, hardship))
            parts.append(
                f'<rect x="{x + 22 * index}" y="{y(value):.1f}" width="19" height="{top + high_px - y(value):.1f}" '
                f'fill="{colour}"><title>{hardship}, {way}: {value:.3g}</title></rect>'
            )
        parts.append(f'<text x="{x + 32}" y="{top + high_px + 18}" text-anchor="middle">{hardship}</text>')
    return "\n".join([*parts, "</svg>", ""])
