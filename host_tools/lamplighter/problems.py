"""Every way to fail: one class a cause, with its exit code and the remedy in one sentence.

A Problem is raised with the cause in one sentence; the command line prints cause and remedy and ends with
the exit code. Exit codes: 1 bug, 2 wrong usage, 10-19 port and serial line, 20-29 boards, images, flashing,
30-39 configuration, 40-49 readings and self-test, 50-59 broker and telemetry, 60-69 virtual and simulated lampposts.
"""

from __future__ import annotations


class Problem(Exception):
    """A failure with a cause (the message), a remedy, a word for machines and an exit code for scripts."""

    exit_code = 1
    word = "problem"
    remedy = ""

    def __init__(self, cause: str, remedy: str | None = None, details: list[str] | None = None):
        super().__init__(cause)
        self.cause = cause
        if remedy is not None:
            self.remedy = remedy
        self.details = details or []


class PortAbsent(Problem):
    exit_code, word = 10, "port-absent"
    remedy = "Plug the lamppost in, or name another port: `lamplighter list` shows what is there."


class PortBusy(Problem):
    exit_code, word = 11, "port-busy"
    remedy = "Close the program that holds the port and run the command again."


class WrongBootMode(Problem):
    exit_code, word = 12, "wrong-boot-mode"
    remedy = "Hold BOOT, press and release EN, release BOOT, and run the command again."


class PortNotPermitted(Problem):
    exit_code, word = 13, "port-not-permitted"
    remedy = "Add yourself to the port's group (`sudo usermod -aG dialout $USER`) and log in again."


class NodeSilent(Problem):
    exit_code, word = 14, "node-silent"
    remedy = "Check cable and power, press EN once, and run the command again."


class CablePulled(Problem):
    exit_code, word = 15, "cable-pulled"
    remedy = "Plug the cable in again and run the same command: it starts over where it is safe."


class NodeSaidNo(Problem):
    exit_code, word = 16, "node-error"
    remedy = "See `lamplighter log` for what the node prints; `lamplighter flash` restores the firmware."


class WrongChip(Problem):
    exit_code, word = 20, "wrong-chip"
    remedy = "Choose the board that matches the chip with --board: `lamplighter flash --help` lists the boards."


class BoardInvalid(Problem):
    exit_code, word = 21, "board-invalid"
    remedy = "Correct the board file as said and run the command again."


class ImageMissing(Problem):
    exit_code, word = 22, "image-missing"
    remedy = "Put the official image where the message says, or name it with --micropython FILE."


class ImageInvalid(Problem):
    exit_code, word = 23, "image-invalid"
    remedy = "Get the official image again and compare its size and checksum."


class FlashFailed(Problem):
    exit_code, word = 24, "flash-failed"
    remedy = "Check cable and power, then run the same command again: what is already right is skipped."


class ConfigInvalid(Problem):
    exit_code, word = 30, "config-invalid"
    remedy = "Correct the lines named above; nothing was written to the node."


class ConfigUnreadable(Problem):
    exit_code, word = 31, "config-unreadable"
    remedy = "Check the file's name and that it is JSON."


class ConfigNotKept(Problem):
    exit_code, word = 32, "config-not-kept"
    remedy = "Run `lamplighter configure` again; a configuration that cannot be used never replaces the one before."


class CertificateInvalid(Problem):
    exit_code, word = 33, "certificate-invalid"
    remedy = "Correct the file named above; nothing was written to the node."


class ReadingFault(Problem):
    exit_code, word = 40, "reading-fault"
    remedy = "See docs/reference/faults.md for the fault's word."


class UnknownPart(Problem):
    exit_code, word = 41, "unknown-part"
    remedy = "`lamplighter decode --help` lists the parts."


class SelftestFailed(Problem):
    exit_code, word = 42, "selftest-failed"
    remedy = "Each failed check above says what to look at; correct it and run `lamplighter test` again."


class TraceInvalid(Problem):
    exit_code, word = 43, "trace-invalid"
    remedy = (
        "Correct the trace as said: `lamplighter replay --help` names the columns; a missing reading is an empty cell."
    )


class BrokerRefused(Problem):
    exit_code, word = 50, "broker-refused"
    remedy = "Check the broker's host and port, and that it is running."


class BrokerLoginRefused(Problem):
    exit_code, word = 51, "broker-login"
    remedy = "Check user name and password, and the broker's access list."


class BrokerNotFound(Problem):
    exit_code, word = 52, "broker-not-found"
    remedy = "Check the spelling of the broker's name and that this machine can resolve it."


class ContractBroken(Problem):
    exit_code, word = 53, "contract-broken"
    remedy = "The messages named above do not keep to docs/contract: report them to who made the node's firmware."


class TelemetryGaps(Problem):
    exit_code, word = 54, "telemetry-gaps"
    remedy = "Messages were lost or repeated without mark: check the broker's queue limits and the node's journal."


class ToolMissing(Problem):
    exit_code, word = 60, "tool-missing"
    remedy = "Install what the message names and run the command again."


class VirtualFailed(Problem):
    exit_code, word = 61, "virtual-failed"
    remedy = "Run the command again with --debug and look at the last lines."


class ScenarioInvalid(Problem):
    exit_code, word = 62, "scenario-invalid"
    remedy = "Correct the scenario as said: docs/reference/scenario.md has every key."


class TooFewFiles(Problem):
    exit_code, word = 63, "too-few-files"
    remedy = "Raise the limit (`ulimit -Hn`, or LimitNOFILE of the service) or ask for fewer lampposts with --nodes."
