"""Fetches pieces of files from a web server by HTTP/1.1 ranges, over one connection that stays open between them.

With https:// the connection is a TLS session beside the broker's, and the same CA must have signed the server's
certificate.

The bytes are not believed here: whoever asked for them checks their hash. What is refused here is an answer that is not
the piece asked for, such as a login page, a redirection, or a server that does not know ranges.
"""

from micropython import const

from ..core.faults import Fault, FetchFault, LinkFault
from . import tcp

_HEAD_MAX = const(1024)
_CONNECT_MS = const(10000)
_ANSWER_MS = const(20000)  # for the whole of an answer: one that drips is given up too
_CLOCK_MS = const(30000)  # for the time, without which no certificate can be judged
_PORTS = {"http": 80, "https": 443}


def split_url(url):
    """"https://host:port/folder/file" -> ("https", host, port, "/folder/file"); None if it is not such an address.

    "mqtt:///file" has no host: it is fetched through the broker.
    """
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    host, _, port = place.partition(":")
    if " " in url or "\r" in url or "\n" in url:
        return None
    if scheme == "mqtt" and not place and path:
        return scheme, "", 0, slash + path
    if scheme not in _PORTS or not host:
        return None
    if port and not (port.isdigit() and 0 < int(port) < 65536):
        return None
    return scheme, host, int(port or _PORTS[scheme]), slash + path or "/"


def parse_head(head, start, most):
    """(bytes in the body, bytes of the whole file) of an answer to a request for `most` bytes from `start`.

    head -- the answer up to its empty line. FetchFault: answer, absent.
    """
    lines = head.split(b"\r\n")
    fields = {}
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        fields[name.strip().lower()] = value.strip()
    status = lines[0].split(b" ")[1:2]
    length = fields.get(b"content-length", b"")
    encoded = fields.get(b"content-encoding", b"identity") != b"identity" or b"transfer-encoding" in fields
    if encoded or not length.isdigit() or len(length) > 9:
        raise FetchFault("answer", "encoded, or of unknown length")
    count = int(length)
    if status == [b"200"] and start == 0 and count <= most:
        return count, count  # a server need not cut what is shorter than the piece
    if status == [b"404"]:
        raise FetchFault("absent", "the web server has no such file")
    if status != [b"206"]:
        text = lines[0][:40]
        raise FetchFault("answer", _printable(text))
    unit, _, span = fields.get(b"content-range", b"").partition(b" ")
    span, _, whole = span.partition(b"/")
    first, _, last = span.partition(b"-")
    numbers = first.isdigit() and last.isdigit() and whole.isdigit() and len(span) + len(whole) < 30
    if unit != b"bytes" or not numbers or int(first) != start or int(last) != start + count - 1:
        raise FetchFault("answer", "another range than the one asked for")
    if not 0 < count <= most or int(last) >= int(whole):
        raise FetchFault("answer", "another range than the one asked for")
    return count, int(whole)


def _printable(text):
    return "".join([chr(byte) for byte in text if 32 <= byte < 127])


def _nothing():
    pass


class Client:
    """socket, select -- the modules; tls(host) -- a link/tls.py's Tls for a server of that name; None: no https"""

    def __init__(self, socket, select, ticks_ms, ticks_diff, tls=None):
        self._socket = socket
        self._select = select
        self._ticks_ms = ticks_ms
        self._ticks_diff = ticks_diff
        self._tls = tls
        self._alive = _nothing  # the caller's, while it asks
        self._wire = None
        self._to = None

    def reaches(self, place):
        """Whether an address of that kind can be used."""
        return place[0] == "http" or self._tls is not None

    async def get(self, place, start, most, alive):
        """(bytes, size of the whole file): at most `most` bytes of it from `start`. Raises LinkFault, FetchFault.

        place -- from split_url; alive() -- called about every second, except while a name is resolved
        """
        self._alive = alive
        fresh = self._wire is None or self._to != place[:3]
        try:
            return await self._get(place, start, most)
        except Fault as fault:
            self.close()
            if fresh or fault.word != "closed":
                raise
        try:
            return await self._get(place, start, most)  # a server closes connections that were idle
        except Fault:
            self.close()
            raise

    async def _get(self, place, start, most):
        _, host, port, path = place
        if self._wire is None or self._to != place[:3]:
            self.close()
            self._wire = await self._connect(place)
            self._to = place[:3]
        request = "GET %s HTTP/1.1\r\nHost: %s:%d\r\nRange: bytes=%d-%d\r\n\r\n"
        return await self._answer((request % (path, host, port, start, start + most - 1)).encode(), start, most)

    async def _connect(self, place):
        scheme, host, port, _ = place
        tls = None
        if scheme == "https" and self._tls:
            tls = self._tls(host)
            await tls.prepare(self._alive, lambda: True, _CLOCK_MS)
        self._alive()
        addresses = tcp.resolve(self._socket, host, port)
        self._alive()
        wire = await tcp.connect(self._socket, self._select, addresses, _CONNECT_MS)
        return tls.over(wire, self._select) if tls else wire

    async def _answer(self, request, start, most):
        wire = self._wire
        buf = bytearray(_HEAD_MAX + most)
        have = sent = need = body = whole = 0
        began = self._ticks_ms()
        while not need or have < need:
            if sent < len(request):
                sent += wire.write(request, sent, len(request) - sent)
            count = wire.read(memoryview(buf)[have:], (need or len(buf)) - have)
            if not count:
                self._alive()
                left = _ANSWER_MS - self._ticks_diff(self._ticks_ms(), began)
                if left <= 0:
                    raise LinkFault("timeout", "the web server does not answer in time")
                await wire.readable.within(min(left, 1000))
                continue
            have += count
            if not need:
                end = buf[:have].find(b"\r\n\r\n")
                if end < 0 and have > _HEAD_MAX:
                    raise FetchFault("answer", "not HTTP")
                if end >= 0:
                    body = end + 4
                    count, whole = parse_head(bytes(buf[:end]), start, most)
                    need = body + count
                    if have > need or need > len(buf):
                        raise FetchFault("answer", "more bytes than it promised")
        return bytes(buf[body:need]), whole

    def close(self):
        if self._wire is not None:
            self._wire.close()
            self._wire = None
