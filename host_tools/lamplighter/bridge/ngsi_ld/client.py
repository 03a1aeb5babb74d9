"""Requests to a context broker, with a time-out for each; what it answers becomes an answer, NotNow or a Problem."""

from __future__ import annotations

import http.client
import json
import random
import re
import socket
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ... import __version__
from ...documents import secret_file
from ...problems import BridgeLoginRefused, BridgeTargetWrong, BridgeTenantUnknown
from ...store.target import TargetBusy

TIMEOUT_S = 30.0
MOST = 8 << 20  # bytes of an answer
LONGEST_PAUSE_S = 300.0  # that a broker may ask for
TOKEN = "LAMPLIGHTER_NGSI_TOKEN"
_LATER = (408, 425, 429)
_TENANT = re.compile(r"[A-Za-z0-9_-]{1,50}")


class NotNow(TargetBusy):
    """The request may be tried again. perhaps -- it may have been carried out all the same."""

    def __init__(self, reason: str, perhaps: bool) -> None:
        super().__init__(reason)
        self.perhaps = perhaps


@dataclass(frozen=True)
class Answer:
    """document -- its JSON; None where it has no body"""

    status: int
    document: Any

    @property
    def reason(self) -> str:
        """In the broker's words."""
        return reason_of(self.document) or f"status {self.status}"


class Client:
    """url -- of the broker, with or without /ngsi-ld/v1; token_file -- read at each request: tokens are renewed."""

    def __init__(
        self, url: str, tenant: str | None = None, token_file: Path | None = None, ca: Path | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:  # fmt: skip
        self.url = base(url)
        self.tenant = tenant
        if tenant is not None and not _TENANT.fullmatch(tenant):
            raise BridgeTenantUnknown(
                f"{tenant!r} is no name of a tenant.", "A tenant has 1 to 50 letters, digits, hyphens and underscores."
            )
        self._token_file = token_file
        self._token()
        self._timeout_s = timeout_s
        self._pause_until = 0.0
        try:
            context = ssl.create_default_context(cafile=ca) if self.url.startswith("https:") else None
        except (OSError, ssl.SSLError) as wrong:
            raise BridgeTargetWrong(f"The CA file {ca} cannot be used: {wrong}.", "Name a PEM file.") from None
        self._opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), _NoRedirect)

    @property
    def where(self) -> str:
        return f"{self.url} (tenant {self.tenant})" if self.tenant else self.url

    def check(self, kind: str) -> None:
        """Ask for one entity of a type, to learn whether a broker is there. Raises the Problems of ask()."""
        try:
            answer = self.ask("GET", "entities", {"type": kind, "limit": "1"})
        except NotNow as busy:
            raise BridgeTargetWrong(f"{self.url} cannot be used: {busy}.") from None
        except BridgeTenantUnknown:  # some brokers make it at the first write
            return
        if answer.status == 404 and not isinstance(answer.document, dict):
            raise self._no_api(answer)

    def ask(self, method: str, path: str, query: dict[str, str] | None = None, body: Any = None) -> Answer:
        """Raises NotNow, BridgeLoginRefused, BridgeTenantUnknown, BridgeTargetWrong."""
        if (left := self._pause_until - time.monotonic()) > 0:
            time.sleep(left)
        address = f"{self.url}/{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
        headers = {"Accept": "application/json", "User-Agent": f"lamplighter/{__version__}"}
        if self.tenant:
            headers["NGSILD-Tenant"] = self.tenant
        if token := self._token():
            headers["Authorization"] = f"Bearer {token}"
        data = None
        if body is not None:
            headers["Content-Type"] = "application/ld+json"
            data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        status, headers, text = self._exchange(urllib.request.Request(address, data, headers, method=method))
        return self._judged(status, headers, text)

    def _exchange(self, request: urllib.request.Request) -> tuple[int, Any, bytes]:
        try:
            try:
                response = self._opener.open(request, timeout=self._timeout_s)
            except urllib.error.HTTPError as refused:
                response = refused
            with response:
                return response.status or 0, response.headers, self._read(response)
        except urllib.error.URLError as wrong:
            raise self._unreachable(wrong.reason) from None
        except (OSError, http.client.HTTPException) as wrong:
            raise self._unreachable(wrong) from None

    def _read(self, response: Any) -> bytes:
        """Raises TimeoutError also where bytes keep dripping in."""
        end = time.monotonic() + self._timeout_s
        parts: list[bytes] = []
        while part := response.read1(65536):
            parts.append(part)
            if time.monotonic() > end:
                raise TimeoutError
            if sum(map(len, parts)) > MOST:
                raise self._page("more than 8 MiB")
        return b"".join(parts)

    def _judged(self, status: int, headers: Any, text: bytes) -> Answer:
        if 300 <= status < 400:
            place = urllib.parse.urlsplit(headers.get("Location", ""))
            raise BridgeTargetWrong(f"{self.url} redirects to {place.scheme}://{place.netloc}, perhaps to log in.")
        if status in _LATER:
            self._pause(headers.get("Retry-After"))
            raise NotNow(f"it answers {status}, too many requests", False)
        if status >= 500 and status != 501:
            self._pause(headers.get("Retry-After"))
            raise NotNow(f"it answers {status}", True)
        if status in (401, 403):
            who = "the token" if self._token() else "a request without a token"
            raise BridgeLoginRefused(f"{self.url} answers {status}: it does not accept {who}.")
        try:
            document = json.loads(text) if text.strip() else None
        except (ValueError, RecursionError):
            if status == 404:
                raise self._no_api(None) from None
            raise self._page("a page that is not JSON") from None
        answer = Answer(status, document)
        if self.tenant and status in (400, 404) and "tenant" in answer.reason.lower():
            raise BridgeTenantUnknown(f"{self.url} has no tenant {self.tenant}: {answer.reason}.")
        return answer

    def _pause(self, asked: str | None) -> None:
        if asked and asked.strip().isdigit():
            pause = min(float(asked), LONGEST_PAUSE_S) * random.uniform(1, 1.2)
            self._pause_until = time.monotonic() + pause

    def _unreachable(self, wrong: Any) -> Exception:
        if isinstance(wrong, ssl.SSLCertVerificationError):
            return BridgeTargetWrong(
                f"{self.url} has an untrusted certificate: {wrong.verify_message}.",
                "Name the CA that signed it with --to-ca FILE, and use the name in the certificate.",
            )
        if isinstance(wrong, ssl.SSLError):
            return BridgeTargetWrong(f"{self.url} does not offer TLS: {wrong.reason}.")
        if isinstance(wrong, TimeoutError):
            return NotNow(f"it gave no answer within {self._timeout_s:g} s", True)
        if isinstance(wrong, ConnectionRefusedError):
            return NotNow("nothing listens there", False)
        if isinstance(wrong, socket.gaierror):
            return NotNow("its name cannot be resolved", False)
        if isinstance(wrong, OSError) and not isinstance(wrong, ConnectionError):
            return NotNow(f"it cannot be reached ({wrong.strerror or wrong})", False)
        return NotNow(f"the connection broke: {wrong}", True)

    def _page(self, what: str) -> BridgeTargetWrong:
        return BridgeTargetWrong(f"{self.url} answers with {what}, not as an NGSI-LD broker.")

    def _no_api(self, answer: Answer | None) -> BridgeTargetWrong:
        return BridgeTargetWrong(f"{self.url} is no NGSI-LD API: {answer.reason if answer else 'status 404'}.")

    def _token(self) -> str | None:
        return secret_file.read(self._token_file, TOKEN, 16384)


