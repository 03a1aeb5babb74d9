"""Numbers on the command line: what is no number, or none to reckon with, is refused by every option of every verb."""

import click
import pytest
from lamplighter.cli import lamplighter


def numbers(command, words=()):
    """[words and option] of every option that takes a number with a fraction, below a command."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        below = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
        return [found for name, one in below for found in numbers(one, (*words, name))]
    return [(" ".join(words), one) for one in command.params if isinstance(one.type, click.types.FloatParamType)]


def test_every_option_that_takes_a_number_refuses_nan_infinity_and_a_decimal_comma():
    found = numbers(lamplighter)
    assert len(found) >= 20
    for words, option in found:
        for wrong in ("nan", "inf", "-inf", "1e999", "38,72"):
            with pytest.raises(click.BadParameter):
                option.type.convert(wrong, option, None)
                pytest.fail(f"{words} {option.opts} takes {wrong}")
