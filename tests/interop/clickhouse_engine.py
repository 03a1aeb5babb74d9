"""ClickHouse's own engine behind as much of its HTTP interface as its client library speaks.

python clickhouse_engine.py PORT FOLDER -- a query at a time. The engine, its SQL and
its files are real; its server, with users, parallel queries and its own time-outs, is not.
"""

from __future__ import annotations

import base64
import sys
import tempfile
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from chdb.session import Session  # pyright: ignore[reportMissingImports]

_LOGIN = "Basic " + base64.b64encode(b"default:").decode()
# of the URL: what is no setting
_NO_SETTINGS = {"database", "query", "query_id", "session_id", "wait_end_of_query", "client_protocol_version",
                "compress", "decompress", "enable_http_compression", "role", "default_format",
                "send_progress_in_http_headers", "http_headers_progress_interval_ms"}  # fmt: skip


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    session: Session
    free = threading.Lock()  # the engine's session takes a query at a time; connections stay open in between
    prepared: ClassVar[dict[str, str]] = {}  # database and settings of the session, as they were last set
    cut = ""  # the next statement with these words is run, and its answer breaks off in the middle

    def do_GET(self) -> None:
        self._send(200, b"Ok.\n")

    def do_POST(self) -> None:
        about = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            body = b"".join(self._chunks())
        if "cut" in about:
            type(self).cut = about["cut"]
            self._send(200, b"")
            return
        try:
            if self.headers.get("Authorization") != _LOGIN:
                raise RuntimeError("Code: 516. DB::Exception: Authentication failed. (AUTHENTICATION_FAILED)")
            with self.free:
                found = self._run(about, body)
            if self.cut and self.cut in (about.get("query") or body.decode()):
                type(self).cut = ""
                self.close_connection = True
                if found:
                    self._send(200, found, len(found) // 2)
                return
            self._send(200, found)
        except RuntimeError as wrong:
            self._send(500, str(wrong).encode())

    def _run(self, about: dict[str, str], body: bytes) -> bytes:
        run = self.session.query
        settings = {name: value for name, value in about.items() if name not in _NO_SETTINGS}
        for statement in (
            f"USE `{about.get('database') or 'default'}`",
            *(f"SET {name} = '{value}'" for name, value in settings.items()),
        ):
            what = statement.split()[1] if statement.startswith("SET") else "USE"
            if self.prepared.get(what) != statement:
                run(statement)
                self.prepared[what] = statement
        if "query" not in about:
            query = body.decode().strip()
            words, _, form = query.rpartition("FORMAT ")
            return run(words or query, form.split()[0].rstrip(";") if words else "TSV").bytes()
        # the rows of an INSERT
        head, _, form = about["query"].rpartition(" FORMAT ")
        with tempfile.NamedTemporaryFile(suffix=".rows") as file:
            file.write(body)
            file.flush()
            run(f"{head} SELECT * FROM file('{file.name}', '{form.strip()}')")
        return b""

    def _chunks(self):
        while size := int(self.rfile.readline().strip(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _send(self, status: int, data: bytes, until: int | None = None) -> None:
        self.send_response(status)
        if status != 200:
            self.send_header("X-ClickHouse-Exception-Code", data.decode().partition("Code: ")[2].partition(".")[0])
        self.send_header("X-ClickHouse-Summary", "{}")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[:until])

    def log_message(self, format: str, *args: object) -> None: ...


if __name__ == "__main__":
    Answer.session = Session(sys.argv[2])
    with ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answer) as server:
        print("ready", flush=True)
        server.serve_forever()
