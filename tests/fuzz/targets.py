"""What is fuzzed: each target takes one case from a seed, and raises only if the firmware did what it must not.

Runs under CPython and MicroPython. A case is bounded by a budget of reads, so that an endless loop ends as Endless.
"""

import asyncio
import json
import os
import sys

here = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
for _folder in ("../../firmware", "../unit", "../powercut"):
    if here + "/" + _folder not in sys.path:
        sys.path.append(here + "/" + _folder)

import speaking  # noqa: E402
import wire  # noqa: E402
from ground import Seed  # noqa: E402
from lamppost.buses.wiring import Wiring  # noqa: E402
from lamppost.core.clock import Clock  # noqa: E402
from lamppost.core.faults import JournalFault, LinkFault, SensorFault, SettingsFault  # noqa: E402
from lamppost.core.stamp import Stamp  # noqa: E402
from lamppost.drivers import registry  # noqa: E402
from lamppost.journal.counters import Counters  # noqa: E402
from lamppost.journal.flash import Flash  # noqa: E402
from lamppost.journal.outbox import ALARM, CLEAR, EVENT, TELEMETRY, Entry, Outbox  # noqa: E402
from lamppost.link.mqtt import packets  # noqa: E402
from lamppost.link.time import ntp  # noqa: E402
from lamppost.ops import config_rules, config_store  # noqa: E402
from lamppost.ops.config_push import Push  # noqa: E402
from nor import Nor  # noqa: E402

LINK_WORDS = ["protocol", "version", "notallowed", "badlogin", "badclientid", "unavailable", "closed"]
SENSOR_WORDS = ("silent", "garbled", "refused", "foreign", "range", "signal", "warming", "unset")


class Wrong(Exception):
    """The firmware did what it must not."""


class Endless(Exception):
    """More was read than a case can need."""


def drawn(case):
    """The chance of one case: the same under every interpreter."""
    seed = Seed(case)
    for _ in range(4):
        seed.below(2)  # neighbours begin alike
    return seed


def spoil(seed, data, pieces):
    """`data` (a bytearray) with one thing changed: flipped, set, cut, doubled, or with a piece of another put in."""
    at = seed.below(len(data)) if data else 0
    how = seed.below(8)
    if not data or how == 0:
        return data + pieces[seed.below(len(pieces))]
    if how < 3:
        data[at] ^= 1 << seed.below(8)
    elif how == 3:
        data[at] = (0, 1, 127, 128, 255, seed.below(256))[seed.below(6)]
    elif how == 4:
        data = data[:at]
    elif how == 5:
        data = data[:at] + data[at + 1 + seed.below(4) :]
    elif how == 6:
        data = data[:at] + seed.bytes(1 + seed.below(6)) + data[at:]
    else:
        data = data[:at] + pieces[seed.below(len(pieces))] + data[at:]
    return data


class Sink:
    """What a session would be told; keeps no more than a count."""

    def __init__(self, room):
        self.room = room
        self.told = 0
        self.greetings = 0

    def connected(self, present, *found):
        self.greetings += 1

    def acknowledged(self, pid):
        self._count(pid)

    def refused(self, pid, fault):
        self._count(pid)
        if fault.word in ("protocol", "internal"):
            raise Wrong("a refusal with the word %s" % fault.word)

    def subscribed(self, pid, granted):
        self._count(pid)

    def ponged(self):
        self._count(1)

    def received(self, topic, body, qos, retained, pid):
        self._count(pid)
        if not topic or len(topic) + len(body) > self.room or qos not in (0, 1) or (qos and not pid):
            raise Wrong("received %r, %d bytes, QoS %r, id %r" % (topic, len(body), qos, pid))

    def too_long(self, qos, pid):
        self._count(pid)

    def _count(self, pid):
        self.told += 1
        if not 0 <= pid <= 65535:
            raise Wrong("packet id %r" % pid)
        if not self.greetings:
            raise Wrong("told of a packet before CONNACK")


class Wire:
    """Gives bytes, at most `each` at a time, and at most `patience` times."""

    def __init__(self, data, each):
        self._data = data
        self._at = 0
        self._each = each
        self._patience = len(data) + 8

    def read(self, buf, most):
        self._patience -= 1
        if self._patience < 0:
            raise Endless("the reader asks and asks")
        n = min(len(buf), most, len(self._data) - self._at, self._each)
        if n < 0:
            raise Wrong("asked for %d bytes" % most)
        buf[:n] = self._data[self._at : self._at + n]
        self._at += n
        return n


