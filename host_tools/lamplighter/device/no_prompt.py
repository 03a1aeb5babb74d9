"""Explains from a node's output why it gave no prompt, with a remedy for each cause."""

from __future__ import annotations

import re

from ..problems import ConsoleLocked, NodeSaidNo, NodeSilent, Problem, WithoutPsram, WrongBootMode

WITHOUT_PSRAM = "without PSRAM"

# pattern in what was heard, state in a word, problem, cause, remedy
SAID = [
    (
        rb"lamppost: the console is locked", "locked", ConsoleLocked,
        "The console of this lamppost is locked: it is in operation.",
        ConsoleLocked.remedy,
    ),
    (
        rb"lamppost: no PSRAM", WITHOUT_PSRAM, WithoutPsram,
        "This module has no PSRAM, and the app does not start.",
        WithoutPsram.remedy,
    ),
    (
        rb"waiting for download|DOWNLOAD\(|DOWNLOAD_BOOT", "boot loader", WrongBootMode,
        "The chip waits in its boot loader and runs no firmware.",
        "Release BOOT, press and release EN, and run the command again.",
    ),
    (
        rb"Brownout detector|rst:0xf ", "brown-out", NodeSilent,
        "The supply voltage dips: the chip's brown-out detector resets it.",
        "Use another cable or a stronger 5 V supply.",
    ),
    (
        rb"file system appears to be corrupted|filesystem appears to be corrupted", "corrupt", NodeSaidNo,
        "The node's file system is corrupt.",
        "Restore it with `lamplighter flash --force`.",
    ),
    (
        rb"invalid header|flash read err|No bootable app", "blank", NodeSilent,
        "The chip's flash is blank: it has no firmware.",
        "Install the firmware with `lamplighter flash`.",
    ),
]  # fmt: skip


def state(heard: bytes) -> str:
    """The state that a line in what was heard tells, in a word; empty when none does."""
    return next((word for pattern, word, *_ in SAID if re.search(pattern, heard)), "")


def starts_anew(heard: bytes) -> bool:
    """True if the chip says that it was reset: whatever ran there has ended."""
    return bool(re.search(rb"Brownout detector was triggered|rst:0x[0-9a-f]+ \(", heard))


def boot_interrupted(heard: bytes) -> bool:
    """True if Ctrl-C came while boot.py was still being compiled: it did not run, so no app is on the path."""
    _, *boots = re.split(rb"rst:0x[0-9a-f]+ \(|soft reboot", heard)
    return bool(boots) and b"KeyboardInterrupt" in boots[-1] and b"lamppost:" not in boots[-1]


def explain(device: str, heard: bytes) -> Problem:
    """The problem that fits what was heard, from nothing at all to a program that does not let go."""
    for pattern, word, kind, cause, remedy in SAID:
        if re.search(pattern, heard):
            trouble = kind(f"{device}: {cause}", remedy)
            trouble.state = word
            return trouble
    if not heard.strip(b"\0"):
        return NodeSilent(f"Nothing answers on {device}.")
    readable = sum(32 <= byte < 127 or byte in b"\r\n\t" for byte in heard)
    if readable < 0.7 * len(heard):
        return NodeSilent(f"{device} sends only noise.", "Try another cable, and check that the device is a lamppost.")
    last = heard.decode(errors="replace").strip().splitlines()[-1:]
    return NodeSilent(f"The node on {device} sends output, but no prompt. Its last line: {''.join(last)[:120]}")
