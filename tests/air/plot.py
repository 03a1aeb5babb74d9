"""Two lines over days as an SVG picture: what an analyser measured, and what the node told."""

from __future__ import annotations

import datetime

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 900, 300, 55, 30, 30
_LINES = (("#1b6ca8", "analyser"), ("#d9822b", "node, calibrated"))


def svg(series: list[tuple[float, float | None, float | None]], title: str) -> str:
    """series -- (t_s, analyser, node); a missing value is a gap in its line."""
    first, last = series[0][0], series[-1][0]
    top = 1000 * (1 + int(max(value for row in series for value in row[1:] if value is not None)) // 1000)

    def place(time: float, value: float) -> str:
        x = _LEFT + (_WIDTH - _LEFT - 10) * (time - first) / (last - first)
        return f"{x:.1f},{_y(value, top):.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        f'font-size="12"><rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>'
    ]
    for value in range(0, top + 1, 1000):
        y = _y(value, top)
        parts.append(f'<path d="M{_LEFT},{y:.1f}H{_WIDTH - 10}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value}</text>')
    for time in range(int(first) // 86400 * 86400, int(last) + 1, 3 * 86400):
        if time >= first:
            x = place(time, 0).split(",")[0]
            day = datetime.datetime.fromtimestamp(time, datetime.UTC).strftime("%d %b")
            parts.append(f'<text x="{x}" y="{_HEIGHT - 10}" text-anchor="middle">{day}</text>')
    for column, (colour, name) in enumerate(_LINES, 1):
        path, gap = "", True
        for row in series:
            value = row[column]
            if value is not None:
                path += ("M" if gap else "L") + place(row[0], max(0, value))
            gap = value is None
        parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.4"/>')
        x = _LEFT + 160 * column
        parts.append(f'<path d="M{x},16h24" stroke="{colour}" stroke-width="3"/>')
        parts.append(f'<text x="{x + 30}" y="20">{name}</text>')
    parts.append(f'<text x="10" y="20">{title}</text></svg>')
    return "\n".join(parts) + "\n"


def _y(value: float, top: float) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * value / top
