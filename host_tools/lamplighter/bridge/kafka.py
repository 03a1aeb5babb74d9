"""Telemetry from MQTT to a topic of Kafka; a sink of the store's loop, as a database is."""

from __future__ import annotations

import asyncio
import contextlib
import time
import zlib
from concurrent.futures import Future
from datetime import UTC
from typing import Any

from ..problems import BridgeTargetWrong
from ..store.extra import needed
from ..store.messages import Message, Record, Rejected
from ..store.sources.background import Background
from ..store.sources.kafka_link import RECEIVED, REPEATED, RETAINED, TOPIC, KafkaAccess, words
from ..store.target import Committed, OnePlace, TargetBusy

ANSWER_S = 5.0  # for a batch; then the user hears of it
GIVE_UP_S = 60.0  # the batch is sent again


class KafkaProducer(OnePlace):
    """Each message keeps its bytes. Its key is the lamppost, so that one partition has all of a lamppost in order."""

    what = "Kafka"

    def __init__(self, access: KafkaAccess, topic: str) -> None:
        self._aiokafka = needed("aiokafka", "kafka")
        self._access, self._topic = access, topic
        self.where = f"the topic {topic} of {access.where}"
        self.session = f"lamplighter-kafka-{zlib.crc32(self.where.encode()):08x}"
        self._background = Background()
        self._producer: Any = None
        self._sending: Future[None] | None = None  # of the batch that is not committed yet
        self._begun = 0.0

    def open(self) -> None:
        """Raises BrokerRefused, BrokerLoginRefused, BridgeTargetWrong."""
        if self._topic not in self._background.run(self._access.topics()):
            raise BridgeTargetWrong(
                f"{self._access.where} has no topic {self._topic}.",
                "Create it; docs/integrate/scale.md has its settings.",
            )
        self._background.run(self._open())

    def commit(self, batch: list[Record | Message | Rejected]) -> Committed:
        """Waits on for a batch that it was already given: sent again, Kafka would have it twice."""
        if self._sending is None:
            self._sending, self._begun = self._background.start(self._send(batch)), time.monotonic()
        try:
            self._sending.result(ANSWER_S)
        except TimeoutError:
            if time.monotonic() - self._begun > GIVE_UP_S:
                self._sending.cancel()
                self._sending = None
            raise TargetBusy(f"no acknowledgement within {ANSWER_S:g} s") from None
        except self._aiokafka.errors.KafkaError as wrong:
            self._sending = None
            raise TargetBusy(words(wrong)) from None
        self._sending = None
        rejected = sum(isinstance(one, Rejected) for one in batch)
        return Committed(len(batch) - rejected, 0, rejected)

    def rest(self) -> None:
        """Kafka has all that was committed."""

    def close(self) -> None:
        """What Kafka has not acknowledged comes again from the MQTT broker."""
        if self._producer:
            with contextlib.suppress(TimeoutError):
                self._background.run(self._producer.stop(), ANSWER_S)
        self._background.close()

    # the rest runs in the loop's thread

    async def _open(self) -> None:
        errors = self._aiokafka.errors
        for idempotent in (True, False):
            producer = self._aiokafka.AIOKafkaProducer(
                acks="all", enable_idempotence=idempotent, linger_ms=5, **self._access.options()
            )
            try:
                await producer.start()
            except (errors.UnknownError, errors.UnsupportedVersionError, errors.ClusterAuthorizationFailedError):
                # what Kafka then gets twice has one time of arrival: the store keeps it once
                await producer.stop()
                if not idempotent:
                    raise
                continue
            self._producer = producer
            return

    async def _send(self, batch: list[Record | Message | Rejected]) -> None:
        sent = [
            await self._producer.send(self._topic, _value(one), _key(one), headers=_headers(one)) for one in batch
        ]
        await asyncio.gather(*sent)


def _value(one: Record | Message | Rejected) -> bytes:
    return one.payload if isinstance(one, Rejected) else (one.body or "").encode()


def _key(one: Record | Message | Rejected) -> bytes:
    return "/".join(one.topic.split("/")[2:4]).encode()


def _headers(one: Record | Message | Rejected) -> list[tuple[str, bytes]]:
    arrived = one.received.replace(tzinfo=UTC)
    micros = int(arrived.timestamp()) * 10**6 + arrived.microsecond
    headers = [(TOPIC, one.topic.encode("utf-8", "backslashreplace")), (RECEIVED, str(micros).encode())]
    for name, mark in ((RETAINED, "retained"), (REPEATED, "repeated")):
        if getattr(one, mark, False):
            headers.append((name, b"1"))
    return headers
