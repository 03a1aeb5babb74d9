"""The network around a virtual lamppost: it works, and it breaks in each way that a street's network does."""

import re
import socket
import threading

import pytest
from test_virtual_chip import flash_program, node  # noqa: F401

JOIN = (
    "import network, socket, time, asyncio, struct\n"
    "w = network.WLAN(network.STA_IF)\nw.active(True)\n"
    "w.connect('lamplighter', 'lamplighter')\n"
    "while not w.isconnected(): time.sleep_ms(20)\n"
    "print('joined', w.ifconfig()[0])\n"
)
OPEN = (
    "s = socket.socket()\n"
    "s.settimeout(1)\n"
    "try:\n"
    " s.connect(socket.getaddrinfo('far.lan', 7)[0][-1])\n print('connected')\n"
    "except OSError as e: print('failed', e.errno)\n"
)
ECHO = (
    "def echo(i):\n"
    " try:\n"
    "  s.write(b'%d\\n' % i)\n  return s.readline()\n"
    " except OSError as e: return 'failed', e.errno\n"
)


class Echo:
    """A server on loopback that sends everything back; `ended` is set when a client said goodbye."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.ended = threading.Event()
        self.accepted = threading.Event()
        self.clients = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.clients.append(client)
            self.accepted.set()
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            while data := client.recv(4096):
                client.sendall(data)
        except OSError:
            pass
        self.ended.set()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept(), which else would wait on the number of a closed file
        self._thread.join(5)
        self.listener.close()
        for client in self.clients:
            client.close()


@pytest.fixture
def echo():
    echo = Echo()
    yield echo
    echo.close()


@pytest.fixture
def lamp(node, echo):  # noqa: F811
    def make(program, **options):
        return node(program, hosts={"far.lan": ("127.0.0.1", echo.port)}, **options)

    return make


def test_a_connection_passes_both_ways(lamp):
    lamp = lamp(JOIN + OPEN + ECHO + "print(echo(1), echo(2))")
    lamp.console.wait_for(re.escape("b'1\\n' b'2\\n'"))


def test_wrong_password_and_unknown_name_have_their_own_words(lamp):
    lamp = lamp(
        "import network, time, socket\nw = network.WLAN()\nw.active(True)\n"
        "for a in (('lamplighter', 'wrong'), ('elsewhere', 'x'), ('lamplighter', 'lamplighter')):\n"
        " w.connect(*a)\n"
        " while w.status() == network.STAT_CONNECTING: time.sleep_ms(20)\n"
        " print('status', w.status())\n"
        "try: socket.getaddrinfo('nobody.lan', 1)\nexcept OSError as e: print('unknown', e.errno)\n"
    )
    for status in (202, 201, 1010):
        lamp.console.wait_for(f"status {status}")
    lamp.console.wait_for("unknown -202")


def test_a_blackholed_connection_stays_open_and_silent_and_then_goes_on(lamp, echo):
    loop = "i = 0\nwhile True:\n i += 1\n print('got', echo(i), w.isconnected())\n time.sleep_ms(5)\n"
    lamp = lamp(JOIN + OPEN + ECHO + loop)
    lamp.console.wait_for(re.escape("b'1\\n' True"))
    lamp.network.blackhole(True)
    lamp.console.wait_for(re.escape("got ('failed', 110) True"))
    assert not echo.ended.is_set()
    lamp.network.blackhole(False)
    lamp.console.wait_for(re.escape("got b'"))


def test_a_refused_connection_is_reset(lamp):
    lamp = lamp(JOIN + OPEN + "time.sleep(0.3)\n" + ECHO + "print(echo(1))\n" + OPEN)
    lamp.console.wait_for("connected")
    lamp.network.refuse(True)
    lamp.console.wait_for(re.escape("('failed', 104)"))
    lamp.console.wait_for("failed 111")


def test_without_wifi_nothing_connects_and_it_comes_back_by_itself(lamp):
    lamp = lamp(
        JOIN + "time.sleep(0.3)\n" + OPEN + "print('link', w.isconnected())\n"
        "while not w.isconnected(): time.sleep_ms(50)\nprint('back')\n"
    )
    lamp.console.wait_for("joined")
    lamp.network.wifi(False)
    lamp.console.wait_for("link False")
    lamp.network.wifi(True)
    lamp.console.wait_for("back")


def test_a_power_cut_says_no_goodbye_to_the_peer_and_a_soft_reset_does(lamp, echo):
    lamp = lamp(JOIN + OPEN + "time.sleep(60)\n")
    lamp.console.wait_for("connected")
    assert echo.accepted.wait(5)
    lamp.power_off()
    assert not echo.ended.wait(0.3)
    lamp.power_on()
    lamp.console.wait_for("connected")
    with open(lamp.port, "r+b", buffering=0) as port:
        port.write(b"\x03")
        lamp.console.wait_for(">>> ")
        port.write(b"\x04")
        lamp.console.wait_for("soft reboot")
    assert echo.ended.wait(5)


NTP = (
    "q = bytearray(48)\nq[0] = 0x23\nq[40:48] = b'12345678'\n"
    "u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\nu.settimeout(2)\n"
    "a = socket.getaddrinfo('pool.ntp.org', 123)[0][-1]\n"
    "try:\n"
    " u.sendto(q, a)\n r = u.recv(48)\n"
    " print('ntp', r[0], r[1], bytes(r[24:32]), struct.unpack('!I', r[40:44])[0] - 3155673600)\n"
    "except OSError as e: print('no time', e.errno)\n"
)


def test_a_time_server_tells_the_true_time_of_that_world(lamp):
    lamp = lamp(JOIN + NTP, fast=True)
    found = lamp.console.wait_for(r"ntp 36 1 b'12345678' (\d+)")
    from datetime import UTC, datetime

    told = int(found[1]) + datetime(2000, 1, 1, tzinfo=UTC).timestamp()
    assert abs(told - lamp.utc().timestamp()) <= 2


def test_time_servers_can_be_silent(node):  # noqa: F811
    lamp = node("print('still')\nimport time\ntime.sleep(60)\n")
    lamp.network.time_servers(False)
    flash_program(lamp, JOIN + NTP)
    lamp.console.wait_for("no time 110")


ASYNC = (
    "async def talk():\n"
    " r, s = await asyncio.open_connection('far.lan', 7)\n"
    " for i in range(50):\n"
    "  s.write(b'%d\\n' % i)\n  await s.drain()\n  assert int(await r.readline()) == i\n"
    "  await asyncio.sleep(60)\n"
    " s.close()\n print('talked', time.time())\n"
    "asyncio.run(talk())\n"
)


@pytest.mark.parametrize("fast", [True, False])
def test_asyncio_streams_work_in_fast_time_and_in_real_time(lamp, fast):
    program = JOIN + (ASYNC if fast else ASYNC.replace("sleep(60)", "sleep_ms(1)"))
    lamp = lamp(program, fast=fast)
    found = lamp.console.wait_for(r"talked (\d+)", 60)
    assert not fast or 3000 <= int(found[1]) <= 3010


@pytest.mark.parametrize(
    ("ssid", "password", "joins"),
    [("n" * 32, "p" * 64, True), ("ü" * 16, "p" * 64, True), ("n" * 31, "p" * 64, False), ("n" * 32, "p" * 63, False)],
)
def test_a_name_of_more_than_32_octets_and_a_passphrase_of_more_than_64_are_cut_without_a_word(
    node,  # noqa: F811
    ssid, password, joins,
):  # fmt: skip
    name = "ü" * 20 if "ü" in ssid else "n" * 33  # what the node asks for; the access point has the shorter one
    lamp = node(
        "import network, time\nw = network.WLAN(network.STA_IF)\nw.active(True)\n"
        f"w.connect({name!r}, {'p' * 70!r})\n"
        "while w.status() == network.STAT_CONNECTING: time.sleep_ms(20)\n"
        "print('end', w.isconnected())\n",
    )
    lamp.console.wait_for("end False")  # the access point has another name
    lamp.network.ssid, lamp.network.password = ssid, password
    lamp.console.forget()
    lamp.press_reset()
    lamp.console.wait_for(f"end {joins}")
