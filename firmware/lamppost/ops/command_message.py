"""A command as it comes from the broker, {"id", "exp", "args"}, and the check of its arguments."""

import json

from micropython import const

from ..core import calendar

LONGEST = const(1024)  # bytes of a command
_ID_MAX = const(40)  # a UUID has 36
_ID_BYTES = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:"
_MEMBERS = ("id", "exp", "args")


class Command:
    """verb -- last level of the topic; name -- its id; exp -- seconds since 2000 UTC, or None
    retained -- the broker had kept it; wrong -- what is wrong with exp and args, "" if nothing
    """

    def __init__(self, verb, name, exp, args, retained, wrong):
        self.verb = verb
        self.name = name
        self.exp = exp
        self.args = args
        self.retained = retained
        self.wrong = wrong


def parse(verb, body, retained):
    """The Command, or a sentence (text) why this is none: without an id it cannot be answered."""
    if len(body) > LONGEST:
        return "longer than %d bytes" % LONGEST
    try:
        doc = json.loads(body)
    except (ValueError, RuntimeError, MemoryError):  # thousands of brackets are too deep
        return "not JSON"
    name = doc.get("id") if isinstance(doc, dict) else None
    if not isinstance(name, str) or not 0 < len(name) <= _ID_MAX or [c for c in name if c not in _ID_BYTES]:
        return "without an id of 1 to %d letters, digits, - _ . or :" % _ID_MAX
    wrong = _unknown(doc, _MEMBERS)
    exp = doc.get("exp")
    if exp is not None:
        exp = calendar.seconds(exp) if isinstance(exp, str) else None
        if exp is None:
            wrong.append("exp is not like 2026-11-30T17:00:00Z")
    args = doc.get("args")
    if args is None:
        args = {}
    if not isinstance(args, dict):
        wrong.append("args is not an object")
        args = {}
    return Command(verb, name, exp, args, retained, "; ".join(wrong))


def fitted(args, schema):
    """(arguments with their defaults, what is wrong with them or "").

    schema -- {name: (type, low, high) or (type, low, high, default)}; low and high are of the number, or of the
    length of a text; None for bool. Without a default the argument is needed.
    """
    wrong = _unknown(args, schema)
    found = {}
    for name in schema:
        kind, low, high = schema[name][:3]
        if name not in args:
            if len(schema[name]) < 4:
                wrong.append(name + " is missing")
            else:
                found[name] = schema[name][3]
            continue
        value = args[name]
        if kind is float and type(value) is int:
            value = float(value)
        if kind is str and type(value) is int:  # a bay may be called 1
            value = str(value)
        if type(value) is not kind:
            wrong.append("%s is not %s" % (name, _KINDS[kind]))
        elif isinstance(value, str) and not low <= len(value) <= high:
            wrong.append("%s has not %d to %d characters" % (name, low, high))
        elif kind in (int, float) and not low <= value <= high:
            wrong.append("%s is not %s to %s" % (name, low, high))
        found[name] = value
    return found, "; ".join(wrong)


def _unknown(members, known):
    # MicroPython's json takes names that are no texts
    return [name + " is unknown" for name in sorted([str(name) for name in members if name not in known])]


_KINDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}
