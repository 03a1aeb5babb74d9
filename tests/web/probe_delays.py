"""Which frame shows which message: lamps are switched one after the other, and each again and again."""

from __future__ import annotations


def delays(probes: list[tuple[str, bool, float]], painted: list[tuple[str, bool, float]]) -> list[float]:
    """Milliseconds from each probe to the first frame after it that shows it; takes those probes out of the list."""
    found = []
    for node, lit, at in painted:
        shown = [probe for probe in probes if probe[:2] == (node, lit) and probe[2] <= at]
        if shown:
            found.append(at - shown[-1][2])
            for probe in shown:
                probes.remove(probe)
    return found
