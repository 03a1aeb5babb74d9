"""`lamplighter replay`: what a node would have made of a recorded trace, by its own code; one subcommand a kind."""

from __future__ import annotations

from pathlib import Path

import click

from .. import screen
from ..replay.scores import STATES, Score, compare
from .replay_air import air

TRACE = click.Path(path_type=Path)


@click.group()
def command() -> None:
    """Run the node's own sensing code over a recorded trace, under MicroPython.

    Example: lamplighter replay parking TRACE.csv --json
    """


command.add_command(air)


@command.command()
@click.argument("trace", type=TRACE, metavar="TRACE.csv")
@click.option("--truth", type=TRACE, metavar="FILE",
              help="CSV file (t_s,state) to compare with; prints the confusion matrix.")  # fmt: skip
@click.option(
    "--empty-mm", type=click.IntRange(300, 12000), metavar="MM",
    help="Distance to the ground of the empty bay, as in the configuration. [default: learned]",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True,
              help="Print one JSON object per change; with --truth also the figures.")  # fmt: skip
def parking(trace: Path, truth: Path | None, empty_mm: int | None, as_json: bool) -> None:
    """Show what a node would have published about a parking bay, change by change.

    TRACE.csv has a column t_s (seconds, or ISO 8601 as 2026-03-01T12:00:00Z), t_ms (milliseconds) or time (ISO 8601)
    and any of range_mm, strength, mag_x_ut, mag_y_ut, mag_z_ut, presence, temp_c, separated by commas, tabs or (with
    decimal commas) semicolons; an empty cell is a missing reading. A state holds from its t_s on; before the first
    one it is unknown. All errors of the file are shown at once, with exit code 43; gaps are noted.

    Example: lamplighter replay parking TRACE.csv --truth TRUTH.csv
    """
    from ..replay.parking import Change, read, replay
    from ..replay.trace import states

    recorded = read(trace)
    true = states(truth, STATES) if truth else None
    for note in recorded.notes:
        screen.note(note)
    told: list[Change] = []
    widths = {"t_s": -12, "state": 8, "confidence": -10, "evidence": 8}
    if true is None and not as_json:
        screen.row({key: key for key in widths}, widths, "bold")
    for change in replay(recorded, empty_mm):
        told.append(change)
        if as_json:
            screen.result(change.as_dict())
        elif true is None:
            sure = "" if change.confidence is None else f"{change.confidence} %"
            cells = {"t_s": f"{change.t_s:.15g}", "state": change.state, "confidence": sure}
            screen.row({**cells, "evidence": change.evidence}, widths)
    if true is not None:
        score = compare(true, [(c.t_s, c.state) for c in told], recorded.start_s, recorded.end_s)
        if as_json:
            screen.result(score.as_dict())
        else:
            _show(score)


def _show(score: Score) -> None:
    """The confusion matrix in seconds, and what follows from it."""
    told = [state for state in STATES if any(pair[1] == state for pair in score.seconds)]
    rows = [
        {"true": f"true {true}", **{state: f"{score.seconds.get((true, state), 0):.0f} s" for state in told}}
        for true in STATES
        if any(pair[0] == true for pair in score.seconds)
    ]
    screen.table({"true": "", **{state: f"told {state}" for state in told}}, rows)
    p95 = "none" if not score.waits else "never" if score.p95 is None else f"{score.p95:.1f} s"
    screen.text(
        f"right {100 * score.right:.2f} % of the time, unknown {100 * score.unknown:.2f} %\n"
        f"{len(score.waits)} true changes, 95 % of them told within {p95}\n"
        f"{score.false_changes} false changes, {score.false_a_day:.2f} a day"
    )
