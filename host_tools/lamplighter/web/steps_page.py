"""The steps of a commissioning as rows on a phone in the same network, for as long as the command runs."""

from __future__ import annotations

import secrets
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from ..problems import Problem
from . import page_files
from .feed import Feed, event
from .web_access import Guard, WebAccess
from .web_server import WebServer

NOTES = 40  # lines of a step that are kept


class StepsPage:
    """`with StepsPage(title, steps, host) as page:`; page.address has a secret of this run in it.

    begin(), say(), asks(), failed() and done() may be called from any thread.
    """

    def __init__(self, title: str, steps: list[str], host: str) -> None:
        self._title = title
        self._rows: list[dict[str, Any]] = [{"name": name, "state": "waiting", "notes": []} for name in steps]
        self._before: list[str] = []  # notes before the first step
        self._question = self._verdict = ""
        self._problem: dict[str, str] | None = None
        self._feed = Feed(self._state)
        access = WebAccess(secret=secrets.token_urlsafe(16))
        routes = [*page_files.routes("steps.html"), Route("/events", self._events)]
        app = Guard(Starlette(routes=routes), access, page_files.policy())
        self._server = WebServer(app, host, 0, access, self._feed.close)

    def __enter__(self) -> StepsPage:
        self._server.__enter__()
        return self

    def __exit__(self, *about: object) -> None:
        self._server.__exit__(*about)

    @property
    def address(self) -> str:
        return self._server.address

    def begin(self, number: int) -> None:
        """Step `number`, from 1, begins; those before it are done."""
        self._change(self._begin, number)

    def say(self, text: str) -> None:
        self._change(self._say, text)

    def asks(self, question: str) -> None:
        """Somebody must answer at the computer; "" when it was answered."""
        self._change(self._ask, question)

    def failed(self, problem: Problem) -> None:
        self._change(self._fail, problem)

    def done(self, verdict: str, good: bool) -> None:
        self._change(self._end, verdict, good)

    def _change(self, change: Any, *arguments: Any) -> None:
        def changed() -> None:
            change(*arguments)
            self._feed.unseen()
            self._feed.publish(self._state())

        self._server.call(changed)

    def _begin(self, number: int) -> None:
        for row in self._rows[: number - 1]:
            row["state"] = "done"
        self._rows[number - 1]["state"] = "running"

    def _say(self, text: str) -> None:
        running = [row for row in self._rows if row["state"] == "running"]
        notes = running[-1]["notes"] if running else self._before
        notes.append(text)
        del notes[:-NOTES]

    def _ask(self, question: str) -> None:
        self._question = question

    def _fail(self, problem: Problem) -> None:
        for row in self._rows:
            if row["state"] == "running":
                row["state"] = "failed"
        self._problem = {"cause": problem.cause, "remedy": problem.remedy}

    def _end(self, verdict: str, good: bool) -> None:
        for row in self._rows:
            row["state"] = "done"
        if not good:
            self._rows[-1]["state"] = "postponed"
        self._verdict = verdict

    def _state(self) -> bytes:
        return event(
            "steps",
            {"title": self._title, "before": self._before, "steps": self._rows, "question": self._question,
             "problem": self._problem, "verdict": self._verdict},
        )  # fmt: skip

    async def _events(self, _request: Request) -> StreamingResponse:
        return StreamingResponse(self._feed.follow(), media_type="text/event-stream")
