"""The days that a report covers, in the time zone of the city."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

HOUR = timedelta(hours=1)


def literal(moment: datetime) -> str:
    """UTC without zone, as SQL has it."""
    return f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}'"


@dataclass(frozen=True)
class Period:
    """Whole days from `first` to `last`, both included, of a time zone."""

    first: date
    last: date
    zone: zoneinfo.ZoneInfo

    @property
    def begin(self) -> datetime:
        """UTC without zone, as the store has all its times."""
        return self._midnight(self.first)

    @property
    def end(self) -> datetime:
        return self._midnight(self.last + timedelta(days=1))

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]

    @property
    def hours(self) -> int:
        return round((self.end - self.begin) / HOUR)

    @property
    def words(self) -> str:
        days = f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"
        return f"{days}, days of {self.zone.key}"

    def local(self, moment: datetime) -> datetime:
        """The local time of UTC without zone; without zone."""
        return moment.replace(tzinfo=UTC).astimezone(self.zone).replace(tzinfo=None)

    def local_sql(self, expression: str) -> str:
        """SQL for the local time of a UTC time in the period. Databases differ in their zones, so it has none."""
        changes = self._changes()
        cases = "".join(
            f" WHEN {expression} < {literal(end)} THEN INTERVAL '{minutes} minutes'" for end, minutes in changes[:-1]
        )
        last = f"INTERVAL '{changes[-1][1]} minutes'"
        return f"({expression} + {f'CASE{cases} ELSE {last} END' if cases else last})"

    def _changes(self) -> list[tuple[datetime, int]]:
        """[(end in UTC, offset in minutes)] of the stretches of one offset from UTC."""
        found: list[tuple[datetime, int]] = []
        moment = self.begin
        while moment < self.end:
            minutes = round((self.local(moment) - moment) / timedelta(minutes=1))
            moment += HOUR
            if found and found[-1][1] == minutes:
                found.pop()
            found.append((moment, minutes))
        return found

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone).astimezone(UTC).replace(tzinfo=None)
