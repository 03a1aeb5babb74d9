"""A password or passphrase: from a file, from the environment, or from whoever sits at the terminal."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..problems import FileRefused
from . import text_file

LONGEST = 1024  # bytes; MQTT would take 65,535, and nobody types so many


def read(file: Path | None, variable: str, longest: int = LONGEST) -> str | None:
    """The file's first line, or else the variable; None where neither is there. Raises click.UsageError.

    No message holds a character of it.
    """
    if file:
        try:
            secret = text_file.read(file, FileRefused).rstrip("\r\n")
        except FileRefused as wrong:
            raise click.UsageError(wrong.cause) from None
        return checked(secret, str(file), longest)
    try:
        value = text_file.variable(variable)
    except ValueError as wrong:
        raise click.UsageError(f"{str(wrong)[0].upper()}{str(wrong)[1:]}.") from None
    return None if value is None else checked(value, f"${variable}", longest)


def checked(secret: str, source: str, longest: int = LONGEST) -> str:
    """The secret, if it is one line of text that is not too long. Raises click.UsageError."""
    if not text_file.is_text(secret):
        raise click.UsageError(f"{source} is not UTF-8 text.")
    length = len(secret.encode("utf-8", "surrogatepass"))
    if length > longest:
        raise click.UsageError(f"{source} holds {length} bytes; a password has {longest} at most.")
    if any(letter in secret for letter in "\r\n\0"):
        raise click.UsageError(f"{source} holds more than one line; a password has one line.")
    return secret


def asked(prompt: str, **options: object) -> str | None:
    """From the terminal; None where nobody sits at one."""
    if not sys.stdin.isatty():
        return None
    return checked(click.prompt(prompt, hide_input=True, err=True, **options), "This")  # type: ignore[arg-type]
