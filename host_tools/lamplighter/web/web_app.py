"""The page of a street: files, one stream of changes, and details of a lamppost on request."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from ..telemetry.subscriber import Subscriber
from . import page_files, rows
from .feed import Feed, event
from .live_street import LiveStreet
from .stored_history import HOURS, StoredHistory
from .web_access import Guard, WebAccess

PAUSE_S = 0.04  # changes within it travel together
MOST_BROWSERS = 500
_CHUNK = 100  # messages that are taken before anybody else has a turn
_COUNTS_S = 1.0


@dataclass(frozen=True)
class Tiles:
    """A map server's tiles under the plan: its address with {z}, {x} and {y}."""

    address: str

    @property
    def origin(self) -> str:
        return "/".join(self.address.split("/", 3)[:3])


class WebApp:
    """app -- to be served; stop() before the server ends."""

    def __init__(
        self, source: Subscriber, access: WebAccess, history: StoredHistory | None = None, tiles: Tiles | None = None
    ) -> None:
        self.street = LiveStreet(source.where)
        self._source, self._history, self._tiles = source, history, tiles
        self._feed = Feed(self._whole)
        self._rung = asyncio.Event()
        self._stopped = False
        self.app: ASGIApp = Guard(
            Starlette(
                routes=[
                    *page_files.routes("index.html"),
                    Route("/events", self._events),
                    Route("/check", self._check),
                    Route("/lamppost/{site}/{node}", self._lamppost),
                    Route("/history/{site}/{node}", self._past),
                ],
                lifespan=self._lifespan,
            ),
            access,
            page_files.policy(tiles.origin if tiles else ""),
        )

    def stop(self) -> None:
        """In the server's loop: end every stream."""
        self._stopped = True
        self._feed.close()

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self._receive()), asyncio.create_task(self._send())]
        yield
        self._stopped = True
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _receive(self) -> None:
        while not self._stopped:
            arrived = await asyncio.to_thread(self._source.next, 0.5)
            taken = 0
            while arrived is not None and taken < _CHUNK:
                self.street.take(arrived)
                taken += 1
                arrived = self._source.next(0)
            if arrived is not None:
                self.street.take(arrived)
            self._rung.set()

    async def _send(self) -> None:
        counted, broker = 0.0, dict(vars(self.street.broker))
        clock = asyncio.get_running_loop().time
        while True:
            await self._rung.wait()
            self._rung.clear()
            street = self.street
            changed, street.changed = street.changed, set()
            alarms_changed, street.alarms_changed = street.alarms_changed, False
            if not self._feed.followers:
                self._feed.unseen()
                continue
            batch: dict[str, Any] = {}
            if changed:
                batch["nodes"] = [self._row(name) for name in sorted(changed)]
            if vars(street.broker) != broker:
                batch["broker"] = broker = dict(vars(street.broker))
            if alarms_changed:
                batch["alarms"] = street.alarms.rows()
            if clock() - counted >= _COUNTS_S:
                counted = clock()
                batch["counts"] = street.telemetry.summary()
                batch["now"] = street.telemetry.utc()
            if batch:
                self._feed.publish(event("change", batch))
                await asyncio.sleep(PAUSE_S)

    def _row(self, name: str) -> dict[str, Any]:
        node = self.street.node(name)
        assert node is not None
        return rows.row(node, self.street.memory(name))

    def _whole(self) -> bytes:
        street = self.street
        return event(
            "street",
            {
                "now": street.telemetry.utc(),
                "broker": vars(street.broker),
                "tiles": self._tiles.address if self._tiles else None,
                "history": list(HOURS) if self._history else [],
                "counts": street.telemetry.summary(),
                "alarms": street.alarms.rows(),
                "nodes": [self._row(f"{site}/{node}") for site, node in sorted(street.telemetry.nodes)],
            },
        )

    async def _events(self, _request: Request) -> Response:
        if self._feed.followers >= MOST_BROWSERS:
            return PlainTextResponse("Too many browsers have this page open.\n", 503)
        return StreamingResponse(self._feed.follow(), media_type="text/event-stream")

    async def _check(self, _request: Request) -> Response:
        return JSONResponse(rows.check(self.street))

    async def _lamppost(self, request: Request) -> Response:
        found = rows.detail(self.street, _name(request))
        return JSONResponse(found, 200 if found else 404)

    async def _past(self, request: Request) -> Response:
        hours = request.query_params.get("hours", "24")
        if self._history is None or not hours.isdecimal():
            return JSONResponse({"problem": "The page was started without --store."}, 404)
        return JSONResponse(await asyncio.to_thread(self._history.of, _name(request), int(hours[:6])))


def _name(request: Request) -> str:
    return f"{request.path_params['site']}/{request.path_params['node']}"
