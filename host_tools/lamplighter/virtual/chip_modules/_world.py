# What the simulated chip knows of the world outside: its time, and the supervisor at the end of the control line.

import gc
import json

import uos
import uselect
import utime

_POLLIN = 1
_AHEAD_MS = 100_000_000  # fast time starts ahead of the real clock, which asyncio's C task queue also reads
_KEEP_US = 1000000  # how often the world's time is noted for the supervisor
_BUSY = 3000  # this many looks at the clock without a wait between them: a busy loop, time must move on


class World:
    def __init__(self, facts):
        self.facts = facts
        self.fast = facts["fast"]
        self.speed = facts.get("speed") or 0
        self.control = open(facts["control"], "r+b", 0)
        self._lines = b""
        self._native = uselect.poll()
        self._native.register(self.control, _POLLIN)
        self.keep = open(facts["keep"], "r+b", 0)  # world time, for the supervisor, should the plug be pulled
        self._kept = 0
        self._now = utime.ticks_us() + (_AHEAD_MS * 1000 if self.fast else 0)
        self._looks = 0
        self._quiet_until = 0
        self._to_world = facts["world_us"] - self._now  # ticks -> microseconds since this world began
        self._heard = utime.ticks_ms()
        self._leaps = 0
        self.events = []  # [due_us, function]: timers, watchdog, recorded series; due in ticks
        self.next_event = None
        self.handlers = {}  # first word of a message: function
        self.awaited = 0  # real ms until which a peer outside may still answer what was sent to it
        self.peers = True  # False: nobody outside can answer
        self._alarm = None
        self._weight = 0
        self.pauses = 0  # how often the program slept or waited

    # time

    def us(self):
        """Ticks in microseconds."""
        if not self.fast:
            return utime.ticks_us()
        self._looks += 1
        if self._looks > _BUSY:
            self._set_now(self._now + 100)
        return self._now

    def ms(self):
        """Ticks in milliseconds, in fast time."""
        self._looks += 1
        if self._looks > _BUSY:
            self._set_now(self._now + 100)
        return self._now // 1000

    def world_us(self):
        """Microseconds since this world began; goes on while the power is off."""
        return self.us() + self._to_world

    def _set_now(self, now):
        self._now = now
        world = now + self._to_world
        if world - self._kept >= _KEEP_US:
            self._kept = world
            self.keep.seek(0)
            self.keep.write(world.to_bytes(8, "little"))

    def at(self, due_us, function, rings=True):
        """Call function once ticks reach due_us; returns the event. rings -- also while the REPL waits."""
        event = [due_us, function, rings]
        self.events.append(event)
        self.reckon()
        return event

    def cancel(self, event):
        if event in self.events:
            self.events.remove(event)
            self.reckon()

    def reckon(self):
        """An event came, went or moved."""
        self.next_event = min(e[0] for e in self.events) if self.events else None
        self._quiet_until = 0
        # the REPL waits in C and does not look at our events: the supervisor rings when one is due
        rings = [e[0] for e in self.events if e[2]]
        if rings and (self._alarm is None or min(rings) < self._alarm):
            self._alarm = min(rings)
            self.say("alarm %d" % max(1, (self._alarm - self.us()) // 1000))

    def due(self):
        """Run what is due."""
        while self.next_event is not None and self.next_event <= (self._now if self.fast else utime.ticks_us()):
            event = min(self.events, key=lambda e: e[0])
            self.events.remove(event)
            self.reckon()
            event[1]()

    def ring(self, _):
        """The supervisor's alarm: runs between byte codes, or while the REPL waits."""
        if self.fast:
            idle = utime.ticks_diff(utime.ticks_ms(), self._heard)
            if idle > 100:  # nobody waited in virtual time: the REPL does, in real time
                self._set_now(self._now + idle * 1000)
        self._heard = utime.ticks_ms()
        self._alarm = None
        self.receive()
        self.due()
        self.reckon()

    def leap(self, us):
        """Fast time: `us` microseconds pass, with everything that happens in them."""
        self._looks = 0
        target = self._now + us
        self._leaps += 1
        if self._leaps & 63 and target < self._quiet_until:
            self._now = target
            return
        if not self._leaps & 63:
            self._heard = utime.ticks_ms()
            self.receive()
        while self.next_event is not None and self.next_event <= target:
            if self.next_event > self._now:
                self._pace(self.next_event - self._now)
                self._set_now(self.next_event)
            self.due()
        if target > self._now:
            self._pace(target - self._now)
            self._set_now(target)
        # until then a leap is nothing but an addition
        self._quiet_until = 0 if self.speed else self._kept + _KEEP_US - self._to_world
        if self.next_event is not None:
            self._quiet_until = min(self._quiet_until, self.next_event)

    def _pace(self, us):
        if self.speed:
            self._native.poll(int(us / 1000 / self.speed))
            self.receive()

    def sleep_us(self, us):
        self.pauses += 1
        if self.fast:
            self.leap(us)
            return
        end = utime.ticks_us() + us
        while True:
            self.receive()
            self.due()
            left = end - utime.ticks_us()
            if left <= 0:
                return
            if self.next_event is not None:
                left = min(left, max(0, self.next_event - utime.ticks_us()))
            if left < 2000:
                utime.sleep_us(left)
            else:
                self._native.poll(left // 1000)

    def weigh(self):
        """Tell the supervisor of the most bytes that were ever live at once, where it asked for that."""
        if self.facts.get("weigh"):
            gc.collect()
            if gc.mem_alloc() > self._weight:
                self._weight = gc.mem_alloc()
                self.say("weight %d" % self._weight)

    # the control line

    def say(self, text):
        self.control.write(text + "\n")

    def receive(self):
        """Take the supervisor's messages, one JSON list a line: [word, argument...]."""
        while self._native.poll(0):
            data = self.control.read(4096)
            if data is None:
                return
            if not data:
                raise SystemExit  # the supervisor is gone: nobody is left to be a lamppost for
            self._lines += data
            while b"\n" in self._lines:
                line, self._lines = self._lines.split(b"\n", 1)
                message = json.loads(line)
                handler = self.handlers.get(message[0])
                if handler:
                    handler(*message[1:])

    def wait_for_message(self):
        self._native.poll(-1)
        self.receive()

    def end(self, text):
        """Say why this run of the chip ends, and wait for the end."""
        self.say("%s %d" % (text, self.world_us()))
        while True:
            self.control.read(1)
            utime.sleep_ms(1)


def _read_facts():
    with open(uos.getenv("LAMPPOST_WORLD")) as file:
        return json.load(file)


world = World(_read_facts())
