"""A computer that has nothing of ours: an empty environment, an empty home, and no checkout in sight."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import venv
from pathlib import Path


class StepFailed(Exception):
    """What a command said before it failed."""


class EmptyPlace:
    """A virtual environment and a home below `folder`; commands run in `work`, with nothing of this environment."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.work, self._home = folder, folder / "work", folder / "home"
        for each in (self.work, self._home):
            each.mkdir(parents=True)
        self.venv = folder / "venv"
        venv.create(self.venv, with_pip=True)
        kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "LC_", "LANG"))}
        kept |= {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
        self.environment = {**kept, "HOME": str(self._home), "PATH": f"{self.venv}/bin:/usr/sbin:/usr/bin:/sbin:/bin"}

    def program(self, name: str) -> str:
        """Of this environment, or else of the system."""
        return str(found if (found := self.venv / "bin" / name).exists() else name)

    def run(self, *command: str | Path, within: float = 300, may_fail: bool = False, **environment: str) -> str:
        """What it wrote to stdout. Raises StepFailed, at a bad end only unless it may fail."""
        try:
            done = subprocess.run(
                [self.program(str(command[0])), *command[1:]], cwd=self.work, stdin=subprocess.DEVNULL,
                env={**self.environment, **environment}, capture_output=True, text=True, timeout=within,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise StepFailed(f"{command[0]} did not end within {within:.0f} s") from None
        if done.returncode and not may_fail:
            raise StepFailed(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def start(self, *command: str) -> Running:
        return Running([self.program(command[0]), *command[1:]], self.work, self.environment)

    def installed_mb(self) -> float:
        """Of the packages, without pip."""
        site = self.venv / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
        files = (file for file in site.rglob("*") if file.is_file() and file.relative_to(site).parts[0] != "pip")
        return sum(file.stat().st_size for file in files) / 1e6


class Running:
    """A command that goes on; the end of a `with` block ends it."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        self._log = folder / f"{time.monotonic_ns()}.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )

    def said(self) -> str:
        return self._log.read_text(errors="replace")

    def says(self, pattern: str, within: float = 120) -> re.Match[str]:
        """The first match in its output, waited for. Raises StepFailed."""
        end = time.monotonic() + within
        while time.monotonic() < end:
            ended = self.process.poll() is not None  # before the look: what it said last counts
            if found := re.search(pattern, self.said()):
                return found
            if ended:
                break
            time.sleep(0.1)
        raise StepFailed(f"{pattern!r} was not said within {within:.0f} s:\n{self.said()}")

    def ends(self, within: float = 180) -> None:
        """Wait for its end. Raises StepFailed."""
        try:
            code = self.process.wait(within)
        except subprocess.TimeoutExpired:
            raise StepFailed(f"did not end within {within:.0f} s:\n{self.said()}") from None
        if code:
            raise StepFailed(f"ended with exit code {code}:\n{self.said()}")

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # Ctrl-C
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
