# network: a WiFi station in a world that has one access point, which the supervisor can take away.

from _world import world

STA_IF = 0
AP_IF = 1
STAT_IDLE = 1000
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010
STAT_NO_AP_FOUND = 201
STAT_WRONG_PASSWORD = 202
STAT_BEACON_TIMEOUT = 200
STAT_ASSOC_FAIL = 203
STAT_HANDSHAKE_TIMEOUT = 204
MODE_11B = 1
MODE_11G = 2
MODE_11N = 4
AUTH_OPEN = 0
AUTH_WPA2_PSK = 3

_JOIN_US = 300000  # how long joining takes
_ADDRESS = "10.77.0.2"


def _octets(text):
    return text.encode() if isinstance(text, str) else bytes(text or b"")


class _Air:
    """The state of the network as set by the supervisor."""

    wifi = True  # the access point is there
    open = True  # packets pass; False: blackholed

    @staticmethod
    def change(facts):
        _Air.wifi = facts["wifi"]
        _Air.open = facts["wifi"] and not facts["blackhole"]
        world.peers = _Air.open and not facts["refuse"]
        _Air.ssid = facts["ssid"]
        _Air.password = facts["password"]
        _Air.ntp = facts["ntp"]
        _Air.lies = facts["lies"]
        _Air.rssi = facts["rssi"]
        station = WLAN.station
        if station is not None:
            station.air_changed()


class WLAN:
    IF_STA = STA_IF
    IF_AP = AP_IF
    PM_NONE = 0
    PM_PERFORMANCE = 1
    PM_POWERSAVE = 2
    SEC_OPEN = 0
    SEC_WPA2 = 3
    station = None
    _hostname = "mpy-esp32"

    def __new__(cls, interface=STA_IF):
        if interface != STA_IF:
            self = object.__new__(cls)
            self._start()
            return self
        if cls.station is None:
            cls.station = object.__new__(cls)
            cls.station._start()
        return cls.station

    def __init__(self, interface=STA_IF):
        pass

    def _start(self):
        self._active = False
        self._status = STAT_IDLE
        self._wanted = None
        self._event = None
        self._settings = {"pm": 1, "txpower": 20, "reconnects": -1, "channel": 6}

    def active(self, on=None):
        if on is None:
            return self._active
        self._active = bool(on)
        if not on:
            self.disconnect()
            self._status = STAT_IDLE
        return self._active

    def connect(self, ssid=None, key=None, *, bssid=None, password=None):
        if not self._active:
            raise OSError("Wifi Not Started")
        if ssid is not None:
            # the driver copies what fits into its fields, and says nothing
            self._wanted = (_octets(ssid)[:32], _octets(key if key is not None else password)[:64])
        if self._wanted is None:
            raise OSError("Wifi Internal Error")
        self._status = STAT_CONNECTING
        self._later(_JOIN_US)

    def _later(self, us):
        if self._event is not None:
            world.cancel(self._event)
        self._event = world.at(world.us() + us, self._join)

    def _join(self):
        self._event = None
        ssid, key = self._wanted
        if not _Air.wifi or (_Air.ssid is not None and _octets(_Air.ssid) != ssid):
            self._status = STAT_NO_AP_FOUND
        elif _Air.ssid is not None and _octets(_Air.password) != key:
            self._status = STAT_WRONG_PASSWORD
        else:
            self._status = STAT_GOT_IP
            return
        if self._settings["reconnects"] != 0:
            self._later(2500000)  # the driver tries on by itself

    def air_changed(self):
        if self._status == STAT_GOT_IP and not _Air.wifi:
            self._status = STAT_BEACON_TIMEOUT
            if self._settings["reconnects"] != 0:
                self._later(2500000)

    def disconnect(self):
        if self._event is not None:
            world.cancel(self._event)
            self._event = None
        self._status = STAT_IDLE

    def isconnected(self):
        return self._active and self._status == STAT_GOT_IP

    def status(self, what=None):
        if what is None:
            return self._status
        if what == "rssi":
            return _Air.rssi
        raise ValueError("unknown status param")

    def scan(self):
        if not self._active:
            raise OSError("Wifi Not Started")
        world.sleep_us(2000000)
        if not _Air.wifi:
            return []
        return [((_Air.ssid or "lamppost").encode(), b"\x02\0\0\0\0\x01", 6, _Air.rssi, 3, False)]

    def ifconfig(self, values=None):
        up = self.isconnected()
        if up:
            return (_ADDRESS, "255.255.255.0", "10.77.0.1", "10.77.0.1")
        return ("0.0.0.0",) * 4

    def ipconfig(self, what=None, **values):
        if what is None:
            return None
        if what == "addr4":
            return self.ifconfig()[:2]
        if what == "gw4":
            return self.ifconfig()[2]
        if what == "has_dhcp4" or what == "dhcp4":
            return self.isconnected()
        raise ValueError("unknown config param")

    def config(self, what=None, **values):
        if what is None:
            if "hostname" in values:
                WLAN._hostname = values.pop("hostname")
            self._settings.update(values)
            return None
        if what == "mac":
            return bytes.fromhex(world.facts["mac"])
        if what in ("ssid", "essid"):
            return str(self._wanted[0], "utf-8") if self._wanted else ""
        if what in ("hostname", "dhcp_hostname"):
            return WLAN._hostname
        if what in self._settings:
            return self._settings[what]
        raise ValueError("unknown config param")


def hostname(name=None):
    if name is not None:
        WLAN._hostname = name
    return WLAN._hostname


def country(code=None):
    return "XX"


def phy_mode(mode=None):
    return MODE_11B | MODE_11G | MODE_11N


def ipconfig(what=None, **values):
    return None


air = _Air
world.handlers["network"] = _Air.change
_Air.change(world.facts["network"])
