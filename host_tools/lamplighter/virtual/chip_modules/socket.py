# socket: TCP through the supervisor's relay, so that the network can fail in every way; SNTP answered here.

import io

import uselect
import usocket
import utime
from _world import world
from network import WLAN, air
from select import POLLERR, POLLHUP, POLLIN, POLLOUT, poll

AF_INET = 2
AF_INET6 = 10
SOCK_STREAM = 1
SOCK_DGRAM = 2
SOCK_RAW = 3
IPPROTO_TCP = 6
IPPROTO_UDP = 17
IPPROTO_IP = 0
SOL_SOCKET = 0xFFF
SO_REUSEADDR = 4
SO_BROADCAST = 32
SO_KEEPALIVE = 8
SO_ERROR = 0x1007
SO_BINDTODEVICE = 0x100B
TCP_NODELAY = 1
TCP_KEEPIDLE = 3
TCP_KEEPINTVL = 4
TCP_KEEPCNT = 5

_EAGAIN = 11
_ECONNRESET = 104
_ENOTCONN = 107
_ETIMEDOUT = 110
_ECONNREFUSED = 111
_EHOSTUNREACH = 113
_EINPROGRESS = 115
_EOPNOTSUPP = 95
_EBADF = 9
_EAI_FAIL = -202

_GRACE_MS = 250  # fast time: how long a peer outside gets to answer what was sent to it
_UNIX_2000_NTP = 3155673600  # seconds from 1900 to 2000
_names = {}  # address handed out: name it was asked for


def _link():
    station = WLAN.station
    return station is not None and station.isconnected()


def _relay(line):
    real = usocket.socket(usocket.AF_INET, usocket.SOCK_STREAM)
    real.connect(usocket.getaddrinfo("127.0.0.1", world.facts["relay"])[0][-1])
    real.setsockopt(6, 1, 1)
    real.write(line + "\n")
    return real


def getaddrinfo(host, port, af=0, type=0, proto=0, flags=0):
    if not _link():
        raise OSError(_EAI_FAIL)
    if host.replace(".", "").isdigit():
        address = host
    elif not air.open:
        world.sleep_us(5000000)  # lwip gives up after some retries
        raise OSError(_EAI_FAIL)
    else:
        real = _relay("name %s %d" % (host, port))
        address = real.readline().decode().strip()
        real.close()
        if not address:
            raise OSError(_EAI_FAIL)
        _names[address] = host
    return [(AF_INET, type or SOCK_STREAM, proto, "", (address, port))]


_IDLE, _CONNECTING, _OPEN, _FAILED = 0, 1, 2, 3


