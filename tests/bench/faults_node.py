"""A node that samples every 10 ms and publishes, in real MicroPython: `faults_node.py JSON` -> JSON lines.

{"how": "ours|umqtt|chumicro", "port":, "count": readings, "first": number of the first, "id": packet id to start from,
"flash": file, "folder": where a client from PyPI lies, "room": readings that a RAM queue holds}

Reading n is told by imp_mwh = 1000000 + n. {"taken": n} is said when all are taken; it goes on until its input ends.
"""

import asyncio
import gc
import json
import sys
import time
from array import array

here = __file__.rsplit("/", 1)[0]
sys.path[:0] = [here + "/../../firmware", here + "/../interop"]

asked = json.loads(sys.argv[1])
port, count, first, folder = asked["port"], asked["count"], asked["first"], asked["folder"]
EVERY_MS = 10
KEEPALIVE_S = 2
_MOST = 1000  # ms, and all above
TOPIC = b"lamppost/v1/lisbon/lp-0042/tele/energy"


def tell(**what):
    print(json.dumps(what))


def body_of(n):
    return b'"imp_mwh":%d,"fill":"%s"}' % (1000000 + n, b"x" * 100)


class Delays:
    """How late the loop came around: one number a turn, in ms; and what kept it longest."""

    def __init__(self):
        self._late = array("H", [0] * (_MOST + 1))
        self._turns = 0
        self.worst = 0
        self._cause = None
        self._last = time.ticks_us()
        self._waited = self._schedule()

    def _schedule(self):
        """ns that this process waited for a processor which others had; None where nobody says."""
        try:
            with open("/proc/self/schedstat") as file:
                return int(file.read().split()[1])
        except OSError:
            return None

    def turn(self, planned_ms):
        now = time.ticks_us()
        late = max(0, time.ticks_diff(now, self._last) // 1000 - planned_ms)
        self._late[min(late, _MOST)] += 1
        self._turns += 1
        if late > self.worst:
            self.worst = late
            if late >= 5:
                waited = self._schedule()
                if waited is not None:
                    # since this was looked at last: an upper bound for the machine's share
                    self._cause = min(late, (waited - self._waited) // 1000000)
        if self._turns % 20 == 0:
            self._waited = self._schedule()
        self._last = time.ticks_us()

    def figures(self):
        left = self._turns // 1000
        at = _MOST
        while at and left >= self._late[at]:
            left -= self._late[at]
            at -= 1
        return {"p999_ms": at, "worst_ms": self.worst, "machine_ms": self._cause, "turns": self._turns}


class Readings:
    """What a sensor offers: reading n is there from n * 10 ms on, and for 50 ms, as in the buffer of a UART."""

    _KEPT = 5

    def __init__(self):
        self.next = first
        self.missed = 0
        self._started = time.ticks_ms()

    def due(self):
        """The number of the oldest reading that is there now, or None; those that nobody took in time are missed."""
        newest = first + time.ticks_diff(time.ticks_ms(), self._started) // EVERY_MS
        if self.over or newest < self.next:
            return None
        lost = min(newest - self._KEPT, first + count - 1) - self.next + 1
        if lost > 0:
            self.missed += lost
            self.next += lost
            if self.over:
                return None
        self.next += 1
        return self.next - 1

    @property
    def over(self):
        return self.next >= first + count


class File:
    """esp32.Partition on a file: what is written survives this process."""

    def __init__(self, path, blocks=64):
        import ram_journal

        try:
            open(path, "rb").close()
        except OSError:
            with open(path, "wb") as file:
                for _ in range(blocks):
                    file.write(b"\xff" * 4096)
        self._partition = ram_journal.Partition(1)
        self._partition._blocks = blocks
        self._partition._flash = open(path, "r+b", 0)
        self.ioctl = self._partition.ioctl
        self.readblocks = self._partition.readblocks
        self.writeblocks = self._partition.writeblocks


async def ours():
    import pc_link
    from lamppost.journal.flash import Flash
    from lamppost.journal.outbox import TELEMETRY, Outbox

    clock = pc_link.clock()
    outbox = Outbox(Flash(File(asked["flash"])))
    outbox.begin(outbox.newest + 1)
    mqtt = {"host": "127.0.0.1", "port": port, "window": 16, "keepalive_s": KEEPALIVE_S}
    link = pc_link.link(pc_link.broker(mqtt, {"drain_per_s": 0, "retry_max_ms": 2000}), clock, outbox)
    link.session.last_id = asked["id"]
    asyncio.create_task(link.run())
    readings = Readings()
    delays = Delays()

    async def watch():
        while True:
            await asyncio.sleep_ms(5)
            delays.turn(5)

    watching = asyncio.create_task(watch())
    while not readings.over:
        while True:
            n = readings.due()
            if n is None:
                break
            outbox.append(TELEMETRY, b"tele/energy", body_of(n), clock.stamp())
            link.wake()
        await asyncio.sleep_ms(1)
    tell(taken=count - readings.missed, missed=readings.missed, shed=outbox.dropped, depth=outbox.depth)
    while outbox.depth:
        await asyncio.sleep_ms(10)
    watching.cancel()
    tell(drained=True, connections=link.connections, next_id=link.session.last_id, **delays.figures())
    await asyncio.sleep(3600)


class Kept:
    """Readings that wait in RAM: the newest are shed when there is no room, so that the order stays."""

    def __init__(self):
        self.waiting = []
        self.shed = 0
        self.told = False
        self._readings = Readings()

    def take_all(self, flying=()):
        """Those that are there now; when all are taken, that is told."""
        while True:
            n = self._readings.due()
            if n is None:
                break
            if len(self.waiting) >= asked["room"]:
                self.shed += 1
            else:
                self.waiting.append(n)
        if self._readings.over and not self.told:
            self.told = True
            missed = self._readings.missed
            tell(taken=count - missed - self.shed, missed=missed, shed=self.shed, depth=len(self.waiting) + len(flying))


def head(n):
    return b'{"v":1,"b":1,"s":%d,"ts":"2026-12-07T23:06:40Z","tq":3,"h":0,' % n + body_of(n)


def umqtt():
    """umqtt.simple with what it needs to live: TCP_NODELAY, a socket time-out, a new connection when one is lost."""
    sys.path.insert(0, folder)
    from umqtt.simple import MQTTClient

    client = MQTTClient("umqtt-%d" % first, "127.0.0.1", port, keepalive=KEEPALIVE_S)
    client.pid = asked["id"]
    stands = False
    retry = time.ticks_ms()
    kept, delays = Kept(), Delays()
    while True:
        kept.take_all()
        try:
            if not stands and time.ticks_diff(time.ticks_ms(), retry) >= 0:
                retry = time.ticks_add(time.ticks_ms(), 1000)
                client.connect()
                timed(client.sock)
                stands = True
            if stands and kept.waiting:
                client.publish(TOPIC, head(kept.waiting[0]), False, 1)
                kept.waiting.pop(0)
        except Exception as error:  # whatever it is, a careful application connects anew
            if stands:
                tell(trouble=repr(error))
            stands = False
            try:
                client.sock.close()
            except (OSError, AttributeError):
                pass
        if kept.told and not kept.waiting:
            break
        if not kept.waiting or not stands:
            time.sleep_ms(1)
        delays.turn(1)
    tell(drained=True, next_id=client.pid, **delays.figures())
    time.sleep(3600)


def timed(sock):
    sock.setsockopt(6, 1, 1)
    sock.settimeout(2)


def chumicro():
    """chumicro-mqtt: what was in flight when a connection died is offered again; a tick is 1 ms, or at once if busy."""
    sys.path.insert(0, folder)
    from chumicro_mqtt import MQTTBackpressureError, MQTTClient
    from chumicro_sockets.sockets_factory import fixed_connector_factory

    kept, delays = Kept(), Delays()
    flying = []

    def published(topic, payload):
        for i in range(len(flying)):
            if flying[i][1] is payload or flying[i][1] == payload:
                flying.pop(i)
                return

    def lost():
        kept.waiting[:0] = [n for n, _ in flying]
        flying.clear()

    client = MQTTClient(
        transport_factory=fixed_connector_factory("127.0.0.1", port), client_id="chumicro-%d" % first,
        keep_alive_seconds=KEEPALIVE_S, ack_timeout_seconds=2.0, when_disconnected="raise", max_tx_queue_size=32,
    )  # fmt: skip
    client._next_packet_id = max(1, asked["id"])
    client.on_publish = published
    client.on_disconnect = lost
    client.on_connect = lambda: client.io_socket.sock.setsockopt(6, 1, 1)
    client.connect()
    while True:
        kept.take_all(flying)
        busy = False
        try:
            if client.state == "connected" and kept.waiting and len(flying) < 16:
                payload = head(kept.waiting[0])
                flying.append((kept.waiting.pop(0), payload))
                try:
                    client.publish(TOPIC.decode(), payload, qos=1)
                    busy = True
                except MQTTBackpressureError:
                    kept.waiting.insert(0, flying.pop()[0])
            client.handle(time.ticks_ms())
        except Exception as error:  # whatever it is, a careful application goes on
            tell(trouble=repr(error))
        if kept.told and not kept.waiting and not flying:
            break
        if not busy:
            time.sleep_ms(1)
        delays.turn(0 if busy else 1)
    tell(drained=True, next_id=client._next_packet_id, **delays.figures())
    time.sleep(3600)


gc.collect()
if asked["how"] == "ours":
    asyncio.run(ours())
elif asked["how"] == "umqtt":
    umqtt()
else:
    chumicro()
