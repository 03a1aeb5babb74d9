"""Who may open the page: anybody on this computer, and others only with a password or a client certificate."""

from __future__ import annotations

import asyncio
import base64
import hmac
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..problems import WebCertificateInvalid, WebUnprotected

SHORTEST = 8  # characters of a password
_PAUSE_S = 1.0  # after each wrong password
_MOST_WAITING = 20  # wrong passwords that are answered after the pause; more are refused at once


@dataclass(frozen=True)
class WebAccess:
    """password -- asked for by every browser; certificate, key, clients_ca -- PEM files for HTTPS.

    secret -- first part of every path, instead of a password: for a page that lives as long as one command
    """

    password: str | None = None
    certificate: Path | None = None
    key: Path | None = None
    clients_ca: Path | None = None
    secret: str | None = None

    @property
    def https(self) -> bool:
        return self.certificate is not None

    def check(self, host: str) -> None:
        """Raises WebUnprotected, WebCertificateInvalid."""
        if not (self.password or self.clients_ca or self.secret) and not loopback(host):
            raise WebUnprotected(f"The page would be open to everybody who reaches {host}.")
        if self.password is not None and len(self.password) < SHORTEST:
            raise WebUnprotected(
                f"The password of the page has {len(self.password)} characters.", f"Use {SHORTEST} or more."
            )
        if bool(self.certificate) != bool(self.key):
            raise WebCertificateInvalid("HTTPS needs a certificate and its key.")
        if self.clients_ca and not self.certificate:
            raise WebCertificateInvalid("Client certificates need HTTPS.")
        if self.certificate and self.key:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            try:
                context.load_cert_chain(self.certificate, self.key, password="")
                if self.clients_ca:
                    context.load_verify_locations(self.clients_ca)
            except (OSError, ssl.SSLError) as wrong:
                raise WebCertificateInvalid(f"HTTPS cannot use these files: {wrong}.") from None

    def for_uvicorn(self) -> dict[str, Any]:
        if not self.certificate:
            return {}
        files: dict[str, Any] = {"ssl_certfile": str(self.certificate), "ssl_keyfile": str(self.key)}
        if self.clients_ca:
            files.update(ssl_ca_certs=str(self.clients_ca), ssl_cert_reqs=ssl.CERT_REQUIRED)
        return files


def loopback(host: str) -> bool:
    """True for an address that only this computer reaches."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Guard:
    """Refuses what may not see the page, and adds the headers that keep a browser from doing what the page does not.

    A page without a password answers only to names of this computer: another site's page could otherwise read it
    through a name that it makes point here.
    """

    def __init__(self, app: ASGIApp, access: WebAccess, policy: str) -> None:
        self._app, self._access = app, access
        self._headers = [
            (name.encode(), value.encode())
            for name, value in {
                "content-security-policy": policy,
                "x-content-type-options": "nosniff",
                "referrer-policy": "no-referrer",
                "cross-origin-resource-policy": "same-origin",
                "permissions-policy": "camera=(), geolocation=(), microphone=()",
                "cache-control": "no-store",
            }.items()
        ]
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *self._headers]
            await send(message)

        if self._access.secret is not None:
            _, first, rest = (scope["path"].split("/", 2) + ["", ""])[:3]
            if not hmac.compare_digest(first.encode(), self._access.secret.encode()):
                await PlainTextResponse("There is no such page.\n", 404)(scope, receive, with_headers)
                return
            await self._app({**scope, "path": "/" + rest, "raw_path": None}, receive, with_headers)
            return
        refusal = await self._refusal(dict(scope["headers"]))
        await (refusal or self._app)(scope, receive, with_headers)

    async def _refusal(self, headers: dict[bytes, bytes]) -> PlainTextResponse | None:
        if self._access.password is None:
            if self._access.clients_ca or loopback(_name(headers.get(b"host", b""))):
                return None
            return PlainTextResponse("Open this page by the address that lamplighter printed.\n", 421)
        given = _password(headers.get(b"authorization", b""))
        if given is not None and hmac.compare_digest(given.encode(), self._access.password.encode()):
            return None
        if given is not None:
            if self._waiting >= _MOST_WAITING:
                return PlainTextResponse("Too many wrong passwords; try again later.\n", 429)
            self._waiting += 1
            try:
                await asyncio.sleep(_PAUSE_S)
            finally:
                self._waiting -= 1
        asks = {"www-authenticate": 'Basic realm="Lamplighter: any user name, and the password", charset="UTF-8"'}
        return PlainTextResponse("The password is missing or wrong.\n", 401, asks)


def _name(host: bytes) -> str:
    """The name in a Host header, without port and brackets."""
    text = host.decode("latin-1")
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0]


def _password(authorization: bytes) -> str | None:
    """The password of a Basic header; None without one."""
    kind, _, value = authorization.partition(b" ")
    if kind.lower() != b"basic":
        return None
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except ValueError:  # binascii.Error, UnicodeDecodeError
        return None
