"""SNTP: what a time server's answer means, and which answers are not believed."""

from lamppost.core.calendar import rfc3339
from lamppost.core.faults import LinkFault
from lamppost.link.time import ntp
from raising import raises

NONCE = b"\x01\x02\x03\x04\x05\x06\x07\x08"
ERA_0 = 3155673600 + 848664000  # 2026-11-22T12:00:00Z in NTP's count


def reply(seconds=ERA_0, fraction=0, first=0x24, stratum=2, nonce=NONCE, delay=0, dispersion=0):
    out = bytearray(48)
    out[0] = first
    out[1] = stratum
    out[4:8] = delay.to_bytes(4, "big")
    out[8:12] = dispersion.to_bytes(4, "big")
    out[24:32] = nonce
    out[40:44] = (seconds & 0xFFFFFFFF).to_bytes(4, "big")
    out[44:48] = fraction.to_bytes(4, "big")
    return bytes(out)


def test_a_good_answer_is_a_time_with_its_uncertainty():
    seconds, ms, tu_ms = ntp.decode(reply(fraction=0x80000000, delay=0x00002000, dispersion=0x00001000), NONCE, 40)
    assert (rfc3339(seconds), ms) == ("2026-11-22T12:00:00Z", 520)
    assert 20 <= tu_ms <= 21 + 62 + 63


def test_half_of_the_round_trip_is_added_over_the_second():
    assert ntp.decode(reply(fraction=0xFFFFFFFF), NONCE, 100)[:2] == (848664001, 49)


def test_the_second_era_of_ntp_goes_on_after_2036():
    seconds = 3155673600 + 1139299200  # 2036-02-07T08:00:00Z
    assert seconds > 0xFFFFFFFF
    assert rfc3339(ntp.decode(reply(seconds), NONCE, 0)[0]) == "2036-02-07T08:00:00Z"
    assert rfc3339(ntp.decode(reply(seconds + 630000000), NONCE, 0)[0])[:4] == "2056"


def test_answers_that_cannot_be_true_are_not_believed():
    for wrong in (
        reply()[:47],
        b"",
        reply(first=0x23),  # a client's packet
        reply(first=0x1C - 0x08),  # version 2
        reply(first=0xE4),  # leap 3: the server is not set
        reply(stratum=0),  # kiss of death
        reply(stratum=16),
        reply(nonce=b"\x01\x02\x03\x04\x05\x06\x07\x09"),
        reply(nonce=bytes(8)),
        reply(seconds=0),
        reply(seconds=ERA_0 - 3 * 31557600),  # 2023
        reply(seconds=ERA_0 + 34 * 31557600),  # 2060
    ):
        with raises(LinkFault, "protocol"):
            ntp.decode(wrong, NONCE, 10)


def test_an_answer_that_took_too_long_says_too_little():
    with raises(LinkFault, "timeout"):
        ntp.decode(reply(), NONCE, 2001)
