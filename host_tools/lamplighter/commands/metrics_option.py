"""The option --metrics of verbs that run for long: their counts for Prometheus."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import click

from .. import screen
from ..telemetry import metrics
from ..web.listen_address import ListenAddress

metrics_option = click.option(
    "--metrics", "listen", type=ListenAddress(metrics.PORT), metavar="ADDRESS[:PORT]",
    help=f"Serve the counts to Prometheus, for example on 127.0.0.1:{metrics.PORT}.",
)  # fmt: skip


@contextlib.contextmanager
def serving_metrics(listen: tuple[str, int] | None, read: metrics.Metrics) -> Iterator[None]:
    """Nothing without an address."""
    if listen is None:
        yield
        return
    with metrics.endpoint(listen, read) as address:
        screen.note(f"Metrics: {address}")
        yield
