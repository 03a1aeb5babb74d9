"""`lamplighter store` as a user runs it, and a street that publishes until the broker has everything."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time

import paho.mqtt.client as paho
from lamplighter.store.databases import target
from lamplighter.store.ingest import until_free
from publisher import Lamp
from tool_process import ToolProcess

SITES = ("lisbon", "porto", "faro")


class StoreProcess(ToolProcess):
    """One store; source -- an MQTT broker's port, or as --from takes it; url -- as --to takes it."""

    def __init__(self, source, url, *more):
        self.url = str(url)
        broker = ["--from", source] if "//" in str(source) else ["--host", "127.0.0.1", "--port", str(source)]
        super().__init__("store", *broker, "--to", self.url, "--json", *more)

    def ready(self):
        """Wait until it has its subscription."""
        self.says("Storing")

    def check(self):
        command = [sys.executable, "-m", "lamplighter", "store", "check", "--to", self.url, "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def rows(self, query):
        def read():
            with target(self.url).reader() as rows:
                return [tuple(row.values()) for row in rows(query)]

        return until_free(read, print)  # the store may be writing

    def until(self, query, wanted, timeout=60):
        end = time.monotonic() + timeout
        while (found := self.rows(query)) != wanted:
            assert time.monotonic() < end, (query, found)
            time.sleep(0.1)


class Street(threading.Thread):
    """Lampposts that publish all their records once each, also over a restart of the broker.

    records -- of each, besides its start; pause_s -- between two rounds of all; stopped -- ends it early
    """

    def __init__(self, port, lamps, records, pause_s=0.02):
        super().__init__(daemon=True)
        self._lamps = [Lamp(f"lp-{number:04d}", site=SITES[number % len(SITES)]) for number in range(lamps)]
        self._records, self._pause_s = records, pause_s
        self.published = self.acknowledged = 0
        self.stopped = threading.Event()
        self._free = threading.Lock()  # held while nothing may be published
        self._client = paho.Client(
            paho.CallbackAPIVersion.VERSION2, client_id="street", protocol=paho.MQTTv311, clean_session=False
        )
        self._client.max_queued_messages_set(0)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_publish = self._was_acknowledged
        self._client.connect("127.0.0.1", port)

    def run(self):
        self._client.loop_start()
        for lamp in self._lamps:
            self._publish(lamp.started())
        for number in range(self._records):
            if self.stopped.wait(self._pause_s):  # a stream, so that kills meet it at work
                break
            for lamp in self._lamps:
                with self._free:
                    self._publish(lamp.energy(imp_mwh=number))
        self._wait_for_acknowledgements()
        self._client.disconnect()
        self._client.loop_stop()

    @contextlib.contextmanager
    def saved(self):
        """Within, the broker has saved all that it acknowledged, and nothing is published.

        Mosquitto (2.0.11) does not count a message that it sends on at once as a change to save, but a retained one
        is; and it saves before it reads what comes next. So the acknowledgement of a third proves that it saved after
        the second.
        """
        with self._free:
            self._wait_for_acknowledgements()
            for word in (b"1", b"2", b"3"):
                self.published += 1
                self._client.publish("crash/saved", word, 1, retain=True)
                self._wait_for_acknowledgements()
            self.published -= 3
            self.acknowledged -= 3
            yield

    def _wait_for_acknowledgements(self):
        while self.acknowledged < self.published:
            time.sleep(0.01)

    def _was_acknowledged(self, *_):
        self.acknowledged += 1

    def _publish(self, message):
        topic, payload, retain = message
        self.published += 1
        self._client.publish(topic, payload, 1, retain)  # without a connection it is kept, and sent later
