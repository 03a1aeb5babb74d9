"""Opens the console of a node in operation, with the node's own key, which never crosses the line."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Callable

from ..problems import NodeSilent, UnlockRefused
from . import identify
from .console import ConsoleLine

PATIENCE_S = 6.0  # the app looks at its console twice a second, and starts in four
ANSWERED_S = 3.0
AGAIN_S = 0.7
LONGEST_WAIT_S = 60  # after a wrong answer
_SAID = re.compile(rb"lamppost: (challenge ([0-9a-f]{32})|wait (\d+) s|unlocked|refused|nothing was asked)[^\n]*\n")


def proof(key: bytes, challenge: bytes) -> bytes:
    """The answer; key -- the private key's bytes as the node keeps them (certificates.node_key)."""
    secret = hashlib.sha256(b"lamppost console 1" + key).digest()
    return hmac.new(secret, challenge, hashlib.sha256).digest()


def unlock(device: str, key: bytes, say: Callable[[str], None] = lambda text: None) -> bool:
    """True once the console is open, False if it was not locked.

    Raises UnlockRefused for another node's key, NodeSilent for a node that does not ask.
    """
    with ConsoleLine(device) as line:
        heard, asked, end = b"", 0.0, time.monotonic() + PATIENCE_S
        while (now := time.monotonic()) < end:
            if now >= asked + AGAIN_S:
                line.write(identify.QUESTION + b"unlock\r")
                asked = now
            heard += line.read(0.05)
            facts = identify.facts_in(heard)
            if (facts and not facts["locked"]) or b">>> " in heard:
                return False
            if not (said := _SAID.search(heard)):
                continue
            if said[2]:
                _answer(device, line, proof(key, bytes.fromhex(said[2].decode())))
                return True
            if said[3]:
                _wait(device, int(said[3]), say)
                end = time.monotonic() + PATIENCE_S
            heard = b""
    raise NodeSilent(f"The node on {device} does not ask for the key: it has no console lock, or is not running.")


def _answer(device: str, line: ConsoleLine, answer: bytes) -> None:
    line.write(b"\ranswer " + answer.hex().encode() + b"\r")
    heard, end = b"", time.monotonic() + ANSWERED_S
    while time.monotonic() < end:
        heard += line.read(0.05)
        if b"lamppost: unlocked" in heard:
            return
        if b"lamppost: refused" in heard:
            raise UnlockRefused(f"The node on {device} refused the key: it belongs to another node.")
    raise NodeSilent(f"The node on {device} asked for the key, but did not accept or refuse the answer.")


def _wait(device: str, seconds: int, say: Callable[[str], None]) -> None:
    if seconds > LONGEST_WAIT_S:
        raise UnlockRefused(
            f"The node on {device} accepts no answer for {seconds} s after wrong ones.", "Try again after that time."
        )
    say(f"{device}: wrong answers were given; waiting {seconds} s")
    time.sleep(seconds)
