"""Sets the clock from time servers (RFC 5905, SNTP client), and again every few hours.

An answer is believed only if it can be true, and if servers agree or one alone is plausible (consensus.py).
"""

import asyncio

from micropython import const

from ...core.clock import NTP
from ...core.faults import LinkFault
from ..tcp import Ready
from .consensus import Answer, Jury

_PORT = const(123)
_TIMEOUT_MS = const(3000)
_ROUND_TRIP_MS = const(2000)  # beyond this the answer says too little
_NTP_2000 = 3155673600  # seconds from 1900, the beginning of NTP's era 0, to 2000
_ERA = 4294967296
_EARLIEST = 788918400  # 2025-01-01 in seconds since 2000: before this firmware was written
_LATEST = 1893456000  # 2060-01-01

_AGAIN_S = const(14400)
_FIRST_RETRY_S = const(2)
_LAST_RETRY_S = const(300)
_DOUBT_S = const(900)  # pause while a server gives a time that is not believed yet


def _u32(buf, at):
    return int.from_bytes(bytes(buf[at : at + 4]), "big")


def _short_ms(buf, at):
    """NTP short format (16.16 seconds) in ms."""
    return _u32(buf, at) * 1000 >> 16


def decode(reply, nonce, round_trip_ms):
    """A server's reply -> (seconds since 2000, ms, uncertainty in ms), as of its arrival.

    nonce -- the 8 bytes that were sent as our transmit time, which the server must give back.
    Raises LinkFault("protocol", what is wrong).
    """
    if len(reply) < 48:
        raise LinkFault("protocol", "time: %d bytes" % len(reply))
    if reply[0] & 7 != 4 or not 3 <= reply[0] >> 3 & 7 <= 4:
        raise LinkFault("protocol", "time: not a server's answer")
    if bytes(reply[24:32]) != nonce:
        raise LinkFault("protocol", "time: an answer to another request")
    if not 1 <= reply[1] <= 15:
        # stratum 0 is the server's way to say "go away"
        raise LinkFault("protocol", "time: stratum %d" % reply[1])
    if reply[0] >> 6 == 3:
        raise LinkFault("protocol", "time: the server is not synchronised")
    if round_trip_ms > _ROUND_TRIP_MS:
        raise LinkFault("timeout", "time: answer after %d ms" % round_trip_ms)
    seconds = _u32(reply, 40)
    if not seconds and not _u32(reply, 44):
        # no time only if both are zero: 2036-02-07T06:28:16Z has seconds 0 too
        raise LinkFault("protocol", "time: the answer holds no time")
    if seconds < 0x80000000:
        seconds += _ERA  # era 1 begins on 2036-02-07
    seconds -= _NTP_2000
    if not _EARLIEST <= seconds < _LATEST:
        raise LinkFault("protocol", "time: not between 2025 and 2060")
    ms = (_u32(reply, 44) * 1000 >> 32) + round_trip_ms // 2
    tu_ms = round_trip_ms // 2 + 1 + _short_ms(reply, 4) // 2 + _short_ms(reply, 8)
    return seconds + ms // 1000, ms % 1000, tu_ms


