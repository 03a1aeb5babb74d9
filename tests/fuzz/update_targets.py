"""Fuzz targets of updates over the air: requests, answers of web servers and releases, spoiled."""


from lamppost.core.faults import FetchFault, UpdateFault
from lamppost.link import http
from lamppost.ops.update import release
from lamppost.ops.update.request import Request
from targets import Wrong, spoil


class Releases:
    """Whatever is sent, it is taken as it was, or refused with a word of its own."""

    REQUEST = b'{"id":"u1","url":"http://releases.lan:8080/a.release","sha256":"0123456789abcdef"}'
    HEAD = b"HTTP/1.1 206 Partial Content\r\nContent-Length: 4096\r\nContent-Range: bytes 4096-8191/10000"
    LINE = (
        b'{"boards":["lamppost-esp32"],"build":"b","floor":"0","manifest":"00","micropython":["1.26","1.29"],"mpy":6,'
        b'"v":1,"version":"0.1.0"}\nkey QUJD\n'
    )
    PIECES = [b"[", b"{", b'"', b"\\", b"null", b",", b":", b"\xff", b"\0", b"[" * 300, b"\r\n", b"-", b"/", b"9" * 40]

    def case(self, seed):
        which = seed.below(3)
        data = bytearray((self.REQUEST, self.HEAD, self.LINE)[which])
        for _ in range(seed.below(3)):
            data = spoil(seed, data, self.PIECES)
        try:
            (self._request, self._head, self._release)[which](bytes(data))
        except (FetchFault, UpdateFault) as fault:
            if fault.word not in ("desired", "answer", "absent", "untrusted", "board", "micropython"):
                raise Wrong("the word %s" % fault.word)
            return False
        return True

    def _request(self, data):
        wanted = Request(data)
        if wanted.place[1] not in wanted.url or not 0 < len(wanted.id) <= 64:
            raise Wrong("taken: %r" % data)

    def _head(self, data):
        count, whole = http.parse_head(data, 4096, 4096)
        if not 0 < count <= 4096 or whole < 4096 + count:
            raise Wrong("%d of %d bytes" % (count, whole))

    def _release(self, data):
        """As if the signature were right: what a key has signed must not crash a node either."""
        real, release.rsa.verify = release.rsa.verify, lambda modulus, signature, message: True
        try:
            doc, _ = release.signed_by(data, {"key": "00"})
        finally:
            release.rsa.verify = real
        release.check_fits(doc, "lamppost-esp32", (1, 28, 0), 6, "0")
