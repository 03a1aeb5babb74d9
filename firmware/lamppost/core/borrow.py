"""Modules that are loaded for one piece of work and dropped again: what is done seldom takes no memory in between.

Nothing that stays may hold a function or a class of such a module: it would hold the whole of it.
"""

import os
import sys

_ROOT = __name__.split(".")[0] + "."


def once(name, function, *arguments):
    """Load a module ("link.dial"), call one of its functions, and drop the module with those it names in WITH.

    A coroutine that is returned holds what it needs by itself, until it ends.
    """
    module = None
    try:
        module = _load(name)
        return getattr(module, function)(*arguments)
    finally:
        give_back(name, *getattr(module, "WITH", ()))


def _load(name):
    """The node keeps every name that a module was ever imported by: so boot.py's file system has one that means the
    module that was looked at last. The build lays these beside the package.
    """
    try:
        os.stat("/app/%s.mpy" % name)
    except OSError:
        return __import__(_ROOT + name, None, None, (name,))
    try:
        return __import__("id")
    finally:
        sys.modules.pop("id", None)


def give_back(*names):
    """Drop modules; whoever imports them next loads them again."""
    for name in names:
        sys.modules.pop(name, None)  # beside the package
        package, last = (_ROOT + name).rsplit(".", 1)
        if sys.modules.pop(_ROOT + name, None) and hasattr(sys.modules[package], last):
            delattr(sys.modules[package], last)
