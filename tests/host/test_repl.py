"""The conversation with a node's REPL: it always begins or says why not, and a pulled cable is a sentence."""

import contextlib
import os
import pty
import threading
import tty

import pytest
from lamplighter.device import no_prompt, repl
from lamplighter.device.repl import Repl
from lamplighter.problems import CablePulled, NodeSaidNo, NodeSilent, WrongBootMode

BANNER = b"raw REPL; CTRL-B to exit\r\n>"


class Scripted:
    """A node of a few lines: `answer(data)` gives what it says to what it hears; None pulls the cable."""

    def __init__(self, link, answer):
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        os.symlink(os.ttyname(slave), link)
        self.link, self.slave, self._answer = str(link), slave, answer
        self.heard = b""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        with contextlib.suppress(OSError):
            while data := os.read(self.master, 4096):
                self.heard += data
                said = self._answer(data)
                if said is None:
                    os.unlink(self.link)
                    os.close(self.slave)
                    os.close(self.master)
                    return
                os.write(self.master, said)

    def stop(self):
        for end in (self.slave, self.master):
            with contextlib.suppress(OSError):
                os.close(end)
        self._thread.join(5)


@pytest.fixture
def node(tmp_path, monkeypatch):
    """Starts scripted nodes; the ladder's patience is shortened, its rungs are the real ones."""
    monkeypatch.setattr(repl, "LADDER", {rung: (words, 0.2) for rung, (words, _) in repl.LADDER.items()})
    started = []

    def start(answer):
        started.append(Scripted(tmp_path / "lamp", answer))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def raw_repl(run):
    """A raw REPL without paste mode, as a script: `run(code)` gives (printed, error); error None: it never ends."""
    state = {"code": b"", "raw": False}

    def answer(data):
        out = b""
        for byte in (bytes([b]) for b in data):
            if byte == b"\x01" and state["code"].endswith(b"\x05A"):  # asks for paste mode
                state["code"] = b""
                out += b"R\x00"
            elif byte == b"\x01":
                state.update(raw=True, code=b"")
                out += BANNER
            elif byte == b"\x03":
                state["code"] = b""
            elif state["raw"] and byte == b"\x04":
                result = run(state["code"].decode())
                if result is None:
                    return None
                ended = b"" if result[1] is None else b"\x04" + result[1] + b"\x04>"
                out += b"OK" + result[0] + ended
                state["code"] = b""
            elif state["raw"]:
                state["code"] += byte
        return out

    return answer


def enter(device):
    told = []
    with Repl(device, told.append):
        pass
    return told


def test_a_node_that_answers_at_once_is_neither_interrupted_nor_reset(node):
    board = node(raw_repl(lambda code: (b"42\r\n", b"")))
    told = []
    with Repl(board.link, told.append) as talk:
        assert talk.run("print(42)") == "42\n"
    assert told == []


def test_the_node_is_restarted_at_the_end(node):
    codes = []
    board = node(raw_repl(lambda code: codes.append(code) or (b"", b"")))
    with Repl(board.link) as talk:
        talk.run("pass")
    for _ in range(100):
        if "machine.reset()" in codes[-1]:
            break
        threading.Event().wait(0.02)
    assert codes[-1].endswith("import machine\nmachine.reset()")


def test_a_busy_node_is_interrupted_until_it_lets_go(node):
    heard = {"interrupts": 0}
    talk = raw_repl(lambda code: (b"", b""))

    def stubborn(data):
        heard["interrupts"] += data.count(b"\x03")
        return talk(data) if heard["interrupts"] > 1 else b""

    assert enter(node(stubborn).link) == ["no answer yet: interrupting the program"]


def test_nothing_at_all_is_silence_after_every_rung(node):
    told = []
    with pytest.raises(NodeSilent, match="Nothing answers on"), Repl(node(lambda data: b"").link, told.append):
        pass
    assert told == ["no answer yet: interrupting the program", "no answer yet: soft reset", "no answer yet: hard reset"]


@pytest.mark.parametrize(
    ("said", "problem", "cause"),
    [
        (b"rst:0x1 (POWERON),boot:0x3 (DOWNLOAD_BOOT(UART0/UART1))\r\nwaiting for download\r\n", WrongBootMode,
         "waits in its boot loader"),
        (b"invalid header: 0xffffffff\r\ninvalid header: 0xffffffff\r\n", NodeSilent, "flash is blank"),
        (b"Brownout detector was triggered\r\n", NodeSilent, "supply voltage dips"),
        (b"The FAT or littlefs file system appears to be corrupted.\r\n", NodeSaidNo, "file system is corrupt"),
        (bytes(range(128, 256)), NodeSilent, "sends only noise"),
        (b"GPS fix 38.72N\r\n", NodeSilent, "Its last line: GPS fix 38.72N"),
    ],
)  # fmt: skip
def test_a_node_without_a_prompt_is_told_by_what_it_says(node, said, problem, cause):
    with pytest.raises(problem, match=cause):
        enter(node(lambda data: said).link)


def test_an_error_on_the_node_is_its_last_line_and_no_traceback(node):
    error = b'Traceback (most recent call last):\r\n  File "<stdin>", line 1\r\nOSError: 28\r\n'
    board = node(raw_repl(lambda code: (b"", error if "boom" in code else b"")))
    with pytest.raises(NodeSaidNo) as caught, Repl(board.link) as talk:
        talk.run("boom")
    assert caught.value.cause == "The node reported: OSError: 28"


def test_a_cable_pulled_in_the_middle_is_a_sentence(node):
    board = node(raw_repl(lambda code: None if "work" in code else (b"", b"")))
    with pytest.raises(CablePulled, match="was disconnected"), Repl(board.link) as talk:
        talk.run("work")


def test_work_without_end_is_given_up_and_said(node):
    board = node(raw_repl(lambda code: (b"1\r\n", None if "endless" in code else b"")))
    with pytest.raises(NodeSilent, match="stopped responding"), Repl(board.link) as talk:
        talk.run("endless", within=0.2)


def test_a_boot_that_ctrl_c_ended_before_its_first_statement_is_told_from_one_that_ran():
    reset = b"rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"
    interrupt = b"Traceback (most recent call last):\r\nKeyboardInterrupt: \r\nMicroPython v1.29.0\r\n>>> "
    said = b"lamppost: Ctrl-C within 1.5 s gives the REPL\r\n"
    assert no_prompt.boot_interrupted(reset + interrupt)
    assert no_prompt.boot_interrupted(reset + said + b"MPY: soft reboot\r\n" + interrupt)
    assert not no_prompt.boot_interrupted(reset + said + interrupt)
    assert not no_prompt.boot_interrupted(interrupt), "the start is not in what was heard"
