"""Checks this computer's clock, which dates records and judges certificates."""

from __future__ import annotations

import datetime
import socket
import ssl

from ..hosts import joined
from ..pki import certificate_file, clock
from ..pki.city import City
from ..problems import ClockWrong

_MARGIN = datetime.timedelta(minutes=10)  # between the clocks of two laptops
_BROKER_S = 3.0
_FORMAT = "%Y-%m-%d %H:%M UTC"


def require(city: City) -> None:
    """Compare the clock with the dates of the city's certificates. Raises ClockWrong."""
    known = [("the city CA is valid from", city.ca.not_valid_before_utc)]
    known += [(f"{one.name} got its certificate", datetime.datetime.fromisoformat(one.issued))
              for one in city.book.entries()]  # fmt: skip
    what, latest = max(known, key=lambda one: one[1])
    now = clock.now()
    if now + _MARGIN < latest:
        raise ClockWrong(f"This computer's clock shows {now:{_FORMAT}}, but {what} {latest:{_FORMAT}}.")


def require_as_of_broker(host: str, port: int) -> None:
    """Compare it with the dates of the broker's certificate, where the broker can be reached. Raises ClockWrong."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # only its dates are of interest here
    try:
        with socket.create_connection((host, port), _BROKER_S) as plain, context.wrap_socket(plain) as secured:
            shown = secured.getpeercert(binary_form=True)
        certificate = certificate_file.parse(ssl.DER_cert_to_PEM_cert(shown or b"").encode())
    except (OSError, ValueError):
        return  # the broker is not in reach, or takes nobody without a certificate: the check of the broker tells
    now = clock.now()
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    where = f"the certificate of {joined(host, port)}"
    if now < begins:
        raise ClockWrong(f"This computer's clock shows {now:{_FORMAT}}, but {where} is valid from {begins:{_FORMAT}}.")
    if now > ends:
        raise ClockWrong(
            f"This computer's clock shows {now:{_FORMAT}}, but {where} is valid until {ends:{_FORMAT}}.",
            "Set this computer's date and time; if they are right, renew the broker's certificate with "
            "`lamplighter identity renew`.",
        )
