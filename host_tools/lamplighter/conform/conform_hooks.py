"""What the kit cannot do from the broker: restart it, and switch a lamppost's power. A command or a relay's address."""

from __future__ import annotations

import subprocess

from .. import relay, this_system
from ..problems import HookFailed

_WITHIN_S = 60.0


def run(hook: str) -> None:
    """Run a command, or get an address (http:// or https://). Raises HookFailed."""
    try:
        if hook.startswith(("http://", "https://")):
            relay.get(hook, _WITHIN_S)
            return
        done = subprocess.run(
            this_system.words_of(hook), timeout=_WITHIN_S, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, errors="replace",
        )  # fmt: skip
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired) as wrong:
        raise HookFailed(f"{hook!r} failed: {wrong}.") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise HookFailed(f"{hook!r} ended with exit code {done.returncode}{': ' + said[-1] if said else ''}.")
