"""One measurement in real MicroPython: `mqtt_node.py bare|ours|five|umqtt PORT WINDOW COUNT [FOLDER]` -> one JSON line.

All publish 220 bytes at QoS 1 to the same topic and stop when the last PUBACK is there.
"""

import asyncio
import gc
import json
import select
import socket
import sys
import time

here = __file__.rsplit("/", 1)[0]
sys.path[:0] = [here + "/../../firmware", here + "/../interop"]

how, port, window, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
SIZE = 220
SUFFIX = b"tele/energy"
TOPIC = b"lamppost/v1/lisbon/lp-0042/" + SUFFIX
WARM = 200  # publishes before the clock starts: buffers are made, tables have grown


class Clocked:
    """Time and bytes allocated between start() and stop(); the collector sleeps meanwhile."""

    def start(self):
        gc.collect()
        gc.disable()
        self._bytes = gc.mem_alloc()
        self._since = time.ticks_us()

    def stop(self):
        us = time.ticks_diff(time.ticks_us(), self._since)
        allocated = gc.mem_alloc() - self._bytes
        gc.enable()
        print(json.dumps({"per_s": count * 1000000 / us, "allocated": allocated / count}))


def bare():
    """The limit: one ready packet, one write each, one read for the answers, nothing else."""
    from lamppost.link.mqtt import packets

    sock = socket.socket()
    sock.connect(socket.getaddrinfo("127.0.0.1", port)[0][-1])
    sock.setsockopt(6, 1, 1)
    sock.write(packets.connect("bare", 60))
    sock.read(4)
    data = packets.publish(TOPIC, [b"x" * SIZE], 1, False, 1)
    one = bytearray(4)
    poller = select.poll()
    poller.register(sock, select.POLLIN)

    def run(n):
        sent = min(window, n)
        for _ in range(sent):
            sock.write(data)
        for _ in range(n - sent):
            sock.readinto(one)
            sock.write(data)
        for _ in range(sent):
            sock.readinto(one)

    def run_wide(n):
        # as many answers a read as there are, as many packets as answers
        sock.setblocking(False)
        answers = bytearray(64)
        sent = acknowledged = have = 0
        while acknowledged < n:
            while sent < n and sent - acknowledged < window:
                sock.write(data)
                sent += 1
            got = sock.readinto(answers)
            if got is None:
                for _ in poller.ipoll(1000):
                    pass
                continue
            have += got
            acknowledged += have >> 2
            have &= 3

    run = run if window == 1 else run_wide
    run(WARM)
    clocked = Clocked()
    clocked.start()
    run(count)
    clocked.stop()
    sock.close()


async def ours():
    """From records on flash to their PUBACK, through the whole link."""
    import pc_link
    import ram_journal
    from lamppost.core.clock import NTP
    from lamppost.core.stamp import Stamp
    from lamppost.journal.outbox import TELEMETRY

    outbox = ram_journal.outbox(1, ram_journal.Partition((count + WARM) * 280 // 4000 + 8))
    mqtt = {"host": "127.0.0.1", "port": port, "window": window, "version": 5 if how == "five" else 4}
    broker = pc_link.broker(mqtt, {"drain_per_s": 0})
    link = pc_link.link(broker, pc_link.clock(), outbox, chance=lambda n: 0, fault=print)
    running = asyncio.create_task(link.run())
    while not link.up or link.session.in_flight:
        await asyncio.sleep_ms(5)
    head = b'{"v":1,"b":1,"s":1234,"ts":"2026-12-07T23:06:40Z","tq":3,"h":0,'
    body = b'"u_mv":230100,"x":"' + b"y" * (SIZE - len(head) - 21) + b'"}'

    def append(n):
        for i in range(n):
            outbox.append(TELEMETRY, SUFFIX, body, Stamp(pc_link.NOW + i, True, NTP, 5))

    async def drained():
        link.wake()
        while outbox.depth:
            await asyncio.sleep_ms(2)

    append(WARM)
    await drained()
    append(count)
    clocked = Clocked()
    clocked.start()
    await drained()
    clocked.stop()
    running.cancel()


def umqtt():
    """umqtt.simple as it comes."""
    sys.path.insert(0, sys.argv[5])
    from umqtt.simple import MQTTClient

    client = MQTTClient("umqtt", "127.0.0.1", port)
    client.connect()
    body = b"x" * SIZE
    clocked = Clocked()
    client.publish(TOPIC, body, False, 1)
    clocked.start()
    for _ in range(count):
        client.publish(TOPIC, body, False, 1)
    clocked.stop()
    client.disconnect()


if how in ("ours", "five"):
    asyncio.run(ours())
elif how == "bare":
    bare()
else:
    umqtt()