class Packets:
    """Streams of one to four packets that are spoiled, cut anywhere, into an MQTT reader."""

    def __init__(self, reader, connack, answers):
        self._reader = reader
        self.connack = connack
        self.good = answers

    def case(self, seed):
        """True if the stream was read to its end, False if the reader closed the link with a word."""
        good = self.good
        data = bytearray()
        for _ in range(1 + seed.below(4)):
            data += good[seed.below(len(good))]
        for _ in range(1 + seed.below(4)):
            data = spoil(seed, data, good)
        if seed.below(16):
            data = self.connack + data
        room = (64, 64, 128, 1024)[seed.below(4)]
        sink = Sink(room)
        reader = self._reader(sink, room)
        wire = Wire(bytes(data), 1 + seed.below(40))
        try:
            while reader.read(wire, 1 + seed.below(room)):
                pass
        except LinkFault as fault:
            if fault.word not in LINK_WORDS:
                raise Wrong("the word %s" % fault.word)
            return False
        finally:
            if len(reader.buf) != room or sink.greetings > 1 or sink.told > len(data):
                raise Wrong("a buffer of %d, %d greetings" % (len(reader.buf), sink.greetings))
        return True


def packets_3():
    return Packets(
        packets.Reader, b"\x20\x02\x00\x00",
        (
            b"\x40\x02\x00\x01", b"\xd0\x00", b"\x90\x03\x00\x07\x01", b"\x20\x02\x00\x00", b"\x20\x02\x01\x05",
            packets.publish(b"cmd/reset", [b"{}"], 1, False, 3), packets.publish(b"cmd/set", [b"q" * 90]),
            packets.publish(b"a", [b""], 1, True, 65535), packets.publish(b"cmd/long", [b"z" * 300], 1, False, 9),
            packets.publish(b"t" * 50, [b"b" * 20]), packets.subscribe(5, [b"x"]),
        ),
    )  # fmt: skip


def packets_5():
    from lamppost.link.mqtt import packets_v5

    LINK_WORDS.extend(packets_v5.REASON_WORDS)

    def own(first, body):
        return bytes((first,)) + packets.length(len(body)) + body

    return Packets(
        packets_v5.Reader, b"\x20\x03\x00\x00\x00",
        (
            b"\x40\x02\x00\x01", b"\xd0\x00", own(0x40, b"\x00\x01\x10"), own(0x40, b"\x00\x02\x97\x00"),
            own(0x40, b"\x00\x03\x80\x0a\x1f\x00\x07full up"), own(0x90, b"\x00\x07\x00\x01"),
            own(0x90, b"\x00\x07\x06\x1f\x00\x03no!\x87"), own(0xE0, b"\x8b"), own(0xE0, b""),
            own(0xE0, b"\x9d\x09\x1c\x00\x06there:"),
            own(0x20, b"\x00\x00\x14\x21\x00\x10\x22\x00\x0a\x27\x00\x00\x10\x00\x13\x00\x1e\x24\x01\x25\x00"),
            own(0x20, b"\x01\x00\x0b\x12\x00\x03abc\x26\x00\x00\x00\x00"), own(0x20, b"\x00\x87\x00"),
            packets.publish(b"cmd/reset", [b"\0" + b"{}"], 1, False, 3),
            packets.publish(b"cmd/set", [b"\0" + b"q" * 90]),
            own(0x32, b"\x00\x03a/b\x00\x05\x0e\x01\x01\x02\x00\x00\x00\x09\x26\x00\x01k\x00\x01vhello"),
            own(0x30, b"\x00\x01a\x03\x23\x00\x01x"), packets.publish(b"cmd/long", [b"\0" + b"z" * 300], 1, False, 9),
        ),
    )  # fmt: skip


class Budget(Nor):
    """A flash that ends a case which reads for ever."""

    left = 0

    def readblocks(self, block, buf, offset=0):
        self.left -= 1
        if self.left < 0:
            raise Endless("the journal reads and reads")
        Nor.readblocks(self, block, buf, offset)


