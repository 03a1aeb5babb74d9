"""Every way to fail: one class a cause, with its exit code and the remedy in one sentence.

A Problem is raised with the cause in one sentence; the command line prints cause and remedy and ends with
the exit code. Exit codes: 1 bug, 2 wrong usage, 3 a file of this computer, 4 its clock, 10-19 port and serial line,
20-29 boards, images, flashing, 30-39 configuration, 40-49 readings and self-test, 50-59 broker and telemetry,
60-69 virtual and simulated lampposts, 70-79 identity, roster, records, 80-89 the store and reports, 90-99 roll-outs,
100-109 the web page, 110-119 bridges.
"""

from __future__ import annotations

from typing import Any


class Problem(Exception):
    """A failure with a cause (the message), a remedy, a word for machines and an exit code for scripts."""

    exit_code = 1
    word = "problem"
    remedy = ""
    state = ""  # of the node, in a word, where a line that it said tells it

    def __init__(self, cause: str, remedy: str | None = None, details: list[str] | None = None):
        super().__init__(cause)
        self.cause = cause
        if remedy is not None:
            self.remedy = remedy
        self.details = details or []
        self.results: list[Any] = []  # what was found out before it, where that is of use


class FileRefused(Problem):
    exit_code, word = 3, "file-refused"
    remedy = "Check the file's path and permissions, and that the disk is not full or read-only."


class ClockWrong(Problem):
    exit_code, word = 4, "clock-wrong"
    remedy = "Set this computer's date and time and run the same command again; nothing was changed."


class PortAbsent(Problem):
    exit_code, word = 10, "port-absent"
    remedy = "Connect the lamppost, or name another port: `lamplighter list` shows the connected ones."


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
    remedy = "Reconnect the cable and run the same command again."


class NodeSaidNo(Problem):
    exit_code, word = 16, "node-error"
    remedy = "Read the node's output with `lamplighter log`; `lamplighter flash` restores the firmware."


class ConsoleLocked(Problem):
    exit_code, word = 17, "console-locked"
    remedy = "Unlock it with `lamplighter unlock --port PORT --identity FOLDER`, and run the command again."


class UnlockRefused(Problem):
    exit_code, word = 18, "unlock-refused"
    remedy = "Use the key of this node; if it is lost, run `lamplighter flash --erase` and commission the node again."


class WeakSupply(Problem):
    exit_code, word = 19, "weak-supply"
    remedy = "Use another cable or a stronger 5 V supply; --force-supply continues anyway."


class WrongChip(Problem):
    exit_code, word = 20, "wrong-chip"
    remedy = "Choose the board that matches the chip with --board: `lamplighter flash --help` lists the boards."


class BoardInvalid(Problem):
    exit_code, word = 21, "board-invalid"
    remedy = "Correct the board file as described above and run the command again."


class ImageMissing(Problem):
    exit_code, word = 22, "image-missing"
    remedy = "Put the official image where the message says, or name it with --micropython FILE."


class ImageInvalid(Problem):
    exit_code, word = 23, "image-invalid"
    remedy = "Download the official image again and compare its size and checksum."


class FlashFailed(Problem):
    exit_code, word = 24, "flash-failed"
    remedy = "Check cable and power, then run the same command again: segments that are already correct are skipped."


class UpdateFailed(Problem):
    exit_code, word = 25, "update-failed"
    remedy = "Run the same command again; if that does not help, run `lamplighter flash`, which installs everything."


class FilesUnreadable(Problem):
    exit_code, word = 26, "files-unreadable"
    remedy = "Nothing was written. Erase the node's files with --erase, then configure the node again."


class WithoutPsram(Problem):
    exit_code, word = 27, "without-psram"
    remedy = "Replace the module with one that has PSRAM: boards/README.md lists the order codes."


class FlashTooSmall(Problem):
    exit_code, word = 28, "flash-too-small"
    remedy = "Nothing was written. Use a module listed in boards/README.md, or choose the --board that matches."


class ConfigInvalid(Problem):
    exit_code, word = 30, "config-invalid"
    remedy = "Correct the lines named above; nothing was written to the node."


class ConfigUnreadable(Problem):
    exit_code, word = 31, "config-unreadable"
    remedy = "Check the file's name and that it is JSON."


class ConfigNotKept(Problem):
    exit_code, word = 32, "config-not-kept"
    remedy = "Run `lamplighter configure` again; an unusable configuration never replaces the previous one."


class CertificateInvalid(Problem):
    exit_code, word = 33, "certificate-invalid"
    remedy = "Correct the file named above; nothing was written to the node."


class ReadingFault(Problem):
    exit_code, word = 40, "reading-fault"
    remedy = "Look up the fault word in docs/reference/faults.md."


class UnknownPart(Problem):
    exit_code, word = 41, "unknown-part"
    remedy = "`lamplighter decode --help` lists the parts."


class SelftestFailed(Problem):
    exit_code, word = 42, "selftest-failed"
    remedy = "Correct each failed check as described above and run `lamplighter test` again."


