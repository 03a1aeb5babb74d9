"""One parser for hosts: what no resolver and no certificate can match is refused with what to write instead."""

import pytest
from lamplighter import hosts

LABEL = "a" * 63


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("broker.lan", "broker.lan"), ("Broker.LAN", "broker.lan"), ("localhost", "localhost"),
        ("3com.lan", "3com.lan"),
        ("xn--brker-kua.lan", "xn--brker-kua.lan"), (f"{LABEL}.lan", f"{LABEL}.lan"), ("10.0.0.4", "10.0.0.4"),
        ("::1", "::1"), ("2001:db8::", "2001:db8::"), ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"), ("a-b.c", "a-b.c"),
    ],
)  # fmt: skip
def test_what_can_be_reached_is_taken_in_its_one_form(text, host):
    assert hosts.parse(text) == host


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"), ("broker.lan:1883", "has a port"), ("192.168.1.300", "not an IPv4 address"),
        ("10.0.0", "not an IPv4 address"), ("192.168.01.4", "not an IPv4 address"),
        ("0x7f000001", "not an IPv4 address"),
        ("a..b", "nothing between two points"), (".lan", "nothing between two points"), ("..", "nothing between"),
        (LABEL + "a", "64 characters between"), (f"{LABEL}." * 4 + "lan", "characters; 253"), ("x_y", "'_' in it"),
        ("a b", "' ' in it"), ("broker.lan\n", "'\\n' in it"), ("-a.lan", "hyphen"), ("a-.lan", "hyphen"),
        ("broker.lan.", "ends with a point"), ("mqtt://broker.lan", "without mqtt://"), ("broker.lan/x", "has a path"),
        ("bröker.lan", "write xn--brker-kua.lan"), ("[::1]", "write ::1"), ("[::1]:1883", "write ::1"),
        ("fe80::1%eth0", "zone"), ("::g", "not an IPv6 address"),
        ("1:2", "has a port"), ("0.0.0.0", "not a host address"),
        ("::", "not a host address"), ("224.0.0.1", "not a host address"), ("ff02::1", "not a host address"),
    ],
)  # fmt: skip
def test_what_can_never_be_reached_is_refused_with_its_reason(text, said):
    with pytest.raises(hosts.HostWrong, match=None) as caught:
        hosts.parse(text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("broker.lan", ("broker.lan", 8883)), ("broker.lan:1", ("broker.lan", 1)),
        ("10.0.0.4:65535", ("10.0.0.4", 65535)),
        ("::1", ("::1", 8883)), ("2001:db8::1", ("2001:db8::1", 8883)), ("[::1]", ("::1", 8883)),
        ("[2001:db8::1]:1883", ("2001:db8::1", 1883)),
    ],
)  # fmt: skip
def test_a_port_may_follow_and_an_ipv6_address_needs_brackets_then(text, where):
    assert hosts.split(text, 8883) == where
    assert hosts.split(hosts.joined(*where), 1) == where


@pytest.mark.parametrize(
    "text", ["broker.lan:", "broker.lan:0", "broker.lan:65536", "broker.lan:x", "broker.lan:¹", "[::1", "[::1]1883",
             "[broker.lan]:1883", "[::1]:", ":1883", "[", "]", "a:b:c"],
)  # fmt: skip
def test_a_port_that_is_none_is_refused(text):
    with pytest.raises(hosts.HostWrong):
        hosts.split(text, 8883)
