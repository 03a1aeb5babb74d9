"""WiFi: joins, says why it cannot, and frees a driver that is stuck."""

import asyncio

from lamppost.core.faults import LinkFault
from lamppost.link.wifi import Wifi
from raising import raises


class Wlan:
    """A station that connects after `steps` looks, or never and with a status that says why."""

    PM_NONE = 0

    def __init__(self):
        self.said = []
        self.on = False
        self.stands = self.asked = False
        self.steps = 1
        self.why = 1001  # connecting
        self.error = None
        self.rssi = -61

    def active(self, on=None):
        if on is None:
            return self.on
        self.said.append("on" if on else "off")
        self.on = on
        return None

    def config(self, **options):
        if "reconnects" in options:
            raise ValueError("unknown option")

    def connect(self, ssid, password):
        if self.error:
            raise self.error
        self.said.append("connect " + ssid)
        self.asked = True

    def disconnect(self):
        self.stands = self.asked = False

    def isconnected(self):
        if self.asked and self.why == 1001 and not self.stands:
            self.steps -= 1
            self.stands = self.steps < 0
        return self.stands

    def status(self, what=None):
        if what == "rssi":
            return self.rssi
        return 1010 if self.stands else self.why


class Network:
    STA_IF = 0

    def __init__(self):
        self.wlan = Wlan()

    def WLAN(self, interface):  # noqa: N802 -- MicroPython's name
        return self.wlan


class Bench:
    def __init__(self):
        self.network = Network()
        self.wlan = self.network.wlan
        self.now = 0
        self.beats = 0
        self.wifi = Wifi(self.network, "lamp", "secret", self.ticks, lambda a, b: a - b)

    def ticks(self):
        self.now += 200
        return self.now

    def alive(self):
        self.beats += 1

    def join(self, timeout_ms=600):
        asyncio.run(self.wifi.join(self.alive, timeout_ms))


def test_joining_switches_the_station_on_and_waits_until_it_stands():
    bench = Bench()
    bench.join()
    assert bench.wlan.said == ["on", "connect lamp"] and bench.wifi.up()
    assert bench.beats, "the watchdog must hear of it while we wait"
    assert bench.wifi.rssi() == -61


def test_a_station_that_stands_is_left_alone():
    bench = Bench()
    bench.join()
    bench.wlan.said.clear()
    bench.wlan.said.append("connect lamp")
    bench.join()
    assert bench.wlan.said == ["connect lamp"]


def test_why_it_does_not_join_is_said_without_the_password():
    for status, words in ((201, "no access point"), (202, "wrong password"), (1001, "no answer within 600 ms")):
        bench = Bench()
        bench.wlan.why = status
        bench.wlan.steps = 1000
        with raises(LinkFault, "nowifi") as caught:
            bench.join()
        assert words in caught.error.detail and "secret" not in str(caught.error)
        assert not bench.wifi.up() and bench.wifi.rssi() is None


def test_a_driver_that_is_stuck_is_switched_off_and_on():
    bench = Bench()
    bench.wlan.error = OSError("Wifi Internal State Error")
    for _ in range(3):
        with raises(LinkFault, "nowifi"):
            bench.join()
    assert "off" not in bench.wlan.said
    bench.wlan.error = None
    bench.wlan.on = True
    bench.join()
    assert bench.wlan.said[-3:] == ["off", "on", "connect lamp"]


def test_a_link_that_brings_nothing_through_is_joined_anew():
    bench = Bench()
    bench.join()
    bench.wifi.distrust()
    assert not bench.wifi.up()
    bench.wlan.steps = 1
    bench.join()
    assert bench.wlan.said.count("connect lamp") == 2


def test_joining_goes_on_while_the_node_builds_its_parts_and_is_not_begun_a_second_time():
    bench = Bench()
    bench.wifi.start()
    assert bench.wlan.said == ["on", "connect lamp"] and bench.now == 0, "nothing is waited for"
    bench.join()
    assert bench.wifi.up() and bench.wlan.said == ["on", "connect lamp"]


def test_a_start_that_failed_is_reported_and_tried_again_by_the_joins_that_follow():
    bench = Bench()
    bench.wlan.why = 201
    bench.wifi.start()
    with raises(LinkFault, "nowifi") as caught:
        bench.join()
    assert "no access point" in caught.error.detail
    bench.wlan.why = 1001
    bench.join()
    assert bench.wifi.up() and bench.wlan.said.count("connect lamp") == 2

    bench = Bench()
    bench.wlan.error = OSError("Wifi Internal State Error")
    bench.wifi.start()
    bench.wlan.error = None
    bench.join()
    assert bench.wifi.up()