def base(url: str) -> str:
    """The address of the API. Raises BridgeTargetWrong."""
    parts = urllib.parse.urlsplit(url if "://" in url else "")
    try:
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        sound = False
    if not sound or parts.query or parts.fragment or not url.isascii() or re.search(r"[\s\x00-\x1f]", url):
        raise BridgeTargetWrong(f"{url!r} is no address such as http://orion.lan:1026.")
    if parts.username or parts.password:
        raise BridgeTargetWrong("--to holds a user or a password.", "Leave it out; give a token with --token-file.")
    path = parts.path.rstrip("/").removesuffix("/ngsi-ld/v1")
    return f"{parts.scheme}://{parts.netloc}{path}/ngsi-ld/v1"


def reason_of(document: Any, depth: int = 4) -> str:
    """One line of what a broker says of an error: problem details, a list of words, or a word."""
    if not depth:
        return ""
    if isinstance(document, str):
        return " ".join(document.split())[:300]
    if isinstance(document, list):
        return "; ".join(filter(None, (reason_of(one, depth - 1) for one in document[:3])))
    if isinstance(document, dict):
        words = [reason_of(document.get(name), depth - 1) for name in ("title", "detail", "message")]
        return ": ".join(dict.fromkeys(filter(None, words))) or reason_of(document.get("type"), depth - 1)
    return ""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A POST that is redirected would become a GET, and a page to log in would look like an answer."""

    def redirect_request(self, *_: Any) -> None:
        return None
