"""What all tests share: each message that any of them saw is held to the contract, and which lamppost they run on."""

import signal

import pytest

# Started in the background of a script, a process ignores Ctrl-C, and so would all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["lamplighter.contract.recording"]


def pytest_addoption(parser: pytest.Parser) -> None:
    hil = parser.getgroup("lamppost", "the lamppost that tests/hil runs on (docs/reference/hil.md)")
    hil.addoption("--node", default="virtual", metavar="virtual|PORT", help="virtual (default), or a serial port")
    hil.addoption("--board", default="lamppost-esp32", metavar="NAME", help="its board (default: lamppost-esp32)")
    hil.addoption("--broker", metavar="HOST:PORT", help="address of this machine where a lamppost on a cable finds it")
    hil.addoption("--ssid", default="lamplighter", help="its WiFi; the password comes from LAMPLIGHTER_WIFI_PASSWORD")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "virtual_only: steers power, network or parts, which a cable cannot")
    config.addinivalue_line("markers", "real_time: a tool talks to the node: their times pass alike")
