"""Messages from a topic of Kafka, read by a consumer group whose offsets are committed after the database."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ...problems import SourceUnusable
from ...telemetry.subscriber import Connection
from ..extra import needed
from .background_source import BackgroundSource
from .delivery import Delivery
from .kafka_link import RECEIVED, REPEATED, RETAINED, TIMEOUT_S, TOPIC, KafkaAccess, words

MOST_TAKEN = 20_000  # of this store: two batches
AT_ONCE = 2_000
ASK_EVERY_S = 3.0  # whether Kafka answers
ANSWER_S = 5.0
_DIED_MS = 10_000  # without a heartbeat: the store is gone, and others get its partitions


@dataclass(frozen=True)
class KafkaDelivery(Delivery):
    """key -- partition and offset"""

    key: tuple[int, int]


class KafkaTopic(BackgroundSource):
    """group -- the same for all stores of one database: Kafka divides the topic's partitions among them."""

    def __init__(self, access: KafkaAccess, group: str, topic: str, note: Callable[[str], None]) -> None:
        self._aiokafka = needed("aiokafka", "kafka")
        super().__init__()
        self._access, self._group, self._topic, self._note = access, group, topic, note
        self.where = f"the topic {topic} of {access.where}"
        # the rest belongs to the loop's thread
        self._consumer: Any = None
        self._taken: set[tuple[int, int]] = set()

    def start(self) -> None:
        if self._topic not in self._background.run(self._access.topics()):
            raise SourceUnusable(
                f"{self._access.where} has no topic {self._topic}.",
                "Create it with as many partitions as there may be stores; docs/integrate/scale.md has its settings.",
            )
        self._background.run(self._open())
        self._work = self._background.start(self._serve())

    def close(self) -> None:
        if self._work:
            self._work.cancel()
        if self._consumer:
            with contextlib.suppress(TimeoutError):
                self._background.run(self._consumer.stop(), TIMEOUT_S)
        self._background.close()

    # the rest runs in the loop's thread

    async def _open(self) -> None:
        self._consumer = self._aiokafka.AIOKafkaConsumer(
            self._topic, group_id=self._group, enable_auto_commit=False, auto_offset_reset="earliest",
            session_timeout_ms=_DIED_MS, **self._access.options(),
        )  # fmt: skip
        await self._consumer.start()

    async def _serve(self) -> None:
        await asyncio.gather(self._read(), self._watch())

    async def _watch(self) -> None:
        """Tell when Kafka does not answer any more, and when it does again: the library retries without a word."""
        up = True
        while True:
            await asyncio.sleep(ASK_EVERY_S)
            numbers = self._consumer.partitions_for_topic(self._topic) or ()
            partitions = [self._aiokafka.TopicPartition(self._topic, number) for number in numbers]
            reason = ""
            try:
                # by the leader of each
                await asyncio.wait_for(self._consumer.end_offsets(partitions), ANSWER_S)
            except TimeoutError:
                reason = f"{self._access.where} does not answer for all partitions within {ANSWER_S:g} s"
            except self._aiokafka.errors.KafkaError as wrong:
                reason = words(wrong)
            if up == bool(reason):
                up = not reason
                self._arrived.put(Connection(up, reason))

    async def _read(self) -> None:
        told = ""
        while True:
            full = len(self._taken) >= MOST_TAKEN
            # it must go on asking, also while the database is away: else Kafka takes it for dead
            (self._consumer.pause if full else self._consumer.resume)(*self._consumer.assignment())
            try:
                arrived = await self._consumer.getmany(timeout_ms=500, max_records=AT_ONCE)
            except self._aiokafka.errors.KafkaError as wrong:
                if words(wrong) != told:
                    told = words(wrong)
                    self._note(f"Waiting for {self.where}: {told}.")
                await asyncio.sleep(1)
                continue
            for records in arrived.values():
                for record in records:
                    self._take(record)

    def _take(self, record: Any) -> None:
        key = record.partition, record.offset
        if key in self._taken:
            return  # read again after the partition was another store's for a moment
        self._taken.add(key)
        headers = dict(record.headers)
        topic = headers.get(TOPIC) or record.key or b""
        self._arrived.put(
            KafkaDelivery(
                topic.decode("utf-8", "backslashreplace"), record.value or b"", RETAINED in headers, 1,
                REPEATED in headers, _received(headers.get(RECEIVED), record.timestamp), key,
            )
        )  # fmt: skip

    async def _acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """A batch has all of a partition up to its last offset: they are read and committed in their order."""
        offsets: dict[Any, int] = {}
        for one in deliveries:
            assert isinstance(one, KafkaDelivery)
            self._taken.discard(one.key)
            partition, offset = one.key
            offsets[self._aiokafka.TopicPartition(self._topic, partition)] = offset + 1
        for partition, offset in offsets.items():
            # a partition that is another store's now is read again there
            with contextlib.suppress(self._aiokafka.errors.KafkaError):
                await self._consumer.commit({partition: offset})


def _received(header: bytes | None, timestamp_ms: int) -> datetime | None:
    """The bridge's time of arrival, else Kafka's; None for one that no calendar has."""
    micros = int(header) if header and header.isdigit() and len(header) < 18 else timestamp_ms * 1000
    try:
        return datetime.fromtimestamp(micros // 10**6, UTC).replace(tzinfo=None, microsecond=micros % 10**6)
    except (ValueError, OverflowError, OSError):
        return None
