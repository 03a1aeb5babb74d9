"""Modules that are loaded for one piece of work and dropped again: what is done seldom takes no memory in between.

Nothing that stays may hold a function or a class of such a module: it would hold the whole of it.
"""

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
    return __import__(_ROOT + name, None, None, (name,))


def give_back(*names):
    """Drop modules; whoever imports them next loads them again."""
    for name in names:
        package, last = (_ROOT + name).rsplit(".", 1)
        if sys.modules.pop(_ROOT + name, None) and hasattr(sys.modules[package], last):
            delattr(sys.modules[package], last)
