"""The timekeeper in real MicroPython against time servers on the loopback: good ones, liars, and none."""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

import pytest
from street import MICROPYTHON

SETTER = Path(__file__).with_name("clock_setter.py")
UNIX_1900 = 2208988800
UNIX_2000 = 946684800


class TimeServer:
    """Answers on a port of its own; `twist` changes each answer before it goes."""

    def __init__(self, twist=lambda answer: answer):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._twist = twist
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            request, asker = self._socket.recvfrom(100)
            if len(request) != 48:
                return
            now = time.time() + UNIX_1900
            answer = bytearray(48)
            answer[0], answer[1] = 0x24, 1
            answer[24:32] = request[40:48]
            struct.pack_into(">II", answer, 40, int(now), int(now % 1 * 2**32))
            if answer := self._twist(answer):
                self._socket.sendto(answer, asker)

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"end", ("127.0.0.1", self.port))
        self._thread.join(5)
        self._socket.close()


def ask(server: TimeServer, *names: str) -> list[dict]:
    command = [MICROPYTHON, SETTER, str(server.port), *(names or ("127.0.0.1",))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def serve():
    servers: list[TimeServer] = []

    def _serve(*twist) -> TimeServer:
        servers.append(TimeServer(*twist))
        return servers[-1]

    yield _serve
    for server in servers:
        server.close()


def test_the_clock_is_set_to_the_second_and_the_journal_told(serve):
    before = time.time() - UNIX_2000
    said, end = ask(serve())
    assert before - 1 <= said["utc_s"] <= time.time() - UNIX_2000 + 1
    assert (said["before"], said["tq"]) == (None, 3)
    assert end == {"believed": True, "anchored": 1}


def test_a_server_that_lies_is_not_believed_but_the_next_one_is_asked(serve):
    def a_year_of_1970(answer):
        struct.pack_into(">I", answer, 40, UNIX_1900)
        return answer

    said = ask(serve(a_year_of_1970), "127.0.0.1", "nowhere.invalid")
    assert [line.get("fault") for line in said] == ["protocol", "nodns", None]
    assert said[-1] == {"believed": False, "anchored": 0}


def test_a_server_that_does_not_answer_ends_in_a_time_out(serve):
    said = ask(serve(lambda answer: None))
    assert said[0]["fault"] == "timeout" and not said[-1]["believed"]


def test_an_answer_cut_short_is_not_believed(serve):
    said = ask(serve(lambda answer: answer[:20]))
    assert said[0]["fault"] == "protocol" and not said[-1]["believed"]
