"""TLS over a TCP connection: verifies the broker's certificate, and gives each failure a fault word.

The handshake is driven by reads and writes that do not wait, so that between two of its steps the other tasks run;
one step is not divisible (on the ESP32 the longest takes most of the 0.7 to 0.9 s of a handshake).
"""

import asyncio
import ssl

from micropython import const

from ..core.faults import LinkFault
from .tcp import Tcp

# numbers of mbedTLS; what has no memory may be one of the system
_UNVERIFIED = const(-0x2700)
_EOF = const(-0x7280)
_ALERT = const(-0x7780)
_NO_MEMORY = (12, -0x7F00, -0x2880)

_STEP_MS = const(200)


def judge(text, time_known):
    """The word of mbedTLS's sentences about a certificate: untrusted, wrongname, expired, notyet, clock.

    Who is not trusted is not believed in anything else; and while the time is not known, none of them is expired.
    """
    timely = 0
    word = None
    for line in text.split("\n"):
        if "expired" in line and "CRL" not in line:
            timely = timely or "expired"
        elif "in the future" in line and "CRL" not in line:
            timely = timely or "notyet"
        elif "Common Name" in line:
            word = word or "wrongname"
        elif line:
            word = "untrusted"
    if word or not timely:
        return word or "untrusted"
    return timely if time_known else "clock"


class Tls:
    """The TLS settings that all connections share: trusted CA, own certificate and key.

    options -- `mqtt.tls` of the configuration: {"ca", "cert", "key": files on the node, "server_name"}
    set_time(seconds since 2000) -- sets the chip's own clock, which mbedTLS looks at; None where somebody else does
    """

    def __init__(self, options, host, clock, set_time=None):
        self._options = options
        self._name = options.get("server_name", host)
        self._clock = clock
        self._set_time = set_time
        self._context = None

    async def prepare(self, alive, network_up, within_ms):
        """Load the certificates and wait for the time, against which they are checked.

        LinkFault("nocert") when the files are not there or are none. If the time did not come within_ms, the
        handshake is tried all the same, and judged by that.
        """
        if not self._context:
            self._load()
        while self._clock.offset_s is None and within_ms > 0 and network_up():
            alive()
            await asyncio.sleep_ms(_STEP_MS)
            within_ms -= _STEP_MS

    def _load(self):
        options = self._options
        name = options["ca"]
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=_content(name))
            name = options.get("cert")
            if name:
                certificate = _content(name)
                name = options["key"]
                context.load_cert_chain(certificate, _content(name))
        except (OSError, ValueError, KeyError) as error:
            # the error names no content: a key is never said
            raise LinkFault("nocert", "%s: %r" % (name, error))
        self._context = context

    def over(self, wire, select):
        """An encrypted stream; reading and writing it continues the handshake."""
        now = self._clock.utc_s()
        if now is not None and self._set_time:
            self._set_time(now)
        try:
            sock = self._context.wrap_socket(wire.sock, server_hostname=self._name, do_handshake_on_connect=False)
        except (OSError, ValueError) as error:
            wire.close()
            raise self.fault(error, False)
        poller = select.poll()
        poller.register(sock, select.POLLIN)
        return Wire(self, sock, poller, wire)

    def fault(self, error, stands):
        """The LinkFault of what the ssl module raised; stands -- the handshake was done."""
        code = error.args[0] if isinstance(error, OSError) else None
        if code is None:
            text = str(error)
            word = judge(text, self._clock.offset_s is not None)
            if word == "clock":
                return LinkFault(word, "%s: its certificate cannot be judged before the time is known" % self._name)
            return LinkFault(word, "%s: %s" % (self._name, text.strip().replace("\n", "; ")))
        if code in _NO_MEMORY:
            return LinkFault("nomemory", "TLS: %d" % code)
        if stands:
            return LinkFault("closed", "errno %s" % code)
        if code == _UNVERIFIED:
            return LinkFault("untrusted", self._name)
        if code == _ALERT or code > 0:
            # who has sent an alert closes, and that may be seen before the alert is
            return LinkFault("rejected", "the server aborted the handshake: %d" % code)
        if code == _EOF:
            return LinkFault("tls", "closed during the handshake")
        return LinkFault("tls", "mbedTLS %d" % code)


class Wire(Tcp):
    """As Tcp. Raises LinkFault if the handshake fails."""

    def __init__(self, tls, sock, poller, below):
        Tcp.__init__(self, sock, poller)
        self._tls = tls
        self._below = below
        self._stands = False

    def read(self, buf, most):
        try:
            n = self.sock.readinto(buf, most)
        except (OSError, ValueError) as error:
            raise self._tls.fault(error, self._stands)
        if n:
            self._stands = True
            return n
        if n is None:
            return 0
        raise LinkFault("closed", "by the server")

    def write(self, buf, at, size):
        try:
            return self.sock.write(buf, at, size) or 0
        except (OSError, ValueError) as error:
            raise self._tls.fault(error, self._stands)

    def close(self):
        try:
            self.sock.close()
        finally:
            self._below.close()  # a handshake that failed has let go of it


def _content(path):
    with open(path, "rb") as file:
        return file.read()