async def ask(socket, server, ticks_ms, ticks_diff, random, port=_PORT, timeout_ms=_TIMEOUT_MS):
    """Ask one server -> (seconds since 2000, ms, uncertainty in ms). LinkFault: nodns, timeout, protocol.

    random(n) -- an integer below n; the nonce is made of it
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(server, port, 0, socket.SOCK_DGRAM)[0]
    except (OSError, IndexError) as error:
        raise LinkFault("nodns", "%s: %s" % (server, error))
    nonce = bytes([random(256) for _ in range(8)])
    request = bytearray(48)
    request[0] = 0x23  # version 4, client
    request[40:48] = nonce
    reply = bytearray(68)
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.connect(address)  # so that nobody else's packets are seen
        asked = ticks_ms()
        sock.write(request)
        if not await Ready(sock).within(timeout_ms):
            raise LinkFault("timeout", "%s does not answer" % server)
        n = sock.readinto(reply)
        round_trip_ms = ticks_diff(ticks_ms(), asked)
    except OSError as error:
        raise LinkFault("timeout", "%s: errno %s" % (server, error.errno))
    finally:
        sock.close()
    return decode(memoryview(reply)[: n or 0], nonce, round_trip_ms)


class Timekeeper:
    """Runs beside the link, for ever.

    network_up() -> bool; report(fault) -- each failure
    on_set(before) -- the clock was set and the outbox has been told; before: what it said then, or None
    doubt(step_s, words) -- a time was refused that is step_s from ours; doubt(None, "") -- that is over
    floor_s -- the last UTC that an earlier boot knew, or None
    """

    def __init__(
        self, socket, servers, network_up, clock, outbox, on_set, ticks_ms, ticks_diff, random, report, log,
        port=_PORT, doubt=None, floor_s=None,
    ):  # fmt: skip
        self._socket = socket
        self._servers = servers
        self._network_up = network_up
        self._clock = clock
        self._outbox = outbox
        self._on_set = on_set
        self._ticks_ms = ticks_ms
        self._ticks_diff = ticks_diff
        self._random = random
        self._report = report
        self._log = log
        self._port = port
        self._doubt = doubt
        self._jury = Jury(clock, floor_s)
        self._doubting = False  # a server gives a time that is not believed yet

    async def run(self):
        retry_s = _FIRST_RETRY_S
        while True:
            while not self._network_up():
                await asyncio.sleep_ms(500)
            if await self.ask_all():
                retry_s = _FIRST_RETRY_S
                wait_s = _AGAIN_S
            elif self._doubting:
                wait_s = _DOUBT_S
            else:
                wait_s = retry_s
                retry_s = min(retry_s * 2, _LAST_RETRY_S)
            # nodes that came up together do not ask together
            await asyncio.sleep_ms(wait_s * 750 + self._random(wait_s * 500))

    async def ask_all(self):
        """Ask the servers in turn until two agree; True if the clock was set."""
        jury = self._jury
        answers = []
        for server in self._servers:
            answer = await self._ask(server)
            if answer is None:
                continue
            answers.append(answer)
            chosen = jury.settle(answers) if len(answers) == 2 else None
            if chosen:
                return self._set(chosen)
        if not answers:
            return False
        chosen, step_s = jury.settle(answers), None
        if chosen is None:
            chosen, step_s = jury.alone(answers)
        if chosen is not None:
            return self._set(chosen)
        self._doubting = True
        words = "%s is not believed" % answers[0].server if len(answers) == 1 else "time servers disagree"
        self._log("time: %s, %d s from ours" % (words, step_s))
        if self._doubt:
            self._doubt(step_s, words)
        return False

    async def _ask(self, server):
        try:
            time = await ask(self._socket, server, self._ticks_ms, self._ticks_diff, self._random, self._port)
            return Answer(server, self._clock, *time)
        except LinkFault as fault:
            self._report(fault)
            self._log("time: %s" % fault)
        except Exception as error:
            # one strange answer must not cost those of the others
            self._log("time: %s: %r" % (server, error))
        await asyncio.sleep_ms(0)  # a name that is not found has held up everybody
        return None

    def _set(self, answer):
        """Set the clock; an exception in a listener must not stop the time."""
        clock = self._clock
        self._doubting = False
        self._jury.forget()  # earlier doubts count no more
        before = clock.utc_s()
        ms = clock.uptime_ms() % 1000 + answer.offset_ms
        clock.set_utc(clock.uptime_s() + answer.offset_s + ms // 1000, ms % 1000, NTP, answer.tu_ms)
        try:
            self._outbox.anchor(clock)
            self._on_set(before)
            if self._doubt:
                self._doubt(None, "")
        except Exception as error:
            self._log("time: %r" % error)
        return True
