"""What mbedTLS says of a certificate, in our words: a wrong clock is told apart from a wrong broker."""

import asyncio
import errno

from lamppost.core.faults import LinkFault
from lamppost.link.tls import Tls, judge
from raising import raises

EXPIRED = "The certificate validity has expired\n"
FUTURE = "The certificate validity starts in the future\n"
NAME = "The certificate Common Name (CN) does not match with the expected CN\n"
CA = "The certificate is not correctly signed by the trusted CA\n"


class Clock:
    def __init__(self, offset_s=0):
        self.offset_s = offset_s

    def utc_s(self):
        return None if self.offset_s is None else 850000000


def test_each_cause_has_its_word():
    assert judge(EXPIRED, True) == "expired"
    assert judge(FUTURE, True) == "notyet"
    assert judge(NAME, True) == "wrongname"
    assert judge(CA, True) == "untrusted"
    assert judge("The certificate is signed with an unacceptable hash.\n", True) == "untrusted"
    assert judge("", True) == "untrusted"


def test_who_is_not_trusted_is_that_first_whatever_else_is_wrong():
    assert judge(EXPIRED + CA, True) == "untrusted"
    assert judge(NAME + CA, True) == "untrusted"
    assert judge(EXPIRED + NAME, True) == "wrongname"
    assert judge(EXPIRED + FUTURE, True) == "expired"


def test_without_the_time_no_certificate_is_called_expired_but_a_stranger_is_still_one():
    assert judge(EXPIRED, False) == "clock"
    assert judge(FUTURE, False) == "clock"
    assert judge(FUTURE + CA, False) == "untrusted"
    assert judge(FUTURE + NAME, False) == "wrongname"


def test_each_number_of_mbedtls_has_its_word():
    tls = Tls({"ca": "x"}, "broker.lan", Clock())
    for error, stands, word in (
        (OSError(-0x2700, "X509"), False, "untrusted"),
        (OSError(-0x7780, "alert"), False, "rejected"),
        (OSError(-0x7780, "alert"), True, "closed"),
        (OSError(-0x7280), False, "tls"),
        (OSError(-0x7200), False, "tls"),
        (OSError(12), False, "nomemory"),
        (OSError(-0x7F00, "alloc"), False, "nomemory"),
        (OSError(errno.ECONNRESET), False, "rejected"),
        (OSError(errno.ECONNRESET), True, "closed"),
        (ValueError(NAME), False, "wrongname"),
    ):
        assert tls.fault(error, stands).word == word, error
    assert "broker.lan" in tls.fault(ValueError(CA), False).detail


def test_a_certificate_that_is_not_there_has_its_word_and_names_the_file():
    with raises(LinkFault, "nocert") as missing:
        asyncio.run(Tls({"ca": "/certs/nowhere.der"}, "broker.lan", Clock()).prepare(None, None, 0))
    assert "/certs/nowhere.der" in missing.error.detail
