"""TCP connections that never block the other tasks: name look-up, connecting, reading and writing.

No time-outs are set on the socket: on the ESP32 setblocking() clears them.
"""

import asyncio
import errno

from micropython import const

from ..core.faults import LinkFault

_IPPROTO_TCP = const(6)
_TCP_NODELAY = const(1)  # the same number in Linux and in lwIP


class Ready:
    """Awaits a socket's readiness: `await` it until the socket can be read (or written).

    Made once per socket and awaited again and again. It uses asyncio's own queue of sockets (asyncio.core, the same
    in MicroPython 1.23 to 1.29), because asyncio's streams allocate on every read.
    """

    def __init__(self, sock, writing=False):
        # imported here because CPython's asyncio has none, and only waits need it
        from asyncio import core  # pyright: ignore[reportAttributeAccessIssue]

        self._queue = core._io_queue.queue_write if writing else core._io_queue.queue_read
        self._sock = sock
        self._asked = False
        self._done = StopIteration()

    def __iter__(self):
        self._asked = False
        return self

    def __next__(self):
        if self._asked:
            self._done.__traceback__ = None
            raise self._done
        self._asked = True
        self._queue(self._sock)

    async def _wait(self):
        await self  # pyright: ignore[reportGeneralTypeIssues] -- MicroPython awaits what can be iterated

    async def within(self, timeout_ms):
        """Await with a time-out (this does allocate); True if the socket is ready."""
        try:
            await asyncio.wait_for_ms(self._wait(), timeout_ms)
            return True
        except asyncio.TimeoutError:
            return False


class Tcp:
    """One connection. read and write move the bytes that can be moved now; `readable` is awaited."""

    def __init__(self, sock, poller):
        self.sock = sock
        self._poller = poller
        self.readable = Ready(sock)

    def read(self, buf, most):
        """Bytes read into buf, at most `most`; 0: nothing there now. LinkFault("closed") at the end of the stream."""
        try:
            n = self.sock.readinto(buf, most)
        except OSError as error:
            raise LinkFault("closed", "errno %s" % error.errno)
        if n:
            return n
        if n is None:
            return 0
        raise LinkFault("closed", "by the server")

    def write(self, buf, start, size):
        """Bytes of buf[start:start + size] that the socket took now."""
        try:
            return self.sock.write(buf, start, size) or 0
        except OSError as error:
            raise LinkFault("closed", "errno %s" % error.errno)

    def linger(self, milliseconds):
        """Wait briefly for something to read; True if there is. Holds up all tasks: keep it short.

        An answer from the same network arrives before a task switch would be over, and nothing is allocated.
        """
        for _ in self._poller.ipoll(milliseconds):
            return True
        return False

    def close(self):
        self.sock.close()


def resolve(socket, host, port):
    """Addresses of a host, as getaddrinfo gives them. LinkFault: nodns.

    MicroPython resolves names in one blocking call: on the ESP32 lwIP gives up after about 14 s, which the watchdog
    must allow for.
    """
    try:
        addresses = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    except OSError as error:
        raise LinkFault("nodns", "%s: %s" % (host, error))
    # a PC lists an address once per kind of socket, the ESP32 ignores which kind is asked for
    addresses = [one for one in addresses if one[1] != socket.SOCK_DGRAM]
    if not addresses:
        raise LinkFault("nodns", "%s has no address" % host)
    return addresses


async def connect(socket, select, addresses, timeout_ms):
    """Connect -> Tcp. LinkFault: refused, timeout. Every address is tried in turn, each for timeout_ms."""
    fault = None
    for family, _, _, _, address in addresses:
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            return await _connect_to(sock, select, address, timeout_ms)
        except LinkFault as error:
            fault = error
        except OSError as error:
            fault = LinkFault("refused", "errno %s" % error.errno)
        except BaseException:
            sock.close()
            raise
        sock.close()
    raise fault or LinkFault("nodns", "no address")


async def _connect_to(sock, select, address, timeout_ms):
    sock.setblocking(False)
    # A record is one write: waiting for more to fill a segment (Nagle) would only meet the far end's delayed ACK.
    # ESP32 firmware that does not know the option yet prints a warning and goes on
    # (https://github.com/micropython/micropython/pull/15107).
    sock.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
    try:
        sock.connect(address)
    except OSError as error:
        if error.errno != errno.EINPROGRESS:
            raise
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    if not await Ready(sock, True).within(timeout_ms):
        raise LinkFault("timeout", "no connection within %d ms" % timeout_ms)
    for _, event in poller.ipoll(0):
        # a refused connection is "writable" too
        if event & (select.POLLERR | select.POLLHUP):
            raise LinkFault("refused", "nothing listens on that port")
    return Tcp(sock, poller)
