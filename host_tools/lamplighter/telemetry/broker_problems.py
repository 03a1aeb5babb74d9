"""Why a broker does not let a subscriber in, as a Problem with its remedy."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import dataclass
from pathlib import Path

from .. import hosts
from ..problems import BrokerLoginRefused, BrokerNotFound, BrokerRefused, BrokerUnreachable, Problem

_DATES = (9, 10)  # OpenSSL's numbers: not yet valid, expired
_OTHER_NAME = (62, 64)  # host name mismatch, address mismatch
_LOGIN = ("Bad user name or password", "Not authorized", "Banned")


@dataclass(frozen=True)
class BrokerAddress:
    """tls -- True for the system's authorities, or the path of a CA file.

    identity -- (key, certificate) as PEM files, for a broker that asks for them
    """

    host: str
    port: int
    tls: bool | Path = False
    identity: tuple[Path, Path] | None = None
    timeout: float = 10.0

    @property
    def where(self) -> str:
        return hosts.joined(self.host, self.port)

    def context(self) -> ssl.SSLContext | None:
        return tls_context(self.tls, self.identity)

    def no_such_name(self) -> Problem:
        return BrokerNotFound(f"The broker's name {self.host!r} cannot be resolved.")

    def silent(self) -> Problem:
        return BrokerRefused(
            f"{self.where} accepts the connection, but gives no MQTT answer within {self.timeout:g} s.",
            "Check the port: usually 1883, with --tls 8883.",
        )

    def closed(self, mqtt5: bool = False) -> Problem:
        """mqtt5 -- MQTT 5.0 was asked for, which older brokers answer by closing the connection"""
        older = " The broker must speak MQTT 5.0; that of `lamplighter broker` does not." if mqtt5 else ""
        return BrokerRefused(f"{self.where} closed the connection before the MQTT handshake.", self._remedy() + older)

    def not_mqtt5(self) -> Problem:
        return BrokerRefused(
            f"{self.where} does not speak MQTT 5.0.", "Check the port; use a broker with MQTT 5.0, such as Mosquitto."
        )

    def refused(self, reason: str) -> Problem:
        """reason -- of the broker's CONNACK, as MQTT names it, such as `Not authorized`"""
        kind = BrokerLoginRefused if reason in _LOGIN else BrokerRefused
        return kind(f"The broker {self.where} refused the connection: {reason.lower()}.")

    def not_subscribed(self, filters: list[str]) -> Problem:
        return BrokerLoginRefused(f"The broker {self.where} does not let this user subscribe to {', '.join(filters)}.")

    def unreachable(self, wrong: OSError) -> Problem:
        return unreachable(wrong, self.host, self.port, bool(self.tls), self.timeout)

    def _remedy(self) -> str:
        if not self.tls:
            return "Check the port; if the broker wants TLS, add --tls."
        if not self.identity:
            return (
                "The broker may require a client certificate: --identity FOLDER --as NAME, or --cert, --key and --ca."
            )
        return "Check that this broker's CA issued the certificate, and that it is neither expired nor revoked."


def tls_context(tls: bool | Path, identity: tuple[Path, Path] | None) -> ssl.SSLContext | None:
    """As BrokerAddress has them; None without TLS. Raises BrokerRefused."""
    if not tls:
        return None
    ca = tls if isinstance(tls, Path) else None
    # not create_default_context: from Python 3.13 on it refuses certificates that lack what no broker needs
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if ca:
            context.load_verify_locations(ca)
        else:
            context.load_default_certs()
        if identity:
            key, certificate = identity
            context.load_cert_chain(certificate, key)
    except OSError as wrong:  # an SSLError is one
        cause = f"The CA file {ca}{' or the certificate' if identity else ''} cannot be used: {wrong}."
        raise BrokerRefused(cause, "Name a PEM file with --ca.") from None
    return context


def unreachable(wrong: OSError, host: str, port: int, tls: bool, timeout: float, secured: str = "8883") -> Problem:
    """What to tell of a connection that failed. secured -- the server's usual port with TLS"""
    where = hosts.joined(host, port)
    if isinstance(wrong, socket.gaierror):
        return BrokerNotFound(f"The broker's name {host!r} cannot be resolved.")
    if isinstance(wrong, ssl.SSLCertVerificationError) and wrong.verify_code in _DATES:
        now = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
        return BrokerRefused(
            f"The certificate of {where} is not valid at {now}, as this computer's clock says: "
            f"{wrong.verify_message}.",
            "Set this computer's date and time; if they are right, renew the broker's certificate.",
        )
    if isinstance(wrong, ssl.SSLCertVerificationError) and wrong.verify_code in _OTHER_NAME:
        return BrokerRefused(
            f"The certificate of {where} does not hold the name {host}.",
            "Name the broker as its certificate does, or have it hold this name too (with this city's CA: "
            f"`lamplighter identity renew --broker NAME --host {host}`).",
        )
    if isinstance(wrong, ssl.SSLCertVerificationError):
        return BrokerRefused(
            f"{where} has an untrusted certificate: {wrong.verify_message}.",
            "Name the CA that signed it with --ca FILE, and use the broker name of the certificate.",
        )
    if isinstance(wrong, ssl.SSLError) or (tls and isinstance(wrong, ConnectionResetError | EOFError)):
        return BrokerRefused(
            f"{where} does not offer TLS.",
            f"Leave out --tls, or give the broker's TLS port (usually {secured}).",
        )
    if isinstance(wrong, TimeoutError):
        return BrokerUnreachable(f"{where} did not answer within {timeout:g} s.")
    if isinstance(wrong, ConnectionRefusedError):
        return BrokerUnreachable(f"No broker listens at {where}: connection refused.")
    return BrokerUnreachable(f"{where} cannot be reached: {wrong.strerror or wrong}.")