class socket(io.IOBase):
    """States: idle, connecting (the relay has not said yet), open, failed with an errno."""

    ioctl_in_time = True

    def __init__(self, af=AF_INET, type=SOCK_STREAM, proto=0, fileno=None):
        self.real = None
        self._type = type
        self._timeout = None  # ms; None: wait for ever
        self._state = _IDLE
        self._errno = 0
        self._datagrams = []  # [due in ticks us, bytes, address]
        self._peer = None
        self._closed = False
        self._poller = None

    # connecting

    def connect(self, address):
        if self._type == SOCK_DGRAM:
            self._peer = address
            return
        if self._state == _CONNECTING:
            self._progress()
            if self._state == _CONNECTING:
                raise OSError(114)  # EALREADY
        if self._state == _FAILED:
            raise OSError(self._errno)
        if self._state == _OPEN:
            raise OSError(106)  # EISCONN
        if not _link():
            raise OSError(_EHOSTUNREACH)
        host, port = address[0], address[1]
        self.real = _relay("open %s %d" % (_names.get(host, host), port))
        self.real.setblocking(False)
        self._state = _CONNECTING
        self._expect()
        if self._timeout == 0:
            raise OSError(_EINPROGRESS)
        limit = 20000 if self._timeout is None else self._timeout  # lwip gives up after some SYNs
        if not self._wait(POLLOUT, limit):
            self._fail(_ETIMEDOUT)
        if self._state == _FAILED:
            raise OSError(self._errno)

    def _expect(self):
        world.awaited = utime.ticks_ms() + _GRACE_MS

    def _fail(self, errno):
        self._state = _FAILED
        self._errno = errno

    def _progress(self):
        """Take the relay's word on how connecting went: one byte."""
        try:
            word = self._attempt(self.real.recv, 1)
        except OSError as error:
            self._fail(error.errno)  # reset by the other side: connect() and poll() tell it, and neither raises it here
            return
        if word is None:
            return
        if word == b"+":
            self._state = _OPEN
        else:
            self._fail(_ECONNREFUSED if word == b"-" else _EHOSTUNREACH)

    def _attempt(self, function, *arguments):
        """A call to the real socket; None when it would block."""
        try:
            return function(*arguments)
        except OSError as error:
            if error.errno == _EAGAIN:
                return None
            raise

    def _wait(self, flags, timeout_ms):
        if self._poller is None:
            self._poller = poll()
            self._poller.register(self, flags)
        else:
            self._poller.register(self, flags)
        return self._poller.poll(-1 if timeout_ms is None else timeout_ms)

    def _patiently(self, flags, function, *arguments):
        """Do it now, or when ready, or raise EAGAIN / ETIMEDOUT."""
        self._check()
        while True:
            result = self._attempt(function, *arguments)
            if result is not None:
                return result
            if self._timeout == 0:
                return None
            if not self._wait(flags, self._timeout):
                raise OSError(_ETIMEDOUT)

    def _check(self):
        if self._closed:
            raise OSError(_EBADF)
        if self._state == _CONNECTING:
            self._progress()
        if self._state == _FAILED:
            raise OSError(self._errno)
        if self._state != _OPEN:
            raise OSError(_ENOTCONN)

    # bytes

    def recv(self, size, flags=0):
        if self._type == SOCK_DGRAM:
            return self.recvfrom(size)[0]
        data = self._patiently(POLLIN, self.real.recv, size)
        if data is None:
            raise OSError(_EAGAIN)
        world.awaited = 0
        return data

    def readinto(self, buf, size=-1):
        if self._type == SOCK_DGRAM:
            data = self.recvfrom(len(buf))[0]
            buf[: len(data)] = data
            return len(data)
        count = self._patiently(POLLIN, self.real.readinto, buf)
        if count:
            world.awaited = 0
        return count

    def read(self, size=-1):
        if size is None or size < 0:
            whole = b""
            while True:
                data = self._patiently(POLLIN, self.real.recv, 1024)
                if not data:
                    return whole if whole or data is not None else None
                whole += data
        whole = b""
        while len(whole) < size:
            data = self._patiently(POLLIN, self.real.recv, size - len(whole))
            if not data:
                return whole if whole or data is not None else None
            world.awaited = 0
            whole += data
            if self._timeout == 0:
                break
        return whole

    def readline(self):
        line = b""
        while not line.endswith(b"\n"):
            data = self._patiently(POLLIN, self.real.recv, 1)
            if not data:
                return line if line or data is not None else None
            line += data
        world.awaited = 0
        return line

    def write(self, data, *part):
        """Write data, or a part of it: part is (size,) or (offset, size)."""
        if self._type == SOCK_DGRAM:
            return self.sendto(data, self._peer)
        count = self._patiently(POLLOUT, self.real.write, data, *part)
        self._expect()
        return count

    def send(self, data, flags=0):
        count = self.write(data)
        if count is None:
            raise OSError(_EAGAIN)
        return count

    def sendall(self, data):
        data = memoryview(data)
        while data:
            data = data[self.send(data) :]

    # datagrams: only time servers answer

    def sendto(self, data, address):
        if not _link():
            raise OSError(_EHOSTUNREACH)
        if address[1] == 123 and air.open and air.ntp and len(data) >= 48:
            now = world.us()
            self._datagrams.append([now + 20000, _sntp(bytes(data[40:48]), 10000, address[0]), address])
        return len(data)

    def recvfrom(self, size):
        if not self._datagrams or self._datagrams[0][0] > world.us():
            if self._timeout == 0:
                raise OSError(_EAGAIN)
            if not self._wait(POLLIN, self._timeout):
                raise OSError(_ETIMEDOUT)
        _, data, address = self._datagrams.pop(0)
        return data[:size], address

    # the rest

    def ioctl(self, request, flags):
        if request == 4:
            self.close()
            return 0
        if request != 3:
            return -1
        if self._closed:
            return 32  # POLLNVAL
        if self._type == SOCK_DGRAM:
            ready = POLLIN if self._datagrams and self._datagrams[0][0] <= world.us() else 0
            return (ready | POLLOUT) & flags
        if self._state == _IDLE:
            return POLLHUP | (POLLOUT & flags)
        if self._state == _CONNECTING:
            self._progress()
            if self._state == _CONNECTING:
                return 0
        if self._state == _FAILED:
            return POLLERR | POLLHUP | (flags & POLLOUT)
        events = 0
        for _, events in _look(self.real, flags):
            pass
        return events

    def setblocking(self, flag):
        self._timeout = None if flag else 0

    def settimeout(self, seconds):
        self._timeout = None if seconds is None else int(seconds * 1000)

    def setsockopt(self, level, option, value):
        pass

    def getsockopt(self, level, option):
        if self._state == _CONNECTING:
            self._progress()
        return self._errno

    def bind(self, address):
        if self._type != SOCK_DGRAM:
            raise OSError(_EOPNOTSUPP)  # nobody can reach the virtual lamppost from outside

    def makefile(self, mode="rb", buffering=0):
        return self

    def fileno(self):
        return -1

    def close(self):
        if not self._closed:
            self._closed = True
            if self.real is not None:
                self.real.close()

    def __enter__(self):
        return self

    def __exit__(self, *trouble):
        self.close()


_looker = uselect.poll()


def _look(real, flags):
    """The events of one real socket, now."""
    _looker.register(real, flags)
    try:
        return _looker.poll(0)
    finally:
        _looker.unregister(real)


def _stamp(buf, at, us):
    """An NTP time stamp: seconds since 1900 and their fraction in 2**-32."""
    buf[at : at + 4] = (us // 1000000 & 0xFFFFFFFF).to_bytes(4, "big")  # era 1 begins on 2036-02-07
    buf[at + 4 : at + 8] = ((us % 1000000 << 32) // 1000000).to_bytes(4, "big")


def _sntp(originate, way_us, address):
    """The answer of a stratum 1 server whose clock is right, unless it lies; the question took way_us to reach it."""
    lie = air.lies.get(_names.get(address), air.lies.get("", 0))
    true_us = world.facts["utc_us"] + world.world_us() + way_us + (_UNIX_2000_NTP * 1000 + int(lie * 1000)) * 1000
    buf = bytearray(48)
    buf[0] = 0x24  # no leap second, version 4, server
    buf[1] = 1
    buf[2] = 6
    buf[3] = 0xEC
    buf[10:12] = b"\0\x10"
    buf[12:16] = b"GPS\0"
    _stamp(buf, 16, true_us - 5000000)
    buf[24:32] = originate
    _stamp(buf, 32, true_us)
    _stamp(buf, 40, true_us)
    return bytes(buf)
