"""The time by which certificates, their index and signed records are judged: one place to set it in a test."""

import datetime


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
