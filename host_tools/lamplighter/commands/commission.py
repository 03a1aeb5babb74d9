"""`lamplighter commission`: from a cable in the hand to a signed record."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .. import screen, this_system
from ..hosts import HostAndPort
from ..problems import AssetUnknown, Problem
from .finite import FiniteRange
from .identity import folder_option, load, passphrase_option
from .roster import FILE, base_option, common, described

if TYPE_CHECKING:
    from ..pki.city import City
    from ..roster.results import Results
    from ..roster.roster_file import Roster, Row
    from ..web.steps_page import StepsPage


@click.command("commission")
@click.argument("asset", required=False)
@click.option("--roster", "file", type=FILE, required=True, metavar="FILE", help="The street's list of lampposts.")
@click.option("--port", metavar="PORT", help="Serial port, e.g. /dev/ttyUSB0.")
@folder_option
@passphrase_option
@base_option
@click.option("--engineer", default="", metavar="NAME",
              help="Engineer who signs, with a certificate. [default: the city's CA signs]")  # fmt: skip
@click.option("--yes", is_flag=True, help="Do not ask to confirm the lamppost's identity.")
@click.option("--bay-empty/--bay-not-empty", default=None,
              help="Whether the parking bays are empty now. [default: ask]")  # fmt: skip
@click.option("--swap", is_flag=True, help="This node replaces a dead one.")
@click.option("--imp-mwh", type=click.IntRange(0, 2**47), metavar="N",
              help="Last energy register (imp_mwh) of the dead node.")  # fmt: skip
@click.option("--last-boot", type=click.IntRange(0, 2**31), metavar="N", help="Last boot number (b) of the dead node.")
@click.option("--offline", is_flag=True, help="Skip the broker check now; do it later with --finish.")
@click.option("--finish", is_flag=True, help="Do the postponed broker checks; no cable is needed.")
@click.option("--broker", type=HostAndPort(8883), metavar="HOST[:PORT]",
              help="Address of the broker as seen from this computer, if it differs.")  # fmt: skip
@click.option("--within", type=FiniteRange(1, 3600), default=90, show_default=True, metavar="SECONDS",
              help="How long to wait for the lamppost's telemetry at the broker.")  # fmt: skip
@click.option("--records", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER",
              help="Folder for the records. [default: NAME.records beside the roster]")  # fmt: skip
@click.option("--micropython", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="As in `lamplighter flash`.")  # fmt: skip
@click.option("--baud", type=click.IntRange(9600, 3000000), metavar="N", help="As in `lamplighter flash`.")
@click.option("--web", is_flag=True, help="Show the steps on a phone in the same network: prints a QR code.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    asset: str | None, file: Path, port: str | None, folder: Path, passphrase_file: Path | None, base: Path | None,
    engineer: str, yes: bool, bay_empty: bool | None, swap: bool, imp_mwh: int | None, last_boot: int | None,
    offline: bool, finish: bool,
    broker: tuple[str, int] | None, within: float, records: Path | None, micropython: Path | None, baud: int | None,
    web: bool, as_json: bool,
) -> None:  # fmt: skip
    """Commission the lamppost ASSET: supply, firmware, identity, configuration, self-test, first telemetry
    at the broker, signed record, label. Without ASSET the next unfinished row is offered.

    With --web the steps are shown on a phone in the same network too, as large coloured rows; the QR code's address
    holds a secret and is good for as long as the command runs.

    If interrupted, run the same command again: it resumes. If the broker cannot be reached, that check is postponed.

    \b
    Example: lamplighter commission LP-0042 --roster street.csv --port /dev/ttyUSB0
    """
    from ..commissioning import laptop_clock, record_file, run
    from ..commissioning.context import Options, Work, look
    from ..commissioning.progress import Progress
    from ..commissioning.steps import STEPS
    from ..roster import results, roster_file

    if not finish and not port:
        raise click.UsageError("--port is required, except with --finish.")
    street = roster_file.read(file, common(base))
    book = results.Results(file)
    row = _chosen(street, book, asset, yes) if not finish or asset else None
    # whoever signs must be able to, before anything is touched
    city = load(folder, passphrase_file, signing=not engineer)
    laptop_clock.require(city)
    signer = record_file.Signer(city, engineer)
    if finish:
        _finish(street, book, row, city, signer, broker, within, as_json)
        return
    assert port and row
    options = Options(port, micropython, baud, broker, offline, within, swap, imp_mwh, last_boot, engineer, records,
                      bay_empty)  # fmt: skip
    progress = Progress(row.asset)
    again = f"Run the same command again: {row.asset} resumes at the interrupted step."
    with _phone(f"{row.asset} · {row.name}", [step.name for step in STEPS], web) as phone:
        phone.say(f"{port}: identifying the node")
        work = Work(row, street, book, options, city, look(port, row.board), progress, phone.say, ask=phone.asked)
        run.ready(work)
        with screen.if_interrupted(again), screen.steps(len(STEPS)) as begin:
            written = run.run(work, signer, lambda question: yes or phone.asked(question), phone.beginning(begin))
        phone.done(written["verdict"], written["verdict"] == results.DONE)
    if as_json:
        screen.result({"asset": row.asset, "mac": work.mac, **written})
        return
    for what in ("record", "page", "label"):
        screen.note(f"{what}: {written[what]}")
    told = f"{written['verdict']}, signed by {signer.name}, {written['fingerprint']}"
    done = written["verdict"] == results.DONE
    screen.out.print(f"{row.asset}: {told}.", markup=False, style="bold green" if done else "yellow")
    if not done:
        screen.note(_how_to_finish(row.asset, file, engineer))


class _Phone:
    """What the terminal is told, told to a phone as well where a page is there."""

    def __init__(self, page: StepsPage | None) -> None:
        self._page = page

    def say(self, text: str) -> None:
        screen.note(text)
        if self._page:
            self._page.say(text)

    def asked(self, question: str) -> bool:
        if self._page:
            self._page.asks(question)
        answer = screen.asked(question)
        if self._page:
            self._page.asks("")
        return answer

    def beginning(self, begin: Callable[[int, str], None]) -> Callable[[int, str], None]:
        """`begin`, which the phone hears of."""

        def both(number: int, name: str) -> None:
            begin(number, name)
            if self._page:
                self._page.begin(number)

        return both

    def done(self, verdict: str, good: bool) -> None:
        if self._page:
            self._page.done(verdict, good)


@contextlib.contextmanager
def _phone(title: str, steps: list[str], wanted: bool) -> Iterator[_Phone]:
    """With a page of the steps where it is wanted: its address and QR code go to the terminal."""
    if not wanted:
        yield _Phone(None)
        return
    from ..web.steps_page import StepsPage
    from .serve import own_address

    with StepsPage(title, steps, own_address()) as page:
        screen.note(f"The steps on a phone in the same network: {page.address}")
        screen.qr_code(page.address)
        try:
            yield _Phone(page)
        except Problem as trouble:
            page.failed(trouble)
            raise


def _how_to_finish(asset: str, file: Path, engineer: str) -> str:
    words = ["lamplighter", "commission", asset, "--finish", "--roster", str(file)]
    words += ["--engineer", engineer] if engineer else []
    command = this_system.command_line(words)
    return (
        f"The broker check is still to do; it needs no cable: `{command}`, with --broker HOST[:PORT] "
        "if this computer uses another address for the broker. The label stays valid."
    )


def _chosen(street: Roster, book: Results, asset: str | None, yes: bool) -> Row:
    if asset:
        return street.known(asset)
    left = book.unfinished(street)
    if not left:
        done = f"All {len(street.rows)} lampposts of {street.path} are finished."
        raise AssetUnknown(done, "Name the lamppost you mean.")
    screen.note(f"next is {described(left[0])}")
    if not yes and not screen.asked("Use this one?"):
        raise AssetUnknown("No lamppost was chosen.", "Name it: lamplighter commission ASSET ...")
    return left[0]


def _finish(
    street: Roster, book: Results, row: Row | None, city: City, signer: Any, where: tuple[str, int] | None,
    within: float, as_json: bool,
) -> None:  # fmt: skip
    from ..commissioning import postponed

    waiting = postponed.postponed(street, book)
    chosen = [one for one in waiting if row is None or one.asset == row.asset]
    if not chosen:
        if as_json:
            screen.result([])
        screen.note("Nothing is postponed." if row is None else f"Nothing is postponed for {row.asset}.")
        return
    done, troubles = postponed.all_of(
        chosen, lambda one: postponed.finish(one, book, city, signer, where, within, screen.note), screen.note
    )
    if as_json:
        screen.result(done)
    else:
        for one in done:
            screen.out.print(f"{one['asset']}: {one['verdict']}, {one['record']}", markup=False)
    if troubles:
        raise troubles[0]


