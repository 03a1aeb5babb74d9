"""The command `lamplighter`: finds each verb in commands/ when it is asked for, so that --help stays quick."""

from __future__ import annotations

import importlib
import sys
from typing import NoReturn

import click

from . import __version__, screen
from .problems import FileRefused, Problem

# verb: (module in commands/, one line for --help)
VERBS = {
    "list": ("list", "List the connected lampposts: port, chip, firmware, state."),
    "image": ("image", "Build a flash image for a board."),
    "flash": ("flash", "Install the firmware on a board."),
    "configure": ("configure", "Configure a node from a JSON file."),
    "update": ("update", "Update a node's app; only changed files are sent."),
    "release": ("release", "Write the app as a signed release, for updates over the air."),
    "serve": ("serve", "Serve a folder of releases to lampposts."),
    "release-key": ("release_key", "Manage the keys that sign releases."),
    "unlock": ("unlock", "Unlock the console of a node in operation."),
    "calibrate": ("calibrate", "Calibrate an air sensor, or measure an empty parking bay."),
    "test": ("test", "Run the node's self-test: pass or fail."),
    "identity": ("identity", "Manage the city's CA, and the key and certificate of each lamppost."),
    "roster": ("roster", "Check a street's list of lampposts, and show which is next."),
    "commission": ("commission", "Commission a lamppost: from the cable to a signed record."),
    "verify": ("verify", "Check a commissioning record and its signature."),
    "label": ("label", "Print labels with QR codes, as SVG or PDF."),
    "doctor": ("doctor", "Diagnose a lamppost and this computer, the likeliest cause first."),
    "log": ("log", "Show the node's serial output with timestamps."),
    "broker": ("broker", "Run a trial broker with the city's TLS and access list."),
    "push": ("push", "Send a configuration or the app over the air, on trial."),
    "rollout": ("rollout", "Bring a release to a street, group by group, and stop where it does harm."),
    "watch": ("watch", "Subscribe to telemetry, show it live and check it."),
    "web": ("web", "Show the street live in a browser: plan, list, each lamppost, alarms."),
    "send": ("send", "Send a command to lampposts and wait for their answers."),
    "store": ("store", "Write telemetry to a database, each record once, and prove it complete."),
    "report": ("report", "Report energy, carbon, parking, air and health from the store."),
    "conform": ("conform", "Judge whether a lamppost, whoever made it, keeps the contract."),
    "settle": ("settle", "Write half-hourly energy of each lamp and the control file of a day."),
    "export": ("export", "Export the store as open data: Parquet with a DCAT-AP description."),
    "bridge": ("bridge", "Bring lampposts to Home Assistant."),
    "geojson": ("geojson", "Write the lampposts of a street as GeoJSON points for a map."),
    "parts": ("parts", "List the supported parts, or show wiring, options and limits of one."),
    "decode": ("decode", "Decode a captured frame of a part."),
    "replay": ("replay", "Run the node's own sensing code over a recorded trace."),
    "programme": ("programme", "Preview one night of a lamp programme."),
    "virtual": ("virtual", "Start a virtual lamppost with its own serial port."),
    "street": ("street", "Load-test a broker with thousands of simulated lampposts."),
    "demo": ("demo", "Run three virtual lampposts, from blank flash to telemetry."),
    "completion": ("completion", "Print the shell completion script."),
}


class Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        return importlib.import_module(f".commands.{VERBS[cmd_name][0]}", __package__).command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(verb, line) for verb, (_, line) in VERBS.items()])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from . import paths

        if page := paths.documentation():
            formatter.write(f"\nDocumentation: {page}\n")

    def resolve_command(self, ctx: click.Context, args: list[str]):
        import difflib

        if args and not args[0].startswith("-") and args[0] not in VERBS:
            near = difflib.get_close_matches(args[0], VERBS, 1)
            hint = f" Did you mean {near[0]}?" if near else ""
            ctx.fail(f"There is no command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lamplighter")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.pass_context
def lamplighter(ctx: click.Context, debug: bool) -> None:
    """Install smart lampposts and watch their telemetry.

    Example: lamplighter flash --port /dev/ttyUSB0 --board lamppost-esp32
    """
    ctx.obj = {"debug": debug}


def _end_with(trouble: Problem) -> NoReturn:
    screen.problem(trouble, as_json="--json" in sys.argv)
    sys.exit(trouble.exit_code)


def main() -> None:
    """Run a verb; a Problem becomes its sentence, its remedy and its exit code."""
    debug = "--debug" in sys.argv
    screen.take_any_text()
    try:
        code = lamplighter(standalone_mode=False)
    except Problem as trouble:
        if debug:
            raise
        _end_with(trouble)
    except click.FileError as refused:
        _end_with(FileRefused(f"{refused.ui_filename} cannot be opened: {refused.message}."))
    except click.ClickException as misuse:
        misuse.show()
        sys.exit(misuse.exit_code)
    except (KeyboardInterrupt, click.Abort) as stop:
        # click makes an Abort of a Ctrl-C, with the sentence of screen.if_interrupted() in its cause
        sentence = str(stop if isinstance(stop, KeyboardInterrupt) else stop.__cause__ or "")
        screen.note(f"Interrupted. {sentence}".strip())
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
    except Exception as bug:
        if debug:
            raise
        if isinstance(bug, OSError) and bug.filename:
            _end_with(FileRefused(f"{bug.filename} cannot be used: {bug.strerror}."))
        # its text is not shown: it may hold anything
        cause = f"This is a bug in lamplighter ({type(bug).__name__})."
        screen.problem(Problem(cause, "Run it again as `lamplighter --debug ...` and report the output."))
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
