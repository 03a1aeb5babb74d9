"""The course of a commissioning: who is on the cable, whether it shall be this lamppost, then step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..config import config_file
from ..pki import clock
from ..problems import (
    BrokerNotFound,
    BrokerRefused,
    BrokerUnreachable,
    CablePulled,
    ClockWrong,
    FileRefused,
    IdentityExpired,
    IdentityLocked,
    OtherLamppost,
    PortAbsent,
    PortBusy,
    PortNotPermitted,
    Problem,
)
from ..roster.results import FAILED
from . import laptop_clock, sign_off
from .broker_check import address
from .context import Work
from .record_file import Signer
from .steps import STEPS

# what keeps this computer from looking, and tells nothing of the lamppost
_OF_THIS_COMPUTER = (
    BrokerNotFound, BrokerRefused, BrokerUnreachable, CablePulled, ClockWrong, FileRefused, IdentityExpired,
    IdentityLocked, PortAbsent, PortBusy, PortNotPermitted,
)  # fmt: skip
Ask = Callable[[str], bool]


def ready(work: Work) -> None:
    """What can be known before the lamppost is touched. Raises ConfigInvalid (a password that the environment lacks),
    IdentityLocked, IdentityExpired, ClockWrong.
    """
    config_file.check(config_file.Document(work.row.document(), str(work.roster.path), {(): work.row.line}))
    if not work.row.secured or work.city is None:
        return
    if work.city.has_expired:
        ends, now = work.city.ca.not_valid_after_utc, clock.now()
        raise IdentityExpired(
            f"The city CA in {work.city.folder} expired on {ends:%Y-%m-%d}; this computer says {now:%Y-%m-%d}."
        )
    if work.city.current("node", work.row.name) is None:
        work.city.ready()
    if not work.options.offline:
        laptop_clock.require_as_of_broker(*address(work.row, work.options.broker))


def confirm(work: Work, ask: Ask) -> None:
    """Say what is on the cable and what it becomes; ask where that is not the same. Raises OtherLamppost."""
    row, before = work.row, work.before
    as_what = f"{row.asset} ({row.name}, {row.board})"
    if before.name == row.name and not work.swapped_from:
        work.say(f"this is {as_what}, {before.mac}")
        return
    if work.swapped_from and not work.options.swap:
        raise OtherLamppost(
            f"{row.asset} was commissioned as {work.swapped_from}, and this is {before.told}.",
            "If that node is dead, add --swap; if not, you are at another lamppost.",
        )
    elsewhere = work.results.of_mac(work.mac)
    was = f"this is {before.told}"
    if elsewhere and elsewhere != row.asset:
        was += f", installed as {elsewhere}"
    place = f" in place of {work.swapped_from}" if work.swapped_from else ""
    work.say(f"{was}; it will be set up as {as_what}{place}")
    if not ask("Continue?"):
        raise OtherLamppost(f"{was}, and you did not confirm that it will be {as_what}.")


def run(work: Work, signer: Signer, ask: Ask, begin: Callable[[int, str], None]) -> dict[str, Any]:
    """Every step that is not done yet, then the record. A Problem says what to do; the same command goes on.

    begin(number, name) -- a step begins
    """
    if work.before.mac:
        work.came_to_light(work.before.mac)
    confirm(work, ask)
    known = bool(work.mac)
    try:
        for number, step in enumerate(STEPS, 1):
            begin(number, step.name)
            _take(work, step)
            if not known and work.mac:
                known = True
                _not_another(work)
    except Problem as trouble:
        # only what is missing is told: what the lamppost was before stays as it is in the results
        state = work.installed["state"] if _still_holds(work, trouble) else FAILED
        work.results.note(work.row.asset, state=state, problem=f"{step.name}: {trouble.cause}")
        raise
    return sign_off.close(work, signer)


def _still_holds(work: Work, trouble: Problem) -> bool:
    """True if an earlier record holds: the lamppost is as it was then, and the trouble says nothing against it."""
    return work.is_as_recorded and isinstance(trouble, _OF_THIS_COMPUTER)


def _take(work: Work, step: Any) -> None:
    kept = work.progress.of(step.name)
    if kept and step.holds(work, kept):
        work.say("done already")
        return
    work.progress.note(step.name, step.run(work))


def _not_another(work: Work) -> None:
    """A chip that could not say who it is has said it by now: before it gets a name it must not be a surprise."""
    if work.swapped_from and not work.options.swap:
        raise OtherLamppost(
            f"{work.row.asset} was commissioned as {work.swapped_from}, and this chip is {work.mac}.",
            "If that node is dead, add --swap; if not, you are at another lamppost.",
        )
