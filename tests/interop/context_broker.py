"""A stand-in for an NGSI-LD context broker: it keeps entities and their history, and answers as known brokers do.

The differences between the brokers are those of their published documentation and issues; docs/integrate/ngsi-ld.md
names them. Like them it adds an instance to an attribute's history at each write, also when the same value comes again.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote

ERRORS = "https://uri.etsi.org/ngsi-ld/errors/"
RESERVED = ("id", "type", "@context")
Reply = tuple[int, Any, dict[str, str]]


class ContextBroker:
    """style -- "orion", "scorpio", "stellio", or "old scorpio": how it answers to batches.

    faults -- taken one a request: a status, "stall" (no answer), "lost" (done, but no answer), "page" (HTML),
    "redirect", "empty" (207 without a body), "error one" (the first entity fails)
    wrong -- ids that are always refused; token -- what a request must bring
    """

    def __init__(self, style: str = "orion") -> None:
        self.style = style
        self.entities: dict[str, dict[str, dict[str, Any]]] = {}  # tenant: id: entity
        self.instances: Counter[tuple[str, str, str]] = Counter()  # (id, attribute, observedAt)
        self.requests: list[tuple[str, str, Any]] = []
        self.contexts: list[Any] = []
        self.faults: list[Any] = []
        self.wrong: set[str] = set()
        self.token = ""
        self.tenants: set[str] | None = None  # None: made at the first write
        self.temporal = True
        self.largest = 1000
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._port = 0
        self.start()

    def start(self) -> None:
        self._stopped.clear()
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), _handler(self))
        self._server.daemon_threads = True
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def of(self, id: str, tenant: str = "") -> dict[str, Any]:
        return self.entities.get(tenant, {}).get(id, {})

    def doubled(self) -> dict[tuple[str, str, str], int]:
        return {key: count for key, count in self.instances.items() if count > 1}

    def until(self, holds: Callable[[], Any], within: float = 60) -> Any:
        end = time.monotonic() + within
        with self._changed:
            while not (value := holds()):
                left = end - time.monotonic()
                assert left > 0, (self.entities, self.requests[-3:])
                self._changed.wait(left)
            return value

    # the rest runs in the server's threads

    def answer(self, method: str, path: str, headers: Any, body: Any) -> Reply | None:
        with self._changed:
            self.requests.append((method, path, body))
            fault = self.faults.pop(0) if self.faults else None
        try:
            return self._answer(method, path, headers, body, fault)
        finally:
            with self._changed:
                self._changed.notify_all()

    def _answer(self, method: str, path: str, headers: Any, body: Any, fault: Any) -> Reply | None:
        if fault == "stall":
            self._stopped.wait(30)
            return None
        if fault == "page":
            return 200, "<!DOCTYPE html><title>Log in</title>", {}
        if fault == "redirect":
            return 302, None, {"Location": "http://login.lan/?next=orion"}
        if isinstance(fault, tuple):
            return fault
        if isinstance(fault, int):
            return fault, _problem("InternalError", "Internal error"), {}
        if self.token and headers.get("Authorization") != f"Bearer {self.token}":
            return 401, _problem("AccessDenied", "Unauthorized"), {}
        tenant = headers.get("NGSILD-Tenant") or ""
        if tenant and (tenant not in (self.entities if self.tenants is None else self.tenants)) and (
            self.tenants is not None or method == "GET"
        ):
            return 404, _problem("NonexistentTenant", "No such tenant", tenant), {}
        where, _, query = path.partition("?")
        parameters = {name: values[0] for name, values in parse_qs(query).items()}
        store = self.entities.setdefault(tenant, {})
        where = where.removeprefix("/ngsi-ld/v1").rstrip("/")
        with self._changed:
            if method == "POST" and where == "/entityOperations/upsert":
                assert parameters.get("options") == "update" and headers["Content-Type"] == "application/ld+json"
                reply = self._upsert(store, body, fault)
            elif method == "GET" and where == "/entities":
                ids = parameters.get("id", "").split(",")
                reply = 200, [self._shown(store[id]) for id in ids if id in store], {}
            elif self.temporal and method == "POST" and where == "/temporal/entities":
                for name, rows in body.items():
                    for row in rows if name not in RESERVED else ():
                        self.instances[body["id"], name, row["observedAt"]] += 1
                reply = 204, None, {}
            elif self.temporal and method == "GET" and where.startswith("/temporal/entities/"):
                reply = self._past(unquote(where.rpartition("/")[2]), parameters)
            elif "/temporal/" in where:
                reply = 501, _problem("OperationNotSupported", "Not implemented"), {}
            else:
                reply = 404, _problem("ResourceNotFound", "Service not found"), {}
        return None if fault == "lost" else reply

    def _upsert(self, store: dict[str, Any], rows: list[dict[str, Any]], fault: Any) -> Reply:
        if len(rows) > self.largest:
            return 413, None, {}
        ids = [row["id"] for row in rows]
        assert len(ids) == len(set(ids)), "an entity is twice in a batch"
        failed = set(ids) & self.wrong
        if fault == "error one":
            failed = {ids[0]}
        created = [id for id in ids if id not in store and id not in failed]
        for row in rows:
            self.contexts.append(row["@context"])
            if row["id"] in failed:
                continue
            entity = store.setdefault(row["id"], {"id": row["id"], "type": row["type"]})
            for name, attribute in row.items():
                if name not in RESERVED:
                    assert None not in attribute.values() and attribute.get("value", 0) is not None
                    entity[name] = attribute
                    if "observedAt" in attribute:
                        self.instances[row["id"], name, attribute["observedAt"]] += 1
        done = [id for id in ids if id not in failed]
        if fault == "empty":
            return 207, None, {}
        passing = fault == "error one"
        if failed and self.style == "old scorpio":
            return 207, [{"id": id, "type": "Upsert", "failure" if id in failed else "success": [_error(passing)]}
                         for id in ids], {}  # fmt: skip
        if failed:
            error = ["Invalid value"] if self.style == "stellio" else _error(passing)
            if self.style == "stellio":
                error = [f"{'InternalError' if passing else 'BadRequestData'}: {error[0]}"]
            document = {"success": done, "errors": [{"entityId": id, "error": error} for id in failed]}
            return 400 if self.style == "scorpio" and not done else 207, document, {}
        if self.style == "orion" and created and len(created) < len(ids):
            return 207, {"success": done, "errors": []}, {}
        return (201, created, {}) if created else (204, None, {})

    def _shown(self, entity: dict[str, Any]) -> dict[str, Any]:
        """With names as a broker has them without the user's context, and times in its own form."""
        text = json.dumps(entity).replace('Z"', '.000Z"' if self.style != "stellio" else 'Z"')
        return {name if name in RESERVED else f"https://x/{name}": value for name, value in json.loads(text).items()}

    def _past(self, id: str, parameters: dict[str, str]) -> Reply:
        found: dict[str, Any] = {}
        for of, name, at in self.instances:
            if of == id and parameters["timeAt"] <= at <= parameters["endTimeAt"]:
                found.setdefault(name, []).append({"type": "Property", "value": 0, "observedAt": at})
        return (200, {"id": id, **found}, {}) if found else (404, _problem("ResourceNotFound", "Not found"), {})


def _problem(kind: str, title: str, detail: str = "") -> dict[str, Any]:
    return {"type": ERRORS + kind, "title": title, "detail": detail}


def _error(passing: bool) -> dict[str, Any]:
    return _problem("InternalError" if passing else "BadRequestData", "Invalid value", "of an attribute")


def _handler(broker: ContextBroker) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._do(None)

        def do_POST(self) -> None:
            self._do(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _do(self, body: Any) -> None:
            reply = broker.answer(self.command, self.path, self.headers, body)
            if reply is None:
                self.close_connection = True
                return
            status, document, headers = reply
            page = isinstance(document, str)
            data = document.encode() if page else b"" if document is None else json.dumps(document).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "text/html" if page else "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None: ...

    return Handler
