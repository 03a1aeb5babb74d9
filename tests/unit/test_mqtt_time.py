"""SNTP: what a time server's answer means, and which answers are not believed."""

from lamppost.core.calendar import rfc3339
from lamppost.core.clock import Clock
from lamppost.core.faults import LinkFault
from lamppost.link.time import ntp
from lamppost.link.time.consensus import Answer, Jury
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


def test_every_second_around_the_roll_over_of_2036_and_beyond_is_told_as_it_is():
    for since_2000, told in (
        (1139293695, "2036-02-07T06:28:15Z"),  # the last second of NTP's era 0
        (1139293696, "2036-02-07T06:28:16Z"),  # its count is 0, which alone means that no time is set
        (1139293697, "2036-02-07T06:28:17Z"),
        (1200798847, "2038-01-19T03:14:07Z"),  # the last second of a signed count of 32 bits since 1970
        (1200798848, "2038-01-19T03:14:08Z"),
        (1893455999, "2059-12-31T23:59:59Z"),
    ):
        answer = reply(3155673600 + since_2000, fraction=0x80000000)
        seconds, ms, _ = ntp.decode(answer, NONCE, 0)
        assert (rfc3339(seconds), ms) == (told, 500)


def test_answers_on_both_sides_of_the_roll_over_agree():
    clock = Clock(lambda: 5000, lambda a, b: a - b)
    before = Answer("a", clock, *ntp.decode(reply(3155673600 + 1139293695, 0xF0000000), NONCE, 2))
    after = Answer("b", clock, *ntp.decode(reply(3155673600 + 1139293696, 0x10000000), NONCE, 2))
    assert before.agrees(after) and Jury(clock).settle([before, after])


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
        reply(seconds=0, fraction=0),
        reply(seconds=ERA_0 - 3 * 31557600),  # 2023
        reply(seconds=ERA_0 + 34 * 31557600),  # 2060
    ):
        with raises(LinkFault, "protocol"):
            ntp.decode(wrong, NONCE, 10)


def test_an_answer_that_took_too_long_says_too_little():
    with raises(LinkFault, "timeout"):
        ntp.decode(reply(), NONCE, 2001)
