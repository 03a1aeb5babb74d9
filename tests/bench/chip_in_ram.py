"""Just enough of an ESP32, its street and its broker to run the firmware in any MicroPython, for the heap's sake.

`install()` puts machine, network, esp32, socket, select and time into sys.modules; time passes only in `pass_time`.
"""

import os
import sys

NOW_S = 848671200  # 2026-11-22T14:00 in seconds since 2000
NTP_S = NOW_S + 3155673600


class time:
    now_ms = 1000

    @staticmethod
    def ticks_ms():
        return time.now_ms

    @staticmethod
    def ticks_us():
        return time.now_ms * 1000

    @staticmethod
    def ticks_diff(a, b):
        return a - b

    @staticmethod
    def ticks_add(a, b):
        return a + b

    @staticmethod
    def sleep_ms(ms):
        time.now_ms += ms

    @staticmethod
    def sleep_us(us):
        pass


class os:
    listdir = os.listdir
    remove = os.remove
    rename = os.rename
    stat = os.stat

    @staticmethod
    def urandom(n):
        return b"\x55" * n


class Partition:
    """The journal: NOR flash in RAM."""

    TYPE_DATA = 1
    BLOCKS = 64
    flash = bytearray(b"\xff" * (4096 * BLOCKS))
    all = memoryview(flash)

    @staticmethod
    def find(kind, label):
        return [Partition()]

    def ioctl(self, code, block):
        if code == 6:
            for at in range(4096 * block, 4096 * block + 4096):
                self.flash[at] = 0xFF
        return {4: self.BLOCKS, 5: 4096}.get(code, 0)

    def readblocks(self, block, buf, offset=0):
        at = 4096 * block + offset
        buf[:] = self.all[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        at = 4096 * block + offset
        for i in range(len(buf)):
            self.flash[at + i] &= buf[i]


class esp32:
    Partition = Partition


twins = {}  # tx pin, or address on I2C: the part there


class Uart:
    def __init__(self, number, **options):
        self.heard = b""
        self.init(**options)

    def init(self, tx=None, **options):
        self.twin = twins[tx]
        self.heard = b""

    def any(self):
        self.heard = (self.heard + self.twin.emitted(time.now_ms * 1000))[-256:]
        return len(self.heard)

    def readinto(self, buf):
        n = min(len(buf), self.any())
        buf[:n] = self.heard[:n]
        self.heard = self.heard[n:]
        return n

    def write(self, data):
        self.twin.written(bytes(data), time.now_ms * 1000)
        return len(data)


class I2c:
    def __init__(self, number, scl, sda, freq):
        pass

    def readfrom_mem(self, address, register, count):
        twins[address].write(bytes((register,)), time.now_ms * 1000)
        return twins[address].read(count, time.now_ms * 1000)

    def writeto_mem(self, address, register, data):
        twins[address].write(bytes((register,)) + data, time.now_ms * 1000)


class Pin:
    OUT = OPEN_DRAIN = 1

    def __init__(self, number, mode=0, value=0):
        pass


class Rtc:
    kept = b""

    def memory(self, data=None):
        if data is not None:
            Rtc.kept = bytes(data)
        return Rtc.kept


class Wdt:
    def __init__(self, timeout):
        pass

    def feed(self):
        pass


class Timer:
    """Never rings: only the console uses one."""

    def __init__(self, number):
        pass

    def deinit(self):
        pass


class machine:
    PWRON_RESET = 1
    SOFT_RESET = 5
    UART = Uart
    I2C = I2c
    Pin = Pin
    RTC = Rtc
    WDT = Wdt
    Timer = Timer

    @staticmethod
    def reset_cause():
        return 1


class Wlan:
    joined = on = False

    def __init__(self, kind):
        pass

    def active(self, on=None):
        if on is not None:
            self.on = on
        return self.on

    def connect(self, ssid, password):
        self.joined = True

    def disconnect(self):
        self.joined = False

    def isconnected(self):
        return self.joined

    def status(self, what=None):
        return -60 if what else 1010

    def config(self, **options):
        pass


class network:
    STA_IF = 0
    WLAN = Wlan


class Socket:
    """The broker or the time server at its far end: it answers each packet as that is written."""

    def __init__(self, family, kind):
        self.server = kind == socket.SOCK_DGRAM
        self.answer = b""
        self.waiting = None  # the task that waits for an answer

    def setblocking(self, blocking):
        pass

    def setsockopt(self, level, option, value):
        pass

    def connect(self, address):
        pass

    def close(self):
        pass

    def readinto(self, buf, most=None):
        n = min(len(buf), len(self.answer), most or len(buf))
        buf[:n] = self.answer[:n]
        self.answer = self.answer[n:]
        return n or None

    def write(self, data, at=0, size=None):
        packets = bytes(data[at : len(data) if size is None else at + size])
        if self.server:
            self.answer += self._time(packets)
        while packets and not self.server:
            end = 3 + (packets[1] & 127) + (packets[2] << 7) if packets[1] > 127 else 2 + packets[1]
            self.answer += self._acknowledgement(packets[:end])
            packets = packets[end:]
        size = len(data) - at if size is None else size
        if self.waiting and self.answer:
            queue.wake(self)
        return size

    def _time(self, request):
        time = NTP_S.to_bytes(4, "big") + bytes(4)
        return b"\x24\x01\x00\xec" + bytes(20) + request[40:48] + bytes(8) + time

    def _acknowledgement(self, packet):
        kind = packet[0] >> 4
        if kind == 1:
            return b"\x20\x02\x00\x00"
        if kind == 12:
            return b"\xd0\x00"
        if kind != 3 or not packet[0] & 6:
            return b""
        at = 3 if packet[1] > 127 else 2
        at += 2 + (packet[at] << 8 | packet[at + 1])
        broker.append(len(packet))
        return b"\x40\x02" + packet[at : at + 2]


broker = []  # lengths of the packets that it acknowledged


class socket:
    SOCK_STREAM = 1
    SOCK_DGRAM = 2
    socket = Socket

    @staticmethod
    def getaddrinfo(host, port, family, kind):
        return [(2, kind, 0, "", (host, port))]


class Poll:
    def register(self, sock, event):
        self.sock = sock

    def ipoll(self, ms):
        return ((self.sock, 1),) if self.sock.answer else ()

    def poll(self, ms):
        """Of the console, where nobody types."""
        return ()


class select:
    POLLIN = 1
    POLLERR = 8
    POLLHUP = 16
    poll = Poll


class queue:
    """In the place of asyncio's queue of sockets."""

    @staticmethod
    def queue_write(sock):
        core._task_queue.push(core.cur_task)

    @staticmethod
    def queue_read(sock):
        if sock.answer:
            queue.queue_write(sock)
            return
        sock.waiting = core.cur_task
        core.cur_task.data = queue

    @staticmethod
    def wake(sock):
        task, sock.waiting = sock.waiting, None
        core._task_queue.push(task)

    @staticmethod
    def remove(task):
        pass


core = None


def install(parts):
    """parts -- {tx pin or I2C address: twin}"""
    twins.update(parts)
    for module in (os, time, esp32, machine, network, socket, select):
        sys.modules[module.__name__] = module


def take_over(asyncio):
    """Let asyncio run by this time instead of the browser's; asyncio.run(coro) starts it and returns."""
    global core
    core = asyncio.core
    core.ticks = time.ticks_ms
    core._schedule_run_iter = lambda ms: None
    core._io_queue = queue
    asyncio.run = core.create_task


def pass_time(ms):
    end = time.now_ms + ms
    while time.now_ms < end:
        core._run_iter()
        time.now_ms += 1