class Journal:
    """Blocks of a journal at work, spoiled; it must recover, deliver what is whole, and take new records."""

    COUNTERS = 3
    OUTBOX = 6
    READS = 200000  # ten times what the longest case needs

    def __init__(self):
        self._images = [self._made(drawn(900 + n), n) for n in range(6)]

    def _made(self, seed, lives):
        """A flash as that many lives of a node leave it."""
        nor = Nor(self.COUNTERS + self.OUTBOX)
        for life in range(lives):
            counters, outbox = self._open(nor)
            for n in range((4, 20, 60, 90)[seed.below(4)]):
                known = life % 2 == 1 or n > 20
                stamp = Stamp(800000000 + n if known else n, known, 3 if known else 0, 5)
                kind = (TELEMETRY, TELEMETRY, TELEMETRY, EVENT, ALARM, CLEAR)[seed.below(6)]
                body = b"" if kind == CLEAR else b'"x":"' + b"y" * seed.below(300) + b'"}'
                outbox.append(kind, (b"tele/energy", b"alarm/supplyLoss")[kind in (ALARM, CLEAR)], body, stamp)
                counters.imp_mwh += 1000
                counters.changed()
                counters.checkpoint(True)
            entry = Entry()
            for _ in range(seed.below(60)):
                if not outbox.take(entry):
                    break
                outbox.acknowledge(entry)
        return nor.snapshot()

    def _open(self, nor):
        flash = Flash(nor)
        outbox = Outbox(flash.region(self.COUNTERS))
        clock = Clock(lambda: 0, lambda late, early: late - early)
        counters = Counters(flash.region(0, self.COUNTERS), clock, True, outbox.newest)
        outbox.begin(counters.boot)
        return counters, outbox

    def case(self, seed):
        """True if it recovered, False if the journal is foreign or worn out, and says so."""
        image = [bytes(block) for block in self._images[seed.below(len(self._images))]]
        for _ in range(1 + seed.below(5)):
            self._spoil(seed, image)
        nor = Budget(image=image)
        nor.left = self.READS
        try:
            counters, outbox = self._open(nor)
            while not outbox.counted:
                outbox.count()
            known = outbox.depth
            sent = self._deliver(outbox)
            if sent > known:
                raise Wrong("%d records out of %d" % (sent, known))
            for n in range(seed.below(40)):
                kind, body = (TELEMETRY, ALARM, EVENT)[seed.below(3)], b"z" * seed.below(400)
                try:
                    outbox.append(kind, b"x", body, Stamp(n, False, 0, 0))
                except JournalFault as fault:
                    if fault.word != "full" or kind == TELEMETRY:
                        raise
            self._deliver(outbox)
            if outbox.depth:
                raise Wrong("%d records stay inside" % outbox.depth)
            counters.imp_mwh += 1
            counters.changed()
            counters.checkpoint(True)
        except JournalFault as fault:
            if fault.word not in ("foreign", "worn"):
                raise Wrong("the word %s" % fault.word)
            return False
        return True

    def _deliver(self, outbox):
        entry = Entry()
        buf = bytearray(1200)
        sent = 0
        while outbox.take(entry):
            try:
                outbox.load(entry, buf, 0)
            except JournalFault as fault:
                if fault.word not in ("damaged", "dropped"):
                    raise Wrong("the word %s" % fault.word)
            else:
                outbox.acknowledge(entry)
            sent += 1
            if sent > 5000:
                raise Endless("records without end")
        return sent

    def _spoil(self, seed, image):
        """One thing wrong with a block; only what clears bits leaves a flash on which a program may still be right."""
        at = seed.below(len(image))
        block = bytearray(image[at])
        how = seed.below(9)
        place = seed.below(len(block)) if seed.below(2) else seed.below(300)
        if how == 0:
            block[place] ^= 1 << seed.below(8)
        elif how == 1:
            block[place] &= seed.below(256)
        elif how == 2:
            size = min(1 + seed.below(400), len(block) - place)
            block[place : place + size] = bytes([b & seed.below(256) for b in block[place : place + size]])
        elif how == 3:
            size = min(1 + seed.below(400), len(block) - place)
            block[place : place + size] = seed.bytes(size)
        elif how == 4:
            block = bytearray(image[seed.below(len(image))])
        elif how == 5:
            block[place:] = b"\xff" * (len(block) - place)
        elif how == 6:
            block[:place] = b"\xff" * place
        elif how == 7:
            block = bytearray(len(block))
        else:
            block[seed.below(41)] = seed.below(256)
        image[at] = bytes(block)


