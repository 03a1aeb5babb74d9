# select.poll over real file descriptors (console) and simulated ones (sockets, UARTs), in real or fast time.

import uselect
import utime
from _world import world

POLLIN = uselect.POLLIN
POLLOUT = uselect.POLLOUT
POLLERR = uselect.POLLERR
POLLHUP = uselect.POLLHUP

_MP_STREAM_POLL = 3
_STEP_US = 1000  # while a simulated part is listened to, time passes in steps as short as a byte takes
_ENDLESS = 1 << 50


class poll:
    def __init__(self):
        self._entries = {}  # id: [object, flags, one-shot done]
        self._native = uselect.poll()
        self._native.register(world.control, POLLIN)
        self._steps = False  # something simulated that time alone makes ready
        self._raw = {}  # id of the real object: entry

    def register(self, obj, flags=POLLIN | POLLOUT):
        self._entries[id(obj)] = [obj, flags]
        self._reckon()

    def unregister(self, obj):
        self._entries.pop(id(obj), None)
        self._reckon()

    def modify(self, obj, flags):
        if id(obj) not in self._entries:
            raise OSError(2)
        self._entries[id(obj)][1] = flags

    def _reckon(self):
        native = uselect.poll()
        native.register(world.control, POLLIN)
        raw = {}
        self._steps = False
        for entry in self._entries.values():
            obj = entry[0]
            real = getattr(obj, "real", None)  # a simulated socket over a real one
            if real is None and not hasattr(obj, "ioctl_in_time"):
                real = obj
            if real is None:
                self._steps = True
            else:
                try:
                    native.register(real, POLLIN)
                    raw[id(real)] = entry
                except OSError:
                    self._steps = True  # a closed one: its ioctl says so
        self._native = native
        self._raw = raw

    def _hits(self, real_ms):
        """What is ready; waits up to real_ms of real time for a descriptor first."""
        hits = []
        if not self._entries:
            if real_ms and self._native.poll(real_ms):
                world.receive()
            return hits
        ready = 0
        for obj, events in self._native.poll(real_ms):
            if obj is world.control:
                world.receive()
            else:
                ready |= 1
                entry = self._raw.get(id(obj))
                if entry is not None and entry[0] is obj and entry[1] & events:
                    hits.append((obj, events & (entry[1] | POLLERR | POLLHUP)))
        for entry in self._entries.values():
            obj = entry[0]
            if hasattr(obj, "ioctl_in_time"):
                events = obj.ioctl(_MP_STREAM_POLL, entry[1])
                if events:
                    hits.append((obj, events))
            elif entry[1] & POLLOUT and not any(hit[0] is obj for hit in hits):
                hits.append((obj, POLLOUT))  # the console always takes output
        return hits

    def poll(self, timeout=-1):
        world.pauses += 1
        if timeout is None:
            timeout = -1
        if world.fast:
            return self._poll_fast(timeout * 1000 if timeout >= 0 else _ENDLESS)
        end = utime.ticks_us() + (timeout * 1000 if timeout >= 0 else _ENDLESS)
        wait = 0
        while True:
            hits = self._hits(wait)
            world.due()
            left = end - utime.ticks_us()
            if hits or left <= 0:
                return hits
            if world.next_event is not None:
                left = min(left, max(0, world.next_event - utime.ticks_us()))
            if self._steps:
                left = min(left, _STEP_US * 2)
            wait = min((left + 999) // 1000, 60000)

    def _poll_fast(self, left):
        if not self._entries and left != _ENDLESS:
            world.leap(left)
            return []
        hits = self._hits(0)
        while not hits and left > 0:
            now = utime.ticks_ms()
            if world.peers and world.awaited > now:  # somebody outside may still answer: in real time
                hits = self._hits(1)
                if hits:
                    break
                continue
            step = min(left, _STEP_US if self._steps else 100000 if left == _ENDLESS else left)
            if left == _ENDLESS:
                hits = self._hits(1)
                world.leap(step)
                continue
            world.leap(step)
            left -= step
            hits = self._hits(0)
        return hits

    def ipoll(self, timeout=-1, flags=0):
        if world.fast and not self._entries and timeout > 0:
            world.pauses += 1
            world.leap(timeout * 1000)
            return ()
        return self.poll(timeout)


def select(rlist, wlist, xlist, timeout=-1):
    poller = poll()
    for obj in rlist:
        poller.register(obj, POLLIN)
    for obj in wlist:
        poller.register(obj, POLLOUT | (POLLIN if obj in rlist else 0))
    hits = poller.poll(-1 if timeout is None or timeout < 0 else int(timeout * 1000))
    return (
        [obj for obj, events in hits if events & ~POLLOUT and obj in rlist],
        [obj for obj, events in hits if events & POLLOUT and obj in wlist],
        [],
    )
