"""A real Mosquitto of our own, a way to it that can fall silent, and a subscriber that forgets nothing."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import paho.mqtt.client as paho
from lamplighter.pki.trial_broker import find_mosquitto


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ServerProcess:
    """Ended by process id."""

    process: subprocess.Popen[bytes] | None = None

    def kill(self) -> None:
        """As a power cut would: no goodbye to anybody."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: int) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(60)
            self.process = None


class Mosquitto(ServerProcess):
    """Started and stopped by process id, on a port of its own; persistent over a kill."""

    def __init__(
        self, folder: Path, users: dict[str, str] | None = None, acl: str = "",
        host: str = "127.0.0.1", port: int | None = None, survives_kill: bool = True,
    ):  # fmt: skip
        """survives_kill -- saves all that it keeps at each change: a hundred messages a second, and few topics."""
        found = find_mosquitto()
        assert found, "Mosquitto is missing: apt-get install mosquitto"
        self.program = found
        self.host = host
        self.port = port or free_port()
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        lines = [
            f"listener {self.port} {host}",
            f"allow_anonymous {'false' if users else 'true'}",
            "persistence true",
            f"persistence_location {folder}/",
            # nothing acknowledged may be lost by a kill
            *(("autosave_on_changes true", "autosave_interval 1") if survives_kill else ()),
            "max_inflight_messages 0",
            "max_queued_messages 0",
            "set_tcp_nodelay true",
        ]
        if os.geteuid() == 0:
            lines.append("user root")
        if users:
            passwords = folder / "passwords"
            passwords.touch(mode=0o600)
            for user, password in users.items():
                subprocess.run(["mosquitto_passwd", "-b", passwords, user, password], check=True)
            lines.append(f"password_file {passwords}")
        if acl:
            (folder / "acl").write_text(acl)
            (folder / "acl").chmod(0o600)
            lines.append(f"acl_file {folder}/acl")
        self.config = folder / "mosquitto.conf"
        self.config.write_text("\n".join(lines) + "\n")

    def start(self) -> None:
        assert self.process is None
        with (self.folder / "mosquitto.log").open("ab") as log:
            self.process = subprocess.Popen([self.program, "-c", self.config], stdout=log, stderr=log)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            # the broker that answers must be the one that was started here
            assert self.process.poll() is None, (self.folder / "mosquitto.log").read_text()
            try:
                socket.create_connection((self.host, self.port), 0.2).close()
                return
            except OSError:
                time.sleep(0.01)
        raise AssertionError("Mosquitto did not come up")


class Passage:
    """A TCP proxy in front of a broker; `hush()` leaves the connections open and forwards nothing."""

    def __init__(self, target: int):
        self.target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open = threading.Event()
        self._open.set()
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def hush(self) -> None:
        self._open.clear()

    def speak(self) -> None:
        """Forward again: new connections only, what was caught in the silence is cut."""
        caught, self._sockets = self._sockets, []
        for sock in caught:
            _shut(sock)
        self._open.set()

    def close(self) -> None:
        _shut(self._listener)
        self._listener.close()
        self.speak()
        for thread in self._threads:
            thread.join(5)

    def passed(self, data: bytes, outward: bool) -> None:
        """For who wants to see what goes by; outward: to the broker."""

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(near)
            thread = threading.Thread(target=self._serve, args=(near,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, near: socket.socket) -> None:
        self._open.wait()
        try:
            far = socket.create_connection(("127.0.0.1", self.target), 5)
        except OSError:
            near.close()
            return
        self._sockets.append(far)
        back = threading.Thread(target=self._forward, args=(far, near), daemon=True)
        back.start()
        self._forward(near, far)
        back.join()
        near.close()
        far.close()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                self._open.wait()
                self.passed(data, outward=target.getpeername()[1] == self.target)
                target.sendall(data)
        except OSError:
            pass
        _shut(source)
        _shut(target)


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it was not connected, or is gone
        sock.shutdown(socket.SHUT_RDWR)


class Subscriber:
    """Everything below `topic`, in order, over every restart of the broker.

    qos -- 0: nothing is kept for it while it is away, and it sends no acknowledgements. What a broker wrote to it
        before it was killed is then always read (an unread acknowledgement would make the kernel reset the connection)
    """

    def __init__(
        self, port: int, topic: str = "lamppost/#", user: str | None = None, password: str | None = None,
        host: str = "127.0.0.1", qos: int = 1,
    ):  # fmt: skip
        self.messages: list[tuple[str, bytes, bool]] = []
        self._changed = threading.Condition()
        self._topic = topic
        self._ready = threading.Event()
        self.client = paho.Client(
            paho.CallbackAPIVersion.VERSION2, client_id=f"subscriber-{port}-{id(self)}", clean_session=False
        )
        if user:
            self.client.username_pw_set(user, password)
        self.client.reconnect_delay_set(0.1, 0.2)  # before a lamppost is there again
        self.client.on_connect = lambda client, *_: client.subscribe(topic, qos)
        self.client.on_disconnect = lambda *_: self._ready.clear()
        self.client.on_subscribe = lambda *_: self._ready.set()
        self.client.on_message = self._arrived
        self.client.connect(host, port)
        self.client.loop_start()
        assert self._ready.wait(60)

    def listening(self, within: float = 60.0) -> bool:
        """Wait until it is subscribed (again)."""
        return self._ready.wait(within)

    def deaf(self) -> bool:
        """True while it has no broker."""
        return not self._ready.is_set()

    def _arrived(self, _client, _data, message) -> None:
        with self._changed:
            self.messages.append((message.topic, message.payload, message.retain))
            self._changed.notify_all()

    def wait(self, holds, within: float = 120.0):
        """Wait until holds(messages) is true; returns its value."""
        end = time.monotonic() + within
        with self._changed:
            while not (value := holds(self.messages)):
                left = end - time.monotonic()
                assert left > 0, f"not within {within} s; the last of {len(self.messages)}: {self.messages[-5:]}"
                self._changed.wait(left)
            return value

    def records(self, suffix: str = "tele/energy") -> list[dict]:
        """The decoded payloads of one kind, in the order of arrival."""
        with self._changed:
            return [json.loads(p) for t, p, _ in self.messages if t.endswith("/" + suffix) and p]

    def publish(self, topic: str, payload: bytes, qos: int = 1, retain: bool = False) -> None:
        self.client.publish(topic, payload, qos, retain).wait_for_publish(60)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()