class TraceInvalid(Problem):
    exit_code, word = 43, "trace-invalid"
    remedy = (
        "Correct the trace: `lamplighter replay --help` lists the columns; a missing reading is an empty cell."
    )


class DoctorFound(Problem):
    exit_code, word = 44, "doctor-found"
    remedy = "Start with the first cause above, then run `lamplighter doctor` again."


class BrokerRefused(Problem):
    exit_code, word = 50, "broker-refused"
    remedy = "Check the broker's host and port, and that it is running."


class BrokerUnreachable(BrokerRefused):
    """Nothing answers there: a wire or a network is missing, nobody has said no."""


class BrokerLoginRefused(Problem):
    exit_code, word = 51, "broker-login"
    remedy = "Check user name and password, and the broker's access list."


class BrokerNotFound(Problem):
    exit_code, word = 52, "broker-not-found"
    remedy = "Check the spelling of the broker's name and that this machine can resolve it."


class ContractBroken(Problem):
    exit_code, word = 53, "contract-broken"
    remedy = "The messages named above violate docs/contract: report them to the supplier of the node's firmware."


class TelemetryGaps(Problem):
    exit_code, word = 54, "telemetry-gaps"
    remedy = "Messages were lost or duplicated: check the broker's queue limits and the node's journal."


class NotAtBroker(Problem):
    exit_code, word = 55, "not-at-broker"
    remedy = "Check the broker's access list for its topics, and find the link's fault word in `lamplighter log`."


class CommandRefused(Problem):
    exit_code, word = 56, "command-refused"
    remedy = "docs/reference/faults.md explains the word of each answer; correct the cause, then send a new command."


class CommandUnanswered(Problem):
    exit_code, word = 57, "command-unanswered"
    remedy = "See whether the lampposts are online (`lamplighter watch`) and whether this user may command."


class HookFailed(Problem):
    exit_code, word = 58, "hook-failed"
    remedy = "Run the command by hand, or open the relay's address, and correct it until it works."


class NotConforming(Problem):
    exit_code, word = 59, "not-conforming"
    remedy = "Read what each rule asks for in docs/integrate/conform.md, and report it to the lamppost's maker."


class ToolMissing(Problem):
    exit_code, word = 60, "tool-missing"
    remedy = "Install the tool named above and run the command again."


class VirtualFailed(Problem):
    exit_code, word = 61, "virtual-failed"
    remedy = "Run the command again with --debug and read the last lines."


class ScenarioInvalid(Problem):
    exit_code, word = 62, "scenario-invalid"
    remedy = "Correct the scenario as described above: docs/reference/scenario.md lists every key."


class TooFewFiles(Problem):
    exit_code, word = 63, "too-few-files"
    remedy = "Raise the limit (`ulimit -Hn`, or LimitNOFILE of the service) or simulate fewer lampposts with --nodes."


class BenchInvalid(Problem):
    exit_code, word = 64, "bench-invalid"
    remedy = "Correct the bench file as described above: docs/reference/hil.md lists every key; no test was run."


class NoPseudoTerminal(Problem):
    exit_code, word = 65, "no-pseudo-terminal"
    remedy = "Run it on Linux or macOS, or in the Windows Subsystem for Linux (WSL)."


class ReleaseInvalid(Problem):
    exit_code, word = 29, "release-invalid"
    remedy = "Make the release again: lamplighter release --out FOLDER."


class IdentityMissing(Problem):
    exit_code, word = 70, "identity-missing"
    remedy = "Create the city's CA with `lamplighter identity init`, or name its folder with --identity."


class IdentityLocked(Problem):
    exit_code, word = 71, "identity-locked"
    remedy = "Give the passphrase in $LAMPLIGHTER_CA_PASSPHRASE or with --passphrase-file."


class IdentityExpired(Problem):
    exit_code, word = 72, "identity-expired"
    remedy = "Renew what expired with `lamplighter identity renew`; for the CA add --ca."


class IdentityTaken(Problem):
    exit_code, word = 73, "identity-taken"
    remedy = "Use `lamplighter identity renew` for a new certificate; nothing was changed."


class RosterInvalid(Problem):
    exit_code, word = 74, "roster-invalid"
    remedy = "Correct the rows named above: docs/field/roster.md describes every column; nothing was written."


class OtherLamppost(Problem):
    exit_code, word = 75, "other-lamppost"
    remedy = "Check the number on the pole; if the message is right, add --yes."


class AssetUnknown(Problem):
    exit_code, word = 76, "asset-unknown"
    remedy = "Check the number on the pole, and that this is the roster of this street."


class RecordTampered(Problem):
    exit_code, word = 77, "record-tampered"
    remedy = "Do not rely on this record: get the original, or commission the lamppost again."


class RecordUnproven(Problem):
    exit_code, word = 78, "record-unproven"
    remedy = "Name the city's CA certificate with --ca FILE."


