"""Every word that the user reads goes through here: results to stdout, progress and problems to stderr."""

from __future__ import annotations

import contextlib
import io
import json as _json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import click
from rich.console import Console

from .problems import Problem

out = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
bars: list[Any] = []  # shown now
err = Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


def take_any_text() -> None:
    """Let stdout and stderr show as escapes what their encoding lacks, as that of a terminal in ISO 8859-1 does."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def result(value: Any) -> None:
    """One JSON value to stdout, for --json; a stream of results is one object a line."""
    text = _json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # JSON has escapes of its own
        text = _json.dumps(value, separators=(", ", ": "))
    print(text, flush=True)


def problem(trouble: Problem, as_json: bool = False) -> None:
    """Cause, details and remedy of a problem to stderr; with --json an object to stdout as well."""
    for line in trouble.details:
        err.print(line, markup=False)
    err.print(f"[bold red]error:[/] {_plain(trouble.cause)}")
    if trouble.remedy:
        err.print(f"[bold]remedy:[/] {_plain(trouble.remedy)}")
    if as_json:
        result({"error": trouble.word, "cause": trouble.cause, "remedy": trouble.remedy, "details": trouble.details})


@contextlib.contextmanager
def if_interrupted(sentence: str) -> Iterator[None]:
    """Say at Ctrl-C what is half done and which command resumes; an inner sentence goes before an outer one."""
    try:
        yield
    except (KeyboardInterrupt, click.Abort) as stop:
        if isinstance(stop, KeyboardInterrupt) and stop.args:
            raise
        raise KeyboardInterrupt(sentence) from None


def asked(question: str) -> bool:
    """The answer at a terminal; without one nobody has agreed. A bar of steps() stands still for it."""
    if not sys.stdin.isatty():
        note(question)
        return False
    for bar in bars:
        bar.stop()
    answer = click.confirm(question, err=True)
    for bar in bars:
        bar.start()
    return answer


def _plain(text: str) -> str:
    return text.replace("[", r"\[")


def note(text: str, style: str | None = None) -> None:
    """A line about progress, to stderr."""
    err.print(text, markup=False, style=style)


def table(columns: dict[str, str], rows: list[dict[str, str]], dropped_first: tuple[str, ...] = ()) -> None:
    """Aligned columns to stdout, key -> heading; a column that is empty in all rows is left out.

    At a terminal that is too narrow whole columns are left out, those of dropped_first in their order: no cell is cut.
    """
    used = {key: head for key, head in columns.items() if any(row.get(key) for row in rows)}
    widths = {key: max(len(head), *(len(row.get(key, "")) for row in rows)) for key, head in used.items()}
    left_out = []
    for key in dropped_first:
        if not out.is_terminal or sum(widths.values()) + 2 * (len(widths) - 1) <= out.width:
            break
        if widths.pop(key, 0):
            left_out.append(used.pop(key))
    row(used, widths, "bold")
    for cells in rows:
        row(cells, widths)
    if left_out:
        err.print(f"Left out at this width: {', '.join(left_out)}; --json has all.", style="dim", markup=False)


def row(cells: dict[str, str], widths: dict[str, int], style: str | None = None) -> None:
    """One line of a table to stdout, at once; a negative width aligns to the right."""
    texts = (cells.get(k, "").rjust(-w) if w < 0 else cells.get(k, "").ljust(w) for k, w in widths.items())
    out.print("  ".join(texts).rstrip(), style=style, markup=False, no_wrap=True, soft_wrap=True)


@contextlib.contextmanager
def _quarters(total: int, head: str = "") -> Iterator[Callable[[int, str], None]]:
    quarter, last = -1, ""

    def plain(done: int, what: str) -> None:
        nonlocal quarter, last
        now = 4 * done // max(total, 1)
        if now != quarter or what != last:
            quarter, last = now, what
            note(f"{head}{100 * done // max(total, 1):3d} %  {what}")

    yield plain


@contextlib.contextmanager
def progress(total: int) -> Iterator[Callable[[int, str], None]]:
    """A bar on stderr, moved by calling it with (done, what); without a terminal a line at each quarter."""
    if not err.is_terminal:
        with _quarters(total) as plain:
            yield plain
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    shown = (TaskProgressColumn(), BarColumn(30), TimeRemainingColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*shown, console=err) as bar:
        task = bar.add_task("", total=total)
        yield lambda done, what: bar.update(task, completed=done, description=what)


@contextlib.contextmanager
def steps(total: int) -> Iterator[Callable[[int, str], None]]:
    """Called with (number, name) as each step begins: a heading on stderr; at a terminal with a bar below the notes."""
    if not err.is_terminal:
        yield lambda number, name: note(f"{number}/{total} {name}")
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    shown = (BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*shown, console=err, transient=True) as bar:
        task = bar.add_task("", total=total)

        def begin(number: int, name: str) -> None:
            note(f"{number}/{total} {name}", "bold cyan")
            bar.update(task, completed=number - 1, description=name)

        bars.append(bar)
        try:
            yield begin
        finally:
            bars.remove(bar)


@contextlib.contextmanager
def progress_rows(names: list[str], total: int) -> Iterator[Callable[[str, int, str], None]]:
    """A bar each on stderr, moved by calling it with (name, done, what); without a terminal lines with the name."""
    if not err.is_terminal:
        with contextlib.ExitStack() as stack:
            lines = {name: stack.enter_context(_quarters(total, f"{name}: ")) for name in names}
            yield lambda name, done, what: lines[name](done, what)
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    label, what = TextColumn("{task.fields[name]}", markup=False), TextColumn("{task.description}", markup=False)
    shown = (label, TaskProgressColumn(), BarColumn(30), TimeRemainingColumn(), what)
    with Progress(*shown, console=err) as bars:
        tasks = {name: bars.add_task("", total=total, name=name) for name in names}
        yield lambda name, done, words: bars.update(tasks[name], completed=done, description=words)


def qr_code(words: str) -> None:
    """A QR code to stderr, for a phone's camera; only at a terminal."""
    if not err.is_terminal:
        return
    import segno

    segno.make(words, error="l", micro=False).terminal(out=sys.stderr, compact=True)


def text(words: str) -> None:
    """Text as it is to stdout: no markup, no wrapping."""
    print(words, flush=True)