_MARKS = [  # of frames, and beginnings of refusals
    b"\x59\x59", b"\x7e", b"\x7d\x5e", b"\xff\x06", b"\x55\x5a", b"\x55", b"\xaa\xc0", b"\xaa\xc5", b"BM",
    b"\xf4\xf3\xf2\xf1", b"\x01\x84\x02",
]  # fmt: skip


def load(parts):
    """Let their decoders import what they need, before anybody counts the memory that the cases take."""
    for part in parts:
        for data in (speaking.example(part), bytes(80)):
            try:
                registry.decode(part, data)
            except SensorFault:
                pass


class Frames:
    """Answers of a part, or of all of them, spoiled, into the decoder: a reading, or a SensorFault with a known word.

    One case in eight is noise and then two good frames, of a part on a line: the reading is that of the frame.
    """

    def __init__(self, part_id=None):
        self.good = [(name, speaking.captures(name)) for name in ([part_id] if part_id else speaking.parts())]
        self._pieces = [data for _, found in self.good for data in found] + _MARKS
        self._lines = [part for part, _ in self.good if speaking.on_a_line(part)]
        load(part for part, _ in self.good)

    def case(self, seed):
        if self._lines and seed.below(8) == 0:
            return self._in_step(seed, self._lines[seed.below(len(self._lines))])
        part, good = self.good[seed.below(len(self.good))]
        data = bytearray(good[seed.below(len(good))])
        for _ in range(1 + seed.below(4)):
            data = spoil(seed, data, self._pieces)
        try:
            reading = registry.decode(part, bytes(data[:512]))
        except SensorFault as fault:
            if fault.word not in SENSOR_WORDS:
                raise Wrong("the word %s" % fault.word)
            return False
        for name, value in reading.items():
            if not isinstance(value, int) and value is not None:
                raise Wrong("%s is %r" % (name, value))
        return True

    @staticmethod
    def _in_step(seed, part):
        good = speaking.example(part)
        noise = seed.bytes(seed.below(60))
        reading = registry.decode(part, noise + good + good)
        if reading != registry.decode(part, good):
            raise Wrong("%s after the noise %r: %r" % (part, noise, reading))
        return True


class Strides(wire.Time):
    """Whoever polls a line finds that a stride of time has passed: a case of seconds takes few turns."""

    async def sleep_ms(self, milliseconds):
        await wire.Time.sleep_ms(self, max(20, milliseconds))


class Lines:
    """Noise and spoiled answers on the line, in pieces, while a part is read through its bus.

    Each read ends in time; when the line is clean again, the second good answer is read at the latest.
    """

    _BOARD = {
        "uart": {"kind": "uart", "uart": 2, "tx": 25, "rx": 26},
        "rs485": {"kind": "rs485", "uart": 2, "tx": 25, "rx": 26},
    }
    _OPTIONS = {part: {"warm_s": 0} for part in ("sps30", "pms5003", "pms5003t", "pms3003", "sds011")}
    _QUESTIONS = {"sdm120": 3, "sdm630": 5, "ddsu666": 4, "sds011": 3, "sps30": 5}  # in one read, at most; of others 1
    _WIRE_MS = 700  # of a question and its answer, and of listening into the void

    def __init__(self, part_id=None):
        self._parts = [part_id] if part_id else [part for part in speaking.parts() if speaking.on_a_line(part)]
        load(self._parts)
        if not hasattr(asyncio, "sleep_ms"):
            asyncio.sleep_ms = asyncio.sleep  # CPython has none; the machine's own stands in for it while it runs

    def case(self, seed):
        part_id = self._parts[seed.below(len(self._parts))]
        clean = [False]

        def answer(request, setting=None):
            good = speaking.reply(part_id, request)
            if clean[0]:
                return [(10, good)]
            pieces = []
            for n in range(seed.below(4)):
                data = bytearray(good)
                for _ in range(seed.below(3)):
                    data = spoil(seed, data, _MARKS)
                pieces.append((n * 7 + seed.below(40), bytes(data[:256])))
            return pieces

        machine = wire.Machine(answer)
        machine.time = Strides()
        kind = "rs485" if part_id in ("sdm120", "sdm630", "ddsu666") else "uart"
        bus = Wiring(self._BOARD, machine, machine.time).bus(kind)
        part = registry.build(part_id, bus, self._OPTIONS.get(part_id, {}))
        self._read(part_id, part, machine, lambda: None)
        whole = False
        for _ in range(1 + seed.below(3)):
            whole |= self._read(part_id, part, machine, lambda: answer(b""))
        clean[0] = True
        if not any(self._read(part_id, part, machine, lambda: answer(b"")) for _ in range(2)):
            raise Wrong("%s is not read again on a clean line" % part_id)
        return whole

    def _read(self, part_id, part, machine, unasked):
        """True for a reading; unasked() -- what comes by itself meanwhile."""
        if machine.uarts:
            machine.uarts[-1].feed(unasked() or [])
        before = machine.time.now
        good = True
        try:
            machine.time.run(part.read())
        except SensorFault as fault:
            good = False
            if fault.word not in SENSOR_WORDS:
                raise Wrong("the word %s" % fault.word)
        took = machine.time.now - before
        if took > self._QUESTIONS.get(part_id, 1) * (part.timeout.longest_ms + self._WIRE_MS):
            raise Endless("a read of %d ms" % took)
        machine.time.now += 1000
        return good


