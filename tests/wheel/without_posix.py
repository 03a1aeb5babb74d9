"""`python without_posix.py SCRIPT ARGUMENTS...`: run a script whose `lamplighter` is told that this is Windows.

Its modules get neither the modules nor the names of POSIX, and "win32" and "nt" for an answer. The libraries get them:
they have other code for Windows.
"""

from __future__ import annotations

import builtins
import os
import runpy
import select
import signal
import socket
import sys
import types
from typing import Any

MODULES = {"termios", "tty", "fcntl", "pty", "pwd", "grp", "resource", "syslog", "readline", "curses"}
NAMES: dict[Any, tuple[str, ...]] = {
    os: ("openpty", "uname", "getuid", "geteuid", "getgid", "mkfifo", "fork", "killpg", "setsid", "pread", "pwrite"),
    select: ("poll", "epoll"),
    signal: ("SIGKILL", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGSTOP", "SIGCONT", "SIGCHLD", "SIGALRM"),
    socket: ("AF_UNIX",),
    sys: (),
}
ANSWERS = {(sys, "platform"): "win32", (os, "name"): "nt"}


def hide() -> None:
    """Refuse the modules from now on, and show the others without the names."""
    imported = builtins.__import__
    shown = {one.__name__: _Shown(one) for one in NAMES}

    def checked(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        if (globals or {}).get("__name__", "").partition(".")[0] == "lamplighter" and not level:
            if name.partition(".")[0] in MODULES:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
            if name in shown:
                return shown[name]
        return imported(name, globals, locals, fromlist, level)

    builtins.__import__ = checked


class _Shown(types.ModuleType):
    def __init__(self, module: types.ModuleType) -> None:
        super().__init__(module.__name__)
        self._module = module

    def __getattr__(self, name: str) -> Any:
        if name in NAMES[self._module]:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return ANSWERS.get((self._module, name), getattr(self._module, name))


if __name__ == "__main__":
    del sys.argv[0]
    hide()
    runpy.run_path(sys.argv[0], run_name="__main__")
