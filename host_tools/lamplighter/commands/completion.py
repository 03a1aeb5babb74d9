"""`lamplighter completion`: the script that makes a shell complete verbs and options."""

from __future__ import annotations

import click

from .. import screen


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script for a shell.

    Example: lamplighter completion bash > ~/.local/share/bash-completion/completions/lamplighter
    """
    from click.shell_completion import get_completion_class

    from ..cli import lamplighter

    script = get_completion_class(shell)
    if script is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    screen.text(script(lamplighter, {}, "lamplighter", "_LAMPLIGHTER_COMPLETE").source())