class Time:
    """Answers of a time server, spoiled; what is believed lies between 2025 and 2060."""

    def __init__(self):
        answer = bytearray(48)
        answer[0], answer[1], answer[2] = 0x24, 1, 6
        answer[24:32] = b"lamppost"
        answer[40:44] = (3976214400).to_bytes(4, "big")  # 2026-01-01
        self.good = bytes(answer)
        self._pieces = [self.good, b"\xff\xff\xff\xff", b"\0\0\0\0"]

    def case(self, seed):
        data = bytearray(self.good)
        for _ in range(1 + seed.below(4)):
            data = spoil(seed, data, self._pieces)
            if seed.below(3) == 0 and len(data) >= 44:
                data[40:44] = seed.bytes(4)
        try:
            s, ms, tu_ms = ntp.decode(memoryview(bytes(data[:68])), b"lamppost", seed.below(2500))
        except LinkFault as fault:
            if fault.word not in ("protocol", "timeout"):
                raise Wrong("the word %s" % fault.word)
            return False
        if not 788918400 <= s < 1893456004 or not 0 <= ms < 1000 or not 0 < tu_ms < 100000000:
            raise Wrong("%r %r %r" % (s, ms, tu_ms))
        return True


class Documents:
    """Configurations with members of the wrong kind, missing or in the wrong place, into settings.check."""

    DOCUMENT = (
        '{"v":1,"site":"lisbon","node":"lp-0042","asset":"LP-0042","location":{"lat":38.72,"lon":-9.14},'
        '"wifi":{"ssid":"s","password":"p"},"mqtt":{"host":"h","port":1883,"user":"u","password":"w","keepalive_s":60,'
        '"window":8},"time":{"servers":["a"]},"parts":[{"id":"meter","part":"pzem004t","bus":"meter","address":1},'
        '{"id":"bay-1","part":"tfmini","bus":"parking"}],"energy":{"part":"meter","window_s":900,"every_ms":1000},'
        '"parking":[{"bay":"1","part":"bay-1","empty_mm":3200}],"air":{"parts":["dust"],"window_s":600}}'
    )
    _VALUES = (
        "null", "true", "0", "-1", "1.5", '""', '"x"', "[]", "{}", "[[]]", "[null]", '{"a":null}', "1099511627776",
    )  # fmt: skip

    def case(self, seed):
        try:
            config_store.check(self.spoilt(seed))
        except SettingsFault as fault:
            if fault.word != "invalid":
                raise Wrong("the word %s" % fault.word)
            return False
        return True

    @classmethod
    def spoilt(cls, seed):
        doc = json.loads(cls.DOCUMENT)
        for _ in range(1 + seed.below(4)):
            doc = cls._spoil(seed, doc)
        return doc

    @classmethod
    def _spoil(cls, seed, value):
        """`value` with one of its members, at any depth, dropped or replaced."""
        if not isinstance(value, (dict, list)) or not value or seed.below(12) == 0:
            return json.loads(cls._VALUES[seed.below(len(cls._VALUES))])
        # sorted, as MicroPython keeps the members of an object in no order
        keys = sorted(value) if isinstance(value, dict) else list(range(len(value)))
        key = keys[seed.below(len(keys))]
        if seed.below(6) == 0:
            del value[key]
        else:
            value[key] = cls._spoil(seed, value[key])
        return value


