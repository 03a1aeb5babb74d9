"""A TCP connection that never blocks the other tasks; link/dial.py makes it.

No time-outs are set on the socket: on the ESP32 setblocking() clears them.
"""

from ..core.faults import LinkFault
from .ready import Ready


class Tcp:
    """One connection. read and write move what can be moved now; `readable` is awaited."""

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
        raise LinkFault("closed", "by the broker")

    def write(self, buf, at, size):
        """Bytes of buf[at:at + size] that the socket took now."""
        try:
            return self.sock.write(buf, at, size) or 0
        except OSError as error:
            raise LinkFault("closed", "errno %s" % error.errno)

    def linger(self, milliseconds):
        """Stay for a moment until there is something to read; True if so. Holds up all tasks: keep it short.

        An answer from the same network is there before a task switch would be, and nothing is allocated.
        """
        for _ in self._poller.ipoll(milliseconds):
            return True
        return False

    def close(self):
        self.sock.close()
