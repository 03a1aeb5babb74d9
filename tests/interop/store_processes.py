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

    ports -- of the broker, or of each server of a cluster, among which the lampposts are divided
    records -- of each, besides its start; pause_s -- between two rounds of all; stopped -- ends it early
    """

    def __init__(self, ports, lamps, records, pause_s=0.02):
        super().__init__(daemon=True)
        self._lamps = [Lamp(f"lp-{number:04d}", site=SITES[number % len(SITES)]) for number in range(lamps)]
        self._records, self._pause_s = records, pause_s
        self.published = 0
        self.stopped = threading.Event()
        self._free = threading.Lock()  # held while nothing may be published
        self._links = [Link(f"street-{number}", port) for number, port in enumerate(ports)]

    def run(self):
        for link in self._links:
            link.client.loop_start()
        for number, lamp in enumerate(self._lamps):
            self._publish(number, lamp.started())
        for register in range(self._records):
            if self.stopped.wait(self._pause_s):  # a stream, so that kills meet it at work
                break
            for number, lamp in enumerate(self._lamps):
                with self._free:
                    self._publish(number, lamp.energy(imp_mwh=register))
        self._wait_for_acknowledgements()
        for link in self._links:
            link.client.disconnect()
            link.client.loop_stop()

    @contextlib.contextmanager
    def saved(self):
        """Within, the broker has saved all that it acknowledged, and nothing is published.

        Mosquitto (2.0.11) does not count a message that it sends on at once as a change to save, but a retained one
        is; and it saves before it reads what comes next. So the acknowledgement of a third proves that it saved after
        the second.
        """
        with self._free:
            self._wait_for_acknowledgements()
            (link,) = self._links
            for word in (b"1", b"2", b"3"):
                link.publish("crash/saved", word, retain=True)
                self._wait_for_acknowledgements()
            yield

    def _wait_for_acknowledgements(self):
        while any(link.acknowledged < link.published for link in self._links):
            time.sleep(0.01)

    def _publish(self, number, message):
        self.published += 1
        self._links[number % len(self._links)].publish(*message)


class Link:
    """A lamppost's connection to the broker, or that of many. published, acknowledged -- counts"""

    def __init__(self, name, port):
        self.published = self.acknowledged = 0
        self.client = paho.Client(
            paho.CallbackAPIVersion.VERSION2, client_id=name, protocol=paho.MQTTv311, clean_session=False
        )
        self.client.max_queued_messages_set(0)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_publish = self._was_acknowledged
        self.client.connect("127.0.0.1", port)

    def publish(self, topic, payload, retain):
        """Without a connection it is kept, and sent later."""
        self.published += 1
        self.client.publish(topic, payload, 1, retain)

    def _was_acknowledged(self, *_):
        self.acknowledged += 1