class Files:
    """/config.json with its bytes spoiled, into settings.load: the configuration, or a word."""

    def __init__(self):
        self._root = (os.getenv("FUZZ_FOLDER") or ".") + "/"
        good = Documents.DOCUMENT.encode()
        self.good = good
        self._pieces = [b"[", b"{", b'"', b"\\", b"null", b"\\ud800", b"\xff", b"1e999", b"\0", b"[" * 300, good[40:90]]

    def case(self, seed):
        data = bytearray(self.good)
        if seed.below(3) == 0:
            data = bytearray(json.dumps(Documents.spoilt(seed)).encode())
        for _ in range(seed.below(3)):
            data = spoil(seed, data, self._pieces)
        with open(self._root + "config.json", "wb") as file:
            file.write(data)
        try:
            config_store.load(self._root)
        except SettingsFault as fault:
            if fault.word not in ("unreadable", "invalid"):
                raise Wrong("the word %s" % fault.word)
            return False
        return True


def messages_of_commands():
    import command_targets  # which needs this module

    return command_targets.Messages()


def sequences_of_commands():
    import command_targets

    return command_targets.Sequences()


def releases():
    import update_targets

    return update_targets.Releases()


class Pushes:
    """Messages on cfg/desired, documents and patches of any kind, bytes spoiled: errors, or a configuration."""

    def __init__(self):
        self._running = Documents.DOCUMENT.replace('"air":{"parts":["dust"],', '"air":{"parts":["meter"],').encode()
        self._doc = json.loads(self._running)
        self._pieces = [b"[", b"{", b'"', b"\\", b"null", b",", b":", b"\\ud800", b"\xff", b"1e999", b"\0", b"[" * 300]

    def _driver(self, part):
        if part not in ("pzem004t", "tfmini"):
            raise SensorFault("foreign", part)

    def case(self, seed):
        whole = seed.below(2)
        doc = Documents.spoilt(seed)
        if isinstance(doc, dict) and seed.below(2):
            doc.pop("air", None)  # it names a part that is not there
        message = {"id": "p", "minutes": 1 + seed.below(250), "config" if whole else "patch": doc}
        if not whole:
            message["from"] = "f1"
        data = bytearray(json.dumps(message).encode())
        for _ in range(seed.below(3)):
            data = spoil(seed, data, self._pieces)
        push = Push(bytes(data), self._running, "f1", seed.below(2) == 0)
        if push.errors:
            return False
        doc = json.loads(push.data)
        faults = config_rules.faults(doc, self._doc, {"buses": {"meter": {}, "parking": {}}}, self._driver)
        for key, cause in faults:
            if not key or not isinstance(key, str) or not isinstance(cause, str):
                raise Wrong("a fault without a key: %r %r" % (key, cause))
        if not faults:
            config_store.fingerprint(config_store.check(doc), push.data)  # what has no fault, the node can start with
        return not faults


def dali():
    import dali_targets

    return dali_targets.Dali()


# name: (what makes it, share of the cases that are asked for, in thousandths)
TARGETS = {
    "mqtt": (packets_3, 1000),
    "mqtt5": (packets_5, 500),
    "journal": (Journal, 20),
    "frames": (Frames, 200),
    "lines": (Lines, 10),
    "sntp": (Time, 100),
    "documents": (Documents, 100),
    "pushes": (Pushes, 50),
    "files": (Files, 5),
    "releases": (releases, 50),
    "commands": (messages_of_commands, 20),
    "sequences": (sequences_of_commands, 10),
    "dali": (dali, 100),
}
# a million frames of the parts besides, each on its own
PARTS = speaking.parts()
TARGETS.update({part: (lambda part=part: Frames(part), 33) for part in PARTS})
