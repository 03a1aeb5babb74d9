"""Resolves the broker's name and connects; loaded for each try.

MicroPython resolves names in one blocking call: on the ESP32 lwIP gives up after about 14 s, which the watchdog
must allow for.
"""

import errno

from micropython import const

from ..core.faults import LinkFault
from .ready import Ready
from .tcp import Tcp

_IPPROTO_TCP = const(6)
_TCP_NODELAY = const(1)  # the same number in Linux and in lwIP


async def connect(socket, select, host, port, timeout_ms):
    """Resolve the name and connect -> Tcp. LinkFault: nodns, refused, timeout.

    socket, select -- the modules. Every address of the name is tried in turn, each for timeout_ms.
    """
    try:
        addresses = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    except OSError as error:
        raise LinkFault("nodns", "%s: %s" % (host, error))
    fault = LinkFault("nodns", "%s has no address" % host)
    for family, kind, _, _, address in addresses:
        if kind == socket.SOCK_DGRAM:  # a PC lists an address once a kind, the ESP32 ignores what kind is asked for
            continue
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            return await _connect(sock, select, address, timeout_ms)
        except LinkFault as error:
            fault = error
        except OSError as error:
            fault = LinkFault("refused", "%s port %d: errno %s" % (host, port, error.errno))
        sock.close()
    raise fault


async def _connect(sock, select, address, timeout_ms):
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
            raise LinkFault("refused", "nobody listens there")
    return Tcp(sock, poller)