class CountersUnknown(Problem):
    exit_code, word = 79, "counters-unknown"
    remedy = "Pass the last energy register of the old node with --imp-mwh N; 0 starts from the meter's reading."


class ProgrammeInvalid(Problem):
    exit_code, word = 34, "programme-invalid"
    remedy = "Correct the entries named above: docs/reference/programme.md explains calendar, periods and points."


class PushRejected(Problem):
    exit_code, word = 35, "push-rejected"
    remedy = "Correct what the lines above name and push again; the lamppost works on with its configuration."


class PushReverted(Problem):
    exit_code, word = 36, "push-reverted"
    remedy = "Correct what kept the lamppost from proving the new configuration and push again; no visit is needed."


class PushUnfinished(Problem):
    exit_code, word = 37, "push-unfinished"
    remedy = "Push again to follow it, with a longer --wait; `lamplighter push withdraw` takes it back."


class SecretsInClear(Problem):
    exit_code, word = 38, "secrets-in-clear"
    remedy = "Use the broker's TLS port with --tls, --ca or --identity; or leave the secrets out with --patch."


class StoreBusy(Problem):
    exit_code, word = 80, "store-busy"
    remedy = "Close the other program, start the database server, or name another database with --to."


class StoreUnusable(Problem):
    exit_code, word = 81, "store-unusable"
    remedy = "Check the database's name, its rights, and that the disk is not full; nothing was changed."


class StoreNewer(Problem):
    exit_code, word = 82, "store-newer"
    remedy = "Update lamplighter to the version that wrote the database; nothing was changed."


class StoreIncomplete(Problem):
    exit_code, word = 83, "store-incomplete"
    remedy = "docs/integrate/store.md explains what each gap can mean; records that are late fill theirs."


class SourceUnusable(Problem):
    exit_code, word = 84, "source-unusable"
    remedy = "Check what --from names: its stream or topic, and the rights of the store's user."


class SettlementBroken(Problem):
    exit_code, word = 86, "settlement-broken"
    remedy = "Find out who changed the records of these lampposts; settle from a database that received them unchanged."


class UnitsInvalid(Problem):
    exit_code, word = 87, "units-invalid"
    remedy = "Correct the lines above; docs/reference/settlement.md has the columns."


class NothingToReport(Problem):
    exit_code, word = 88, "nothing-to-report"
    remedy = "Check --from, --to and the store's name; `lamplighter store check` counts what it has."


class ReportInputInvalid(Problem):
    exit_code, word = 89, "report-input-invalid"
    remedy = "Correct the file as described above: docs/integrate/reports.md has every key; nothing was written."


class PlanInvalid(Problem):
    exit_code, word = 90, "plan-invalid"
    remedy = "Correct what the lines above name: docs/reference/rollout.md explains every key."


class RolloutStateWrong(Problem):
    exit_code, word = 91, "rollout-state-wrong"
    remedy = "Give a new roll-out a plan file of its own; move the state file away only if the old roll-out is over."


class RolloutBusy(Problem):
    exit_code, word = 92, "rollout-busy"
    remedy = "Follow it there, or end that command with Ctrl-C: whichever runs next goes on from the same state."


class RolloutStopped(Problem):
    exit_code, word = 93, "rollout-stopped"
    remedy = "Look into the lampposts named above; then --resume, --retry, --back or --abort."


class RolloutIncomplete(Problem):
    exit_code, word = 94, "rollout-incomplete"
    remedy = "Run it again when the lampposts named above are back; --retry asks the failed ones once more."


class WebUnprotected(Problem):
    exit_code, word = 100, "web-unprotected"
    remedy = "Add --web-password-file FILE, or --https-cert, --https-key and --clients-ca; or listen on 127.0.0.1."


class WebAddressRefused(Problem):
    exit_code, word = 101, "web-address"
    remedy = "Name another address with --listen ADDRESS:PORT; port 0 takes any that is free."


class WebCertificateInvalid(Problem):
    exit_code, word = 102, "web-certificate"
    remedy = "Name PEM files that belong together: --https-cert CERTIFICATE --https-key KEY [--clients-ca CA]."


class BridgeTargetWrong(Problem):
    exit_code, word = 110, "bridge-target"
    remedy = "Check --to: it is the address of the NGSI-LD context broker itself, such as http://orion.lan:1026."


class BridgeLoginRefused(Problem):
    exit_code, word = 111, "bridge-login"
    remedy = "Give a token that may write, with --token-file FILE or $LAMPLIGHTER_NGSI_TOKEN."


class BridgeTenantUnknown(Problem):
    exit_code, word = 112, "bridge-tenant"
    remedy = "Check --tenant; Stellio wants each tenant in its own configuration first."


class BridgeLedgerUnusable(Problem):
    exit_code, word = 113, "bridge-ledger"
    remedy = "Name another file with --ledger; each broker and tenant has a ledger of its own."


class BridgeHistoryUnsupported(Problem):
    exit_code, word = 114, "bridge-history"
    remedy = "Leave out --history, or turn on the broker's temporal interface (Orion-LD: -troe)."
